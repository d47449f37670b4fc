"""Thrift, binary and compact: a message of a call, with the new or the old header, framed or not, or a bare struct.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md and thrift-compact-protocol.md there.
Fields have numbers only: `.1.3[0]`; what belongs to a call is below its name (`.report.1`). A map's keys are members'
names. Unsaid, a struct is believed where its field numbers are sane, it reads to the very end and holds readable text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._plain import is_text
from leaktap.decoders._reading import DEEPEST, OF_USUAL, Broken, Order, Reading, TooDeep, either, is_usual

_TYPES = ("application/x-thrift", "application/vnd.apache.thrift.*")
_STRICT, _COMPACT = b"\x80\x01", b"\x82"
_VERSION, _FRAME = 1, 4
_CALLS = (1, 2, 3, 4)
"""Call, reply, exception, one-way call."""

_LARGEST, _LARGEST_SANE = 0x7FFF, 1000
"""Field numbers: what there is room for, and what a person writes. Those of fields without one were negative."""

_LONGEST_CALL = 128
_OF_CHANCE = 1.5
"""Bits of a number's length that say nothing, for any other would do as well."""

_STOP = 0
_BOOL, _BYTE, _DOUBLE, _I16, _I32, _I64, _STRING, _STRUCT, _MAP, _SET, _LIST, _UUID = 2, 3, 4, 6, 8, 10, *range(11, 17)
_INTEGERS = {_BYTE: 1, _I16: 2, _I32: 4, _I64: 8}
_KINDS = (_BOOL, *_INTEGERS, *range(_STRING, _UUID + 1), _DOUBLE)

_IN_COMPACT = dict(enumerate((_BOOL, _BOOL, _BYTE, _I16, _I32, _I64, _DOUBLE, _STRING, _LIST, _SET, _MAP, _STRUCT), 1))
_IN_COMPACT[13] = _UUID
"""The types of the compact protocol as those of the binary one (of booleans, the type is the value)."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the struct."""
    told = "thrift" in context.content_type
    if not told and data[-1] != _STOP:
        return None
    protocols = (_Compact, _Binary) if data[:1] == _COMPACT else (_Binary, _Compact)
    readings = [
        protocol(data, context, not told, largest=largest)
        for largest in ((_LARGEST_SANE, _LARGEST) if told else (_LARGEST_SANE,))
        for protocol in protocols
    ]
    return either(*(partial(reading.outcome, reading.message) for reading in readings))


