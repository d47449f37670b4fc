"""AMF0 and AMF3, what Flash and its remoting servers send: a packet, or values in a row.

Adobe, "Action Message Format -- AMF 0" (2007), sections 2 and 4, and "Action Message Format -- AMF 3" (2013), section
3. Of a packet the messages are `.targetURI`; a value is `.$` with `.name` and `[index]`. Objects that are referred to
again are not listed again. Unsaid, values are believed where they begin with an object or a command's name, read to the
very end and hold readable text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep, either

_TYPES = ("application/x-amf", "application/amf")
_VERSIONS = (b"\0\0", b"\0\3")
_MOST_MESSAGES = 100
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF)

_NUMBER, _BOOLEAN, _STRING, _OBJECT, _CLIP, _NULL, _UNDEFINED, _REFERENCE, _MAP, _END, _ARRAY, _DATE = range(12)
_LONG_STRING, _UNSUPPORTED, _RECORDSET, _XML, _TYPED, _AMF3 = range(12, 18)
_BEGIN = bytes((_STRING, _OBJECT, _MAP, _ARRAY, _TYPED, _AMF3))
_NOTHING = (_NULL, _UNDEFINED, _UNSUPPORTED)

_INTEGER3, _DOUBLE3, _STRING3, _DOCUMENT3, _DATE3, _ARRAY3, _OBJECT3, _XML3, _BYTES3 = range(4, 13)
_INTS3, _UINTS3, _DOUBLES3, _OBJECTS3, _MAP3 = range(13, 18)
_LARGEST_NOTHING = 3
_BEGIN3 = bytes((_ARRAY3, _OBJECT3, _MAP3))
_OF_ONE_VALUE = (b"flex.messaging.io.ArrayCollection", b"flex.messaging.io.ObjectProxy")
"""Classes that write themselves, and write one value."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the values."""
    strictly = context.content_type not in _TYPES
    reading = _Reading(data, context, strictly)
    if data.startswith(_VERSIONS):
        return reading.outcome(reading.packet)
    if not data[0]:
        return None
    begin = b"" if data[0] == _STRING or not strictly else _BEGIN
    third = _Reading(data, context, strictly)
    return either(
        lambda: reading.outcome(lambda: reading.each(reading.root, begin)),
        lambda: third.outcome(lambda: third.each(third.root3, _BEGIN3 if strictly else b"")),
    )


@dataclass(slots=True)
class _Traits:
    """What the objects of a class have in common."""

    names: tuple[bytes, ...]
    is_dynamic: bool
    class_name: bytes = b""
    writes_itself: bool = False


