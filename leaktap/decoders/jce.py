"""JCE, the serialisation of Tars (https://doc.tarsyun.com/#/base/tars-protocol.md): a struct, or a request packet.

A field's head has its tag and its type; tags ascend. Fields are `.1.3[0]`, those of a RequestPacket have their names
(`.sServantName`; its buffer is bytes that are decoded in turn). A map's keys are members' names. A length of four
bytes, which counts itself, may stand before. Texts may be in GBK. It has no magic: unsaid, a struct is believed where
it reads to the very end and holds readable text, or several numbers that are small for the bytes that they take.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._plain import is_text
from leaktap.decoders._reading import DEEPEST, OF_USUAL, SURELY_READABLE, Broken, Reading, TooDeep, is_usual

_TYPES = ("application/jce", "application/x-jce", "application/tars", "application/x-tars", "application/x-wup")
_INTEGERS = {0: 1, 1: 2, 2: 4, 3: 8}
_FLOAT, _DOUBLE, _SHORT_TEXT, _LONG_TEXT, _MAP, _LIST, _BEGIN, _END, _ZERO, _BYTES = range(4, 14)
_MORE, _OF_NEXT, _OF_BYTES = 15, 5, 14
_MOST_SIGNS = 4
"""For how many bits a text counts: each of its signs is one of a third of all bytes."""

_LENGTH = 4
_SIZES = {**_INTEGERS, _FLOAT: 4, _DOUBLE: 8, _ZERO: 0}

_SMALL = rb"(?:\xXc|\xX0.|\xX1..|\xX2.{4})"
_PACKET = re.compile(
    rb"\x10[\x01-\x03]" + b"".join(_SMALL.replace(b"X", digit) for digit in (b"2", b"3", b"4")) + rb"[\x56\x57]",
    re.DOTALL,
)
"""A RequestPacket's first fields: the version, three numbers, and a text."""

_PACKET_FIELDS = (
    *("", "iVersion", "cPacketType", "iMessageType", "iRequestId", "sServantName", "sFuncName"),
    *("sBuffer", "iTimeout", "context", "status"),
)
_CHARSET = (("charset", "gb18030"),)


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the fields."""
    strictly = context.content_type not in _TYPES
    if strictly and not _begins(data):
        return None
    reading = _Reading(data, context, strictly)
    return reading.outcome(reading.packet)


def _begins(data: bytes) -> bool:
    """Tells quickly whether a struct may begin so: behind a first field, if its size is known, a later one's head."""
    tag, kind = data[0] >> 4, data[0] & 0x0F
    size = data[1] + 1 if kind == _SHORT_TEXT else _SIZES.get(kind)
    if size is None or tag == _MORE or int.from_bytes(data[:_LENGTH]) == len(data):
        return True
    if size + 1 >= len(data):
        return size + 1 == len(data)
    after, follows = data[size + 1] >> 4, data[size + 1] & 0x0F
    return after > tag and follows <= _BYTES and follows != _END


