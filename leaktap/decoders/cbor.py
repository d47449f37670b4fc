"""CBOR (RFC 8949): one item, or a sequence of several (RFC 8742).

Without its magic tag 55799 and unsaid, it is believed where it begins with a map or an array, reads to the very end and
holds readable text. A path is `.$` with `.name` and `[index]`; the items of a sequence are `[i].$`. Tags are passed
over, but for numbers of any size (section 3.4.3); CBOR within CBOR is a byte string and decoded in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leaktap.decoders._api import Context, Decoder, Part, Sole
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_TYPES = ("application/cbor", "application/cbor-seq", "application/*+cbor")
_MAGIC = b"\xd9\xd9\xf7"
_BEGIN = bytes([*range(0x81, 0x9C), 0x9F, *range(0xA1, 0xBC), 0xBF, 0xD9])
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_WITHOUT_END, _BREAK = 31, 0xFF
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}
_REALS = {25: 2, 26: 4, 27: 8}
_BIG, _NEGATIVE_BIG = 2, 3
_BIGGEST = 32


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the items."""
    marked = data.startswith(_MAGIC)
    if data[:1] == _MAGIC[:1] and not marked and "cbor" not in context.content_type:
        return None
    reading = _Reading(data, context, not marked and "cbor" not in context.content_type)
    begin = _BEGIN if reading.strictly else b""
    parts = reading.outcome(lambda: reading.each(lambda path: reading.item(path, (), 0), begin))
    return Sole(parts) if marked and parts else parts


@dataclass(slots=True)
class _Reading(Reading):
    def head(self) -> tuple[int, int, int]:
        """Reads an item's head; returns its major type, what says how long it is, and its argument."""
        first = self.byte()
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info == _WITHOUT_END and major in (_BYTES, _TEXT, _ARRAY, _MAP):
            return major, info, 0
        if info not in _SIZES:
            raise Broken(f"no item begins at byte {self.at - 1}")
        return major, info, self.integer(_SIZES[info])

    def item(self, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads one item."""
        if depth > DEEPEST:
            raise TooDeep
        major, info, argument = self.head()
        if major in (_UNSIGNED, _NEGATIVE):
            self.number(argument if major == _UNSIGNED else -1 - argument, path, keys)
            self.spare(argument, _SIZES.get(info, 0))
        elif major == _BYTES:
            self.blob(self.string(major, info, argument), path, keys)
        elif major == _TEXT:
            self.text(self.string(major, info, argument), path, keys)
        elif major == _ARRAY:
            index = 0
            while self.goes_on(info, argument, index):
                self.item(f"{path}[{index}]", keys, depth + 1)
                index += 1
        elif major == _MAP:
            index = 0
            while self.goes_on(info, argument, index):
                self.item(*self.name(self.key(), path, keys), depth + 1)
                index += 1
        elif major == _TAG:
            self.tagged(argument, path, keys, depth)
        elif info in _REALS:
            self.at -= _REALS[info]
            self.real(_REALS[info], "big", path, keys)

    def goes_on(self, info: int, count: int, index: int) -> bool:
        """Tells whether a container has a member of this index."""
        if info != _WITHOUT_END:
            if count > self.left + index:
                raise Broken(f"{count} items are said to be before byte {self.at}, but there are {self.left} bytes")
            return index < count
        if self.data[self.at : self.at + 1] != b"\xff":
            return True
        self.at += 1
        return False

    def string(self, major: int, info: int, size: int) -> bytes:
        """Reads a string; one without a length is in pieces (section 3.2.3)."""
        if info != _WITHOUT_END:
            return self.take(size)
        pieces: list[bytes] = []
        while self.goes_on(info, 0, 0):
            kind, inner, length = self.head()
            if kind != major or inner == _WITHOUT_END:
                raise Broken(f"no piece of a string before byte {self.at}")
            pieces.append(self.take(length))
        return b"".join(pieces)

    def key(self) -> bytes:
        """Reads the key of a map's member: a string or a whole number."""
        major, info, argument = self.head()
        if major in (_BYTES, _TEXT):
            return self.string(major, info, argument)
        if major in (_UNSIGNED, _NEGATIVE):
            return b"%d" % (argument if major == _UNSIGNED else -1 - argument)
        raise Broken(f"no name of a member before byte {self.at}")

    def tagged(self, tag: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads what follows a tag."""
        if tag not in (_BIG, _NEGATIVE_BIG):
            self.item(path, keys, depth + 1)
            return
        major, info, size = self.head()
        raw = self.string(major, info, size) if major == _BYTES else b""
        if not 0 < len(raw) <= _BIGGEST:
            raise Broken(f"no number before byte {self.at}")
        number = int.from_bytes(raw)
        self.number(number if tag == _BIG else -1 - number, path, keys)


DECODER = Decoder("cbor", decode, rank=32, minimum=6, starts=_BEGIN, binary=True, types=_TYPES)