@dataclass(slots=True)
class _Reading(Reading):
    strings: list[bytes] = field(default_factory=list)
    traits: list[_Traits] = field(default_factory=list)

    def packet(self) -> None:
        """Reads headers and messages."""
        self.take(2)
        for _ in range(self.count()):
            name = self.short()
            self.byte()
            self.body(name)
        for _ in range(self.count()):
            target = self.short()
            self.short()
            self.body(target)
        if self.left:
            raise Broken(f"the packet ends at byte {self.at}")

    def count(self) -> int:
        """Reads how many headers or messages there are."""
        count = self.integer(2)
        if count > _MOST_MESSAGES:
            raise Broken(f"{count} messages are said to follow at byte {self.at}")
        return count

    def body(self, name: bytes) -> None:
        """Reads the length and the value of a header or message."""
        size, begin = self.integer(4), self.at
        path, keys = self.name(name, "", ())
        self.strings.clear()
        self.traits.clear()
        self.value(path, keys, 0)
        if self.strictly and size not in _UNKNOWN_LENGTHS and self.at != begin + size:
            raise Broken(f"{size} bytes at byte {begin} end at byte {self.at}")

    def root(self, path: str) -> None:
        """Reads a value that stands alone."""
        self.value(path, (), 0)

    def root3(self, path: str) -> None:
        """Reads an AMF3 value that stands alone."""
        self.value3(path, (), 0)

    def short(self) -> bytes:
        """Reads a text of at most 64 KB."""
        return self.take(self.integer(2))

    def value(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads an AMF0 value."""
        if depth > DEEPEST:
            raise TooDeep
        kind = self.byte()
        if kind == _NUMBER:
            self.real(8, "big", path, keys)
        elif kind == _BOOLEAN:
            self.byte()
        elif kind == _STRING:
            self.text(self.short(), path, keys)
        elif kind in (_LONG_STRING, _XML):
            self.text(self.take(self.integer(4)), path, keys)
        elif kind in (_OBJECT, _MAP, _TYPED):
            self.take(4 if kind == _MAP else 0)
            if kind == _TYPED:
                self.short()
            self.members(path, keys, depth)
        elif kind == _ARRAY:
            for index in range(self.checked(self.integer(4))):
                self.value(f"{path}[{index}]", keys, depth + 1)
        elif kind == _DATE:
            self.real(8, "big", path, keys)
            self.take(2)
        elif kind == _AMF3:
            self.value3(path, keys, depth + 1)
        elif kind == _REFERENCE:
            self.take(2)
        elif kind not in _NOTHING:
            raise Broken(f"no type {kind} is known, at byte {self.at - 1}")

    def members(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads names and values up to an empty name and the end's mark."""
        while name := self.short():
            self.value(*self.name(name, path, keys), depth + 1)
        if self.byte() != _END:
            raise Broken(f"no end of the object at byte {self.at - 1}")

    def checked(self, count: int) -> int:
        """Refuses what cannot be: each value takes a byte."""
        if count > self.left:
            raise Broken(f"{count} values are said to follow at byte {self.at}, but there are {self.left} bytes")
        return count

    def u29(self) -> int:
        """Reads an unsigned number of 29 bits (AMF 3, section 1.3.1)."""
        value = 0
        for _ in range(3):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        return value << 8 | self.byte()

    def referred(self) -> int | None:
        """Reads a reference or a length: the length, or None for a reference to what was listed already."""
        head = self.u29()
        return head >> 1 if head & 1 else None

    def string3(self) -> bytes:
        """Reads a text, which may refer to an earlier one."""
        head = self.u29()
        if head & 1:
            raw = self.take(head >> 1)
            if raw:
                self.strings.append(raw)
            return raw
        if head >> 1 >= len(self.strings):
            raise Broken(f"no text {head >> 1} was before byte {self.at}")
        return self.strings[head >> 1]

    def value3(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads an AMF3 value."""
        if depth > DEEPEST:
            raise TooDeep
        kind = self.byte()
        if kind <= _LARGEST_NOTHING:
            return
        if kind == _INTEGER3:
            number = self.u29()
            self.number(number - (1 << 29) if number >> 28 else number, path, keys)
        elif kind == _DOUBLE3:
            self.real(8, "big", path, keys)
        elif kind == _STRING3:
            self.text(self.string3(), path, keys)
        elif kind > _MAP3:
            raise Broken(f"no type {kind} is known, at byte {self.at - 1}")
        elif kind == _OBJECT3:
            self.object3(path, keys, depth)
        elif (size := self.referred()) is not None:
            self.sized3(kind, size, path, keys, depth)

    def sized3(self, kind: int, size: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads what begins with its length."""
        if kind in (_DOCUMENT3, _XML3):
            self.text(self.take(size), path, keys)
        elif kind == _BYTES3:
            self.blob(self.take(size), path, keys)
        elif kind == _DATE3:
            self.real(8, "big", path, keys)
        elif kind == _ARRAY3:
            self.dynamic(path, keys, depth)
            for index in range(self.checked(size)):
                self.value3(f"{path}[{index}]", keys, depth + 1)
        elif kind == _MAP3:
            self.byte()
            for index in range(self.checked(size)):
                self.value3(f"{path}[{index}]#key", keys, depth + 1)
                self.value3(f"{path}[{index}]", keys, depth + 1)
        else:
            self.byte()
            if kind == _OBJECTS3:
                self.string3()
            for index in range(self.checked(size)):
                here = f"{path}[{index}]"
                if kind == _OBJECTS3:
                    self.value3(here, keys, depth + 1)
                elif kind == _DOUBLES3:
                    self.real(8, "big", here, keys)
                else:
                    self.number(self.integer(4, signed=kind == _INTS3), here, keys)

    def dynamic(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads names and values up to an empty name."""
        while name := self.string3():
            self.value3(*self.name(name, path, keys), depth + 1)

    def object3(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads an object: its class, or a reference to that, and its members."""
        head = self.u29()
        if not head & 1:
            return
        traits = self.class3(head)
        if traits.writes_itself:
            if traits.class_name not in _OF_ONE_VALUE:
                raise Broken(f"an object that writes itself in its own way, before byte {self.at}")
            self.value3(path, keys, depth + 1)
            return
        for name in traits.names:
            self.value3(*self.name(name, path, keys), depth + 1)
        if traits.is_dynamic:
            self.dynamic(path, keys, depth)

    def class3(self, head: int) -> _Traits:
        """Reads a class, or finds it."""
        if head & 2:
            name = self.string3()
            names = () if head & 4 else tuple([self.string3() for _ in range(self.checked(head >> 4))])
            self.traits.append(_Traits(names, bool(head & 8), name, bool(head & 4)))
            return self.traits[-1]
        if head >> 2 >= len(self.traits):
            raise Broken(f"no class {head >> 2} was before byte {self.at}")
        return self.traits[head >> 2]


DECODER = Decoder("amf", decode, rank=28, minimum=8, starts=b"\0" + _BEGIN + _BEGIN3, binary=True, types=_TYPES)
