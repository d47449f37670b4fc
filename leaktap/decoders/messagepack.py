"""MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): one object, or several in a row.

It has no magic: unsaid, it is believed where it begins with a map or an array, reads to the very end and holds readable
text. A path is `.$` with `.name` and `[index]`; the objects of a stream are `[i].$`. Text may hold bytes, as it did
before the format told the two apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_TYPES = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack", "application/messagepack")
_BEGIN = bytes([*range(0x81, 0x90), *range(0x91, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF])
_NIL, _NEVER, _FALSE, _TRUE = 0xC0, 0xC1, 0xC2, 0xC3
_FLOAT, _DOUBLE = 0xCA, 0xCB
_BINARY = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_EXTENSION = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_SIGNED = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_FIXED_EXTENSION = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_TEXT = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAY = {0xDC: 2, 0xDD: 4}
_MAP = {0xDE: 2, 0xDF: 4}


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the objects."""
    reading = _Reading(data, context, context.content_type not in _TYPES)
    begin = _BEGIN if reading.strictly else b""
    return reading.outcome(lambda: reading.each(lambda path: reading.value(path, (), 0), begin))


@dataclass(slots=True)
class _Reading(Reading):
    def value(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads one value."""
        kind = self.byte()
        if kind < 0x80:
            self.number(kind, path, keys)
        elif kind < 0x90:
            self.members(kind & 0x0F, path, keys, depth)
        elif kind < 0xA0:
            self.elements(kind & 0x0F, path, keys, depth)
        elif kind < 0xC0:
            self.blob(self.take(kind & 0x1F), path, keys)
        elif kind >= 0xE0:
            self.number(kind - 0x100, path, keys)
        elif size := _TEXT.get(kind) or _BINARY.get(kind):
            self.blob(self.take(self.integer(size)), path, keys)
        elif size := _UNSIGNED.get(kind) or _SIGNED.get(kind):
            number = self.integer(size, signed=kind in _SIGNED)
            self.number(number, path, keys)
            self.spare(number, size)
        elif kind in (_FLOAT, _DOUBLE):
            self.real(4 if kind == _FLOAT else 8, "big", path, keys)
        elif size := _MAP.get(kind):
            self.members(self.integer(size), path, keys, depth)
        elif size := _ARRAY.get(kind):
            self.elements(self.integer(size), path, keys, depth)
        elif size := _FIXED_EXTENSION.get(kind):
            self.extension(size, path, keys)
        elif size := _EXTENSION.get(kind):
            self.extension(self.integer(size), path, keys)
        elif kind == _NEVER:
            raise Broken(f"a byte that is never used at {self.at - 1}")

    def members(self, count: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a map's keys and values."""
        self.check(count * 2, depth)
        for _ in range(count):
            self.value(*self.name(self.key(), path, keys), depth + 1)

    def elements(self, count: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads an array's values."""
        self.check(count, depth)
        for index in range(count):
            self.value(f"{path}[{index}]", keys, depth + 1)

    def check(self, count: int, depth: int) -> None:
        """Refuses what cannot be: each value takes a byte."""
        if count > self.left:
            raise Broken(f"{count} values are said to follow at byte {self.at}, but there are {self.left} bytes")
        if depth >= DEEPEST:
            raise TooDeep

    def key(self) -> bytes:
        """Reads the key of a map's member: a text or a whole number."""
        kind = self.byte()
        if 0xA0 <= kind < 0xC0:
            return self.take(kind & 0x1F)
        if size := _TEXT.get(kind) or _BINARY.get(kind):
            return self.take(self.integer(size))
        if kind < 0x80 or kind >= 0xE0:
            return b"%d" % (kind if kind < 0x80 else kind - 0x100)
        if size := _UNSIGNED.get(kind) or _SIGNED.get(kind):
            return b"%d" % self.integer(size, signed=kind in _SIGNED)
        raise Broken(f"no name of a member at byte {self.at - 1}")

    def extension(self, size: int, path: str, keys: tuple[str, ...]) -> None:
        """Reads a value of an application's own type, as bytes."""
        self.byte()
        self.blob(self.take(size), path, keys)


DECODER = Decoder("messagepack", decode, rank=31, minimum=6, starts=_BEGIN, binary=True, types=_TYPES)