@dataclass(slots=True)
class _Binary(Reading):
    """Reads the binary protocol; `_Compact` says what is written otherwise. `largest` is the highest field number.

    Each protocol's bytes may pass for the other's, but then with numbers that nobody gives. A field proves `of_field`
    bits, or `of_next` if its number is the next one, and the end `of_end` where nothing follows. Where all numbers of
    fields are `in_order`, how long numbers are and of what size says more: `of_numbers`.
    """

    largest: int = _LARGEST_SANE
    of_field: int = 10
    of_next: int = 12
    of_end: int = 0
    of_numbers: float = 0
    in_order: bool = True

    def message(self) -> None:
        """Reads a frame's length and a call's header, where there are such, and the struct."""
        if self.left > _FRAME and int.from_bytes(self.data[:_FRAME]) == len(self.data) - _FRAME:
            self.at = _FRAME
        begin = self.at
        try:
            path, keys = self.name(self.call(), "", ())
        except Broken:
            self.at, self.readable, path, keys = begin, 0, "", ()
        self.struct(path, keys, 0)
        if self.left:
            raise Broken(f"the struct ends at byte {self.at}")
        self.proof += self.of_end + (self.of_numbers if self.in_order else 0)

    def call(self) -> bytes:
        """Reads a call's header and returns its name."""
        if self.data[self.at : self.at + 2] == _STRICT:
            kind = self.integer(4) & 0xFF
            name = self.take(self.integer(4))
        else:
            name = self.take(self.integer(4))
            kind = self.byte()
        self.take(4)
        return self.checked(kind, name)

    def checked(self, kind: int, name: bytes) -> bytes:
        """Refuses what is no call."""
        if kind not in _CALLS or not 0 < len(name) <= _LONGEST_CALL or not is_text(name):
            raise Broken(f"no call before byte {self.at}")
        return name

    def struct(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads fields up to the end of a struct."""
        if depth > DEEPEST:
            raise TooDeep
        number = 0
        while (head := self.field(number)) is not None:
            (kind, number, skipped), before = head, number
            if not 0 < number <= self.largest:
                raise Broken(f"no field has the number {number}, before byte {self.at}")
            follows = number == before + 1
            self.proof += self.of_next if follows else self.of_field
            self.in_order = self.in_order and follows
            if not skipped:
                self.value(kind, f"{path}.{number}", (*keys, str(number)), depth)

    def field(self, before: int) -> tuple[int, int, bool] | None:
        """Reads a field's head; returns its type, number, and whether that was all. None at the end of a struct."""
        kind = self.byte()
        if kind == _STOP:
            return None
        return self.known(kind), self.integer(2, signed=True), False

    def known(self, kind: int) -> int:
        """Refuses types that do not exist."""
        if kind not in _KINDS:
            raise Broken(f"no type {kind} is known, before byte {self.at}")
        return kind

    def value(self, kind: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a value."""
        if kind == _STRING:
            self.blob(self.string(), path, keys)
        elif kind in _INTEGERS:
            self.number(self.whole(_INTEGERS[kind]), path, keys)
        elif kind == _DOUBLE:
            self.double(path, keys)
        elif kind == _STRUCT:
            self.struct(path, keys, depth + 1)
        elif kind == _MAP:
            key, item, count = self.map()
            self.check(count, depth)
            for _ in range(count):
                self.value(item, *self.name(self.key(key), path, keys), depth + 1)
        elif kind in (_SET, _LIST):
            item, count = self.list()
            self.check(count, depth)
            for index in range(count):
                self.value(item, f"{path}[{index}]", keys, depth + 1)
        elif kind == _UUID:
            self.blob(self.take(16), path, keys)
        elif self.byte() > 2:
            raise Broken(f"no boolean before byte {self.at}")

    def check(self, count: int, depth: int) -> None:
        """Refuses what cannot be: each value takes a byte."""
        if not 0 <= count <= self.left:
            raise Broken(f"{count} values are said to follow at byte {self.at}, but there are {self.left} bytes")
        if depth >= DEEPEST:
            raise TooDeep

    def key(self, kind: int) -> bytes:
        """Reads the key of a map's member."""
        if kind == _STRING:
            return self.string()
        if kind in _INTEGERS:
            return b"%d" % self.whole(_INTEGERS[kind])
        raise Broken(f"no name of a member at byte {self.at}")

    def whole(self, size: int) -> int:
        """Reads a whole number of `size` bytes."""
        return self.integer(size, signed=True)

    def string(self) -> bytes:
        """Reads a text or bytes: the format does not say which."""
        raw = self.take(self.integer(4, signed=True))
        self.proof += 32 - len(self.data).bit_length()
        return raw

    def double(self, path: str, keys: tuple[str, ...]) -> None:
        """Reads a floating-point number."""
        self.sane("big", path, keys)

    def sane(self, order: Order, path: str, keys: tuple[str, ...]) -> None:
        """Reads a floating-point number, which proves something if it is one of a size that people use."""
        self.of_numbers += OF_USUAL if is_usual(self.real(8, order, path, keys)) else 0

    def map(self) -> tuple[int, int, int]:
        """Reads a map's head: types of keys and values, and how many."""
        key, item, count = self.byte(), self.byte(), self.integer(4, signed=True)
        return (self.known(key), self.known(item), count) if count else (0, 0, 0)

    def list(self) -> tuple[int, int]:
        """Reads the head of a list or set: type and number of elements."""
        return self.known(self.byte()), self.integer(4, signed=True)


@dataclass(slots=True)
class _Compact(_Binary):
    """What the compact protocol writes otherwise."""

    of_field: int = 2
    of_next: int = 5
    of_end: int = 8

    def call(self) -> bytes:
        """Reads a call's header and returns its name."""
        if self.take(1) != _COMPACT:
            raise Broken("no call")
        head = self.byte()
        self.varint()
        name = self.take(self.varint())
        if head & 0x1F != _VERSION:
            raise Broken("no call of this version")
        return self.checked(head >> 5, name)

    def field(self, before: int) -> tuple[int, int, bool] | None:
        """Reads a field's head, in which a boolean's value lies."""
        head = self.byte()
        if head == _STOP:
            return None
        kind = self.compact(head & 0x0F)
        return kind, before + (head >> 4) if head >> 4 else self.zigzag(), kind == _BOOL

    def compact(self, kind: int) -> int:
        """Returns the binary protocol's type."""
        if kind not in _IN_COMPACT:
            raise Broken(f"no type {kind} is known, before byte {self.at}")
        return _IN_COMPACT[kind]

    def whole(self, size: int) -> int:
        """Reads a whole number. The longer it is, the less it ends by chance where another field begins."""
        if size == 1:
            return self.integer(1, signed=True)
        begin, number = self.at, self.zigzag()
        self.of_numbers += max(self.at - begin - _OF_CHANCE, 0)
        return number

    def string(self) -> bytes:
        """Reads a text or bytes."""
        raw = self.take(self.varint())
        self.proof += max(8 - self.left.bit_length(), 0)
        return raw

    def double(self, path: str, keys: tuple[str, ...]) -> None:
        """Reads a floating-point number."""
        self.sane("little", path, keys)

    def map(self) -> tuple[int, int, int]:
        """Reads a map's head."""
        count = self.varint()
        if not count:
            return 0, 0, 0
        kinds = self.byte()
        return self.compact(kinds >> 4), self.compact(kinds & 0x0F), count

    def list(self) -> tuple[int, int]:
        """Reads the head of a list or set."""
        head = self.byte()
        return self.compact(head & 0x0F), self.varint() if head >> 4 == 0x0F else head >> 4


DECODER = Decoder("thrift", decode, rank=33, minimum=8, binary=True, types=_TYPES)