@dataclass(slots=True)
class _Reading(Reading):
    def packet(self) -> None:
        """Reads the length, if there is one, and the fields."""
        if int.from_bytes(self.data[:_LENGTH]) == len(self.data):
            self.at = _LENGTH
        if _PACKET.match(self.data, self.at):
            self.readable = SURELY_READABLE
            self.fields("", (), 0, _PACKET_FIELDS)
        else:
            self.fields("", (), 0)

    def fields(self, path: str, keys: tuple[str, ...], depth: int, names: Sequence[str] = ()) -> None:
        """Reads fields up to the end of the struct, or of everything where `depth` is 0."""
        if depth > DEEPEST:
            raise TooDeep
        before = -1
        while depth or self.left:
            tag, kind = self.head()
            if kind == _END and depth:
                return
            if tag <= before and self.strictly:
                raise Broken(f"field {tag} follows field {before}, before byte {self.at}")
            self.proof += _OF_NEXT if tag == before + 1 else 0
            before = tag
            name = names[tag] if tag < len(names) else str(tag)
            self.value(kind, f"{path}.{name}", (*keys, name), depth)

    def head(self) -> tuple[int, int]:
        """Reads a field's head; returns tag and type."""
        head = self.byte()
        tag = head >> 4
        return self.byte() if tag == _MORE else tag, head & 0x0F

    def value(self, kind: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a value."""
        if kind in _INTEGERS:
            whole = self.integer(_INTEGERS[kind], signed=True)
            self.number(whole, path, keys)
            self.spare(whole, _INTEGERS[kind])
        elif kind in (_SHORT_TEXT, _LONG_TEXT):
            raw = self.string(kind)
            self.text(raw, path, keys, self.charset(raw))
            self.proof += min(len(raw), _MOST_SIGNS) if is_text(raw) else 0
        elif kind == _ZERO:
            self.number(0, path, keys)
        elif kind in (_FLOAT, _DOUBLE):
            number = self.real(4 if kind == _FLOAT else 8, "big", path, keys)
            self.proof += OF_USUAL if kind == _DOUBLE and is_usual(number) else 0
        elif kind == _BEGIN:
            self.fields(path, keys, depth + 1)
        elif kind == _BYTES:
            if self.byte():
                raise Broken(f"no bytes before byte {self.at}")
            self.blob(self.take(self.count()), path, keys)
            self.proof += _OF_BYTES
        elif kind == _LIST:
            for index in range(self.checked(self.count(), depth)):
                self.value(self.inner(0), f"{path}[{index}]", keys, depth + 1)
        elif kind == _MAP:
            for _ in range(self.checked(self.count() * 2, depth) // 2):
                here = self.name(self.key(), path, keys)
                self.value(self.inner(1), *here, depth + 1)
        else:
            raise Broken(f"no type {kind} is known, before byte {self.at}")

    def inner(self, tag: int) -> int:
        """Reads the head of a value inside a list or map, which has this tag; returns its type."""
        found, kind = self.head()
        if found != tag:
            raise Broken(f"a value has the tag {found} before byte {self.at}")
        return kind

    def count(self) -> int:
        """Reads how many there are: a field of its own."""
        kind = self.inner(0)
        if kind == _ZERO:
            return 0
        if kind not in _INTEGERS:
            raise Broken(f"no count before byte {self.at}")
        return self.integer(_INTEGERS[kind], signed=True)

    def checked(self, count: int, depth: int) -> int:
        """Refuses what cannot be: each value takes a byte."""
        if not 0 <= count <= self.left:
            raise Broken(f"{count} values are said to follow at byte {self.at}, but there are {self.left} bytes")
        if depth >= DEEPEST:
            raise TooDeep
        return count

    def key(self) -> bytes:
        """Reads the key of a map's member."""
        kind = self.inner(0)
        if kind in (_SHORT_TEXT, _LONG_TEXT):
            return self.string(kind)
        if kind in _INTEGERS or kind == _ZERO:
            return b"%d" % (self.integer(_INTEGERS[kind], signed=True) if kind != _ZERO else 0)
        raise Broken(f"no name of a member before byte {self.at}")

    def string(self, kind: int) -> bytes:
        """Reads a text's bytes."""
        return self.take(self.integer(1 if kind == _SHORT_TEXT else 4))

    def charset(self, raw: bytes) -> Context | None:
        """Returns what a text is in, if it is in GBK."""
        if is_text(raw):
            return None
        try:
            if not is_text(raw.decode("gb18030").encode()):
                return None
        except UnicodeDecodeError:
            return None
        return self.context._replace(content_type="text/plain", parameters=_CHARSET, encoding=())


_STARTS = bytes(head for head in range(256) if head & 0x0F <= _BYTES and head & 0x0F != _END)

DECODER = Decoder("jce", decode, rank=34, minimum=6, starts=_STARTS, binary=True, types=_TYPES)
