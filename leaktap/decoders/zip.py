"""ZIP archives (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), read from front to back by their local
headers (section 4.3.7), so that members cannot overlap and none is hidden from the directory at the end.

Stored and deflated members are undone; what bzip2, LZMA, zstd and xz made is a part that begins as those formats do.
Encrypted members are said, and the rest is read. Checksums are not looked at: what can be read counts.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._archive import Members
from leaktap.decoders._inflate import FULL, LATE, Outlet, deflate_stream, expand

_TYPES = ("application/zip", "application/x-zip-compressed", "application/java-archive")
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_SHAPE = re.compile(rb"PK\x03\x04")
_NEXT = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x07\x08)")
_HEAD, _TAIL = 30, 22
_ENCRYPTED, _MARKED_END, _DESCRIPTOR = 0x0001, 0x0002, 0x0008
_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD, _XZ = 0, 8, 12, 14, 93, 95
_LARGE, _ZIP64 = 0xFFFFFFFF, 0x0001
_DESCRIPTORS = (16, 12, 24, 20)
"""Sizes of a data descriptor: with and without signature, of 32 and 64 bits (section 4.3.9)."""


class _Entry(NamedTuple):
    """A local header; `size` is that of the packed content, or -1 where only what follows it says so."""

    name: bytes
    flags: int
    method: int
    begin: int
    size: int
    unpacked: int


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the members' content by their names, and the archive's comment as `.comment`."""
    if not data.startswith(_LOCAL):
        return None
    members, at = Members(context), 0
    while data.startswith(_LOCAL, at):
        entry = _entry(data, at)
        if entry.begin > len(data):
            members.problem("it is cut off")
            break
        path, keys = members.name(entry.name)
        at = _member(data, entry, Part(b"", path, keys), members, context.deadline)
    tail = data.rfind(_END)
    if tail >= 0:
        members.add(Part(data[tail + _TAIL :], ".comment"))
    elif not members.problems:
        members.problem(f"no member and no directory at byte {at}")
    if members.problems:
        raise DecodeError("; ".join(members.problems), members.parts)
    return members.parts


def _entry(data: bytes, at: int) -> _Entry:
    """Reads the local header at an offset."""
    head = data[at : at + _HEAD].ljust(_HEAD, b"\xff")
    flags, method, packed, unpacked, name_size, extra_size = (
        int.from_bytes(head[begin:end], "little")
        for begin, end in ((6, 8), (8, 10), (18, 22), (22, 26), (26, 28), (28, 30))
    )
    extra_at = at + _HEAD + name_size
    begin = extra_at + extra_size
    if packed == _LARGE:
        unpacked, packed = _of_zip64(data[extra_at:begin])
    if flags & _DESCRIPTOR and not packed:
        packed = -1
    return _Entry(data[at + _HEAD : extra_at], flags, method, begin, packed, unpacked)


def _of_zip64(extra: bytes) -> tuple[int, int]:
    """Returns the sizes after and before packing from the field that holds what 32 bits do not (section 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        size = int.from_bytes(extra[at + 2 : at + 4], "little")
        if int.from_bytes(extra[at : at + 2], "little") == _ZIP64 and size >= 16:
            field = extra[at + 4 : at + 20]
            return int.from_bytes(field[:8], "little"), int.from_bytes(field[8:], "little")
        at += 4 + size
    return _LARGE, _LARGE


def _member(data: bytes, entry: _Entry, blank: Part, members: Members, deadline: float) -> int:
    """Lists a member's content; returns the offset after it."""
    out = Outlet(members.room, deadline)
    if out.spent:
        raise LimitReached(out.spent, members.parts)
    known = entry.size >= 0
    if entry.flags & _ENCRYPTED or entry.method not in (_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD, _XZ):
        why = "is encrypted" if entry.flags & _ENCRYPTED else f"is packed by method {entry.method}, which is not read"
        members.problem(f"{blank.path[1:]} {why}")
    elif entry.method == _DEFLATED:
        stream = data[entry.begin : entry.begin + entry.size] if known else data
        end = expand(deflate_stream, stream, out, 0 if known else entry.begin)
        members.add(blank._replace(value=out.value()))
        if end.problem in (FULL, LATE):
            raise LimitReached(end.problem, members.parts)
        if end.problem:
            members.problem(f"{blank.path[1:]}: {end.problem}")
        elif not known:
            return _after_descriptor(data, end.used)
    else:
        end_at = entry.begin + entry.size if known else _end_of_stored(data, entry.begin)
        members.add(blank._replace(value=_unlabelled(data[entry.begin : end_at], entry)))
    end_at = entry.begin + entry.size if known else _end_of_stored(data, entry.begin)
    if end_at > len(data):
        members.problem(f"{blank.path[1:]} is cut off")
    return end_at if known else _after_descriptor(data, end_at)


def _unlabelled(packed: bytes, entry: _Entry) -> bytes:
    """Returns packed content as its own format has it: LZMA's header is another (section 5.8.8)."""
    if entry.method != _LZMA:
        return packed
    size = b"\xff" * 8 if entry.flags & _MARKED_END else entry.unpacked.to_bytes(8, "little")
    return packed[4:9] + size + packed[9:]


def _end_of_stored(data: bytes, begin: int) -> int:
    """Returns where content ends that nothing but the descriptor behind it tells the size of."""
    for seen in _NEXT.finditer(data, begin):
        at = seen.start()
        if seen[0].endswith(b"\x08"):
            if int.from_bytes(data[at + 8 : at + 12], "little") == at - begin:
                return at
        elif int.from_bytes(data[at - 8 : at - 4], "little") == at - 12 - begin:
            return at - 12
    return len(data)


def _after_descriptor(data: bytes, at: int) -> int:
    """Returns where the next header is behind the descriptor at an offset."""
    for size in _DESCRIPTORS:
        if data.startswith((_LOCAL, _CENTRAL), at + size):
            return at + size
    return at


DECODER = Decoder(
    "zip", decode, rank=19, certain=True, minimum=_HEAD, starts=b"P", shape=_SHAPE, types=_TYPES, strain=0
)
