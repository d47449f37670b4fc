"""tar archives: POSIX ustar and pax (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html), the older
format without a magic, and GNU's long names and sizes (https://www.gnu.org/software/tar/manual/html_node/Standard.html).

The first header's checksum says that a value is one.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._archive import Members
from leaktap.decoders._inflate import outlet

_TYPES = ("application/x-tar", "application/tar")
_BLOCK = 512
_SHAPE = re.compile(rb"(?s)[^\0].{99}[0-7 \0]{24}[0-7 \0\x80].{23}[0-7 \0]{8}")
_NAME, _SIZE, _CHECKSUM, _KIND, _LINK, _MAGIC = (
    slice(0, 100), slice(124, 136), slice(148, 156), slice(156, 157), slice(157, 257), slice(257, 262)
)  # fmt: skip
_PREFIX = slice(345, 500)
_LONG_NAME, _LONG_LINK, _OF_NEXT, _OF_ALL = b"L", b"K", b"x", b"g"
_FILES = (b"0", b"\0", b"7", b"S")
_MOST_DIGITS = 20
_RECORD = re.compile(rb"\d+ ([^=\n]+)=(.*)")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the members' content by their names."""
    if not _is_header(data[:_BLOCK]):
        return None
    members, clock = Members(context), outlet(context)
    at, said = 0, dict[bytes, bytes]()
    while at < len(data):
        head = data[at : at + _BLOCK]
        if not head.strip(b"\0"):
            break
        if clock.spent:
            raise LimitReached(clock.spent, members.parts)
        if not _is_header(head):
            members.problem(f"no header at byte {at}")
            break
        kind, begin = head[_KIND], at + _BLOCK
        size = _size(head, said)
        content = data[begin : begin + size]
        at = begin + (size + _BLOCK - 1) // _BLOCK * _BLOCK
        if len(content) < size:
            members.problem("it is cut off")
        if kind in (_LONG_NAME, _LONG_LINK):
            said[b"path" if kind == _LONG_NAME else b"linkpath"] = content.rstrip(b"\0")
            continue
        if kind in (_OF_NEXT, _OF_ALL):
            said |= dict(_RECORD.findall(content))
            continue
        path, keys = members.name(said.get(b"path") or _name(head))
        if kind in _FILES:
            members.add(Part(content, path, keys))
        else:
            members.add(Part(said.get(b"linkpath") or _text(head[_LINK]), f"{path}#link", keys))
        said = {}
    if members.problems:
        raise DecodeError("; ".join(members.problems), members.parts)
    return members.parts


def _is_header(head: bytes) -> bool:
    """Tells whether the checksum is right: the sum of all bytes, its own taken as spaces."""
    if len(head) < _BLOCK:
        return False
    return _octal(head[_CHECKSUM]) == sum(head) - sum(head[_CHECKSUM]) + 8 * 0x20


def _size(head: bytes, said: dict[bytes, bytes]) -> int:
    """Returns the size of the content: pax says it in decimal, others in octal digits or, after a set bit, in bytes."""
    of_pax, field = said.get(b"size", b""), head[_SIZE]
    if of_pax.isdigit() and len(of_pax) < _MOST_DIGITS:
        return int(of_pax)
    return int.from_bytes(field[1:]) if field[:1] == b"\x80" else max(_octal(field), 0)


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else -1


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _name(head: bytes) -> bytes:
    prefix = _text(head[_PREFIX]) if head[_MAGIC] == b"ustar" else b""
    return (prefix + b"/" if prefix else b"") + _text(head[_NAME])


DECODER = Decoder(
    "tar", decode, rank=21, certain=True, minimum=_BLOCK, binary=True, shape=_SHAPE, types=_TYPES, strain=0
)
