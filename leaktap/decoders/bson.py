"""BSON (https://bsonspec.org/spec.html): one document, or several in a row.

A document says its length, which has to fit, and ends with a zero. A path is `.$` with `.name`, and `[index]` in
arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_TYPES = ("application/bson", "application/x-bson", "application/vnd.mongodb.bson")
_SHORTEST = 5
_DOUBLE, _STRING, _DOCUMENT, _ARRAY, _BINARY, _OBJECT_ID, _REGEX = 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x0B
_POINTER, _CODE, _SYMBOL, _SCOPED_CODE, _INT32 = 0x0C, 0x0D, 0x0E, 0x0F, 0x10
_DATE, _TIMESTAMP, _INT64, _DECIMAL, _BOOLEAN = 0x09, 0x11, 0x12, 0x13, 0x08
_NOTHING = (0x06, 0x0A, 0x7F, 0xFF)
_INTEGERS = {_INT32: 4, _DATE: 8, _TIMESTAMP: 8, _INT64: 8}
_OPAQUE = {_OBJECT_ID: 12, _DECIMAL: 16}
_OLD_BINARY = 0x02
_LONGEST_INDEX = 7


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the documents."""
    told = context.content_type in _TYPES
    if not told and (data[-1] or not _SHORTEST < int.from_bytes(data[:4], "little") <= len(data)):
        return None
    reading = _Reading(data, context, not told)
    return reading.outcome(lambda: reading.each(lambda path: reading.document(path, (), 0, False)))


@dataclass(slots=True)
class _Reading(Reading):
    def is_convincing(self) -> bool:
        """Tells whether there is anything: the lengths and ends have been checked."""
        return bool(self.parts)

    def document(self, path: str, keys: tuple[str, ...], depth: int, is_array: bool) -> None:
        """Reads the elements of a document, or of an array, whose names are their indexes."""
        if depth > DEEPEST:
            raise TooDeep
        begin = self.at
        size = self.integer(4, "little")
        if size < _SHORTEST or size > len(self.data) - begin:
            raise Broken(f"a document of {size} bytes is said to begin at byte {begin}")
        end = begin + size
        while kind := self.byte():
            if self.at >= end:
                raise Broken(f"no end of the document of {size} bytes at byte {begin}")
            raw = self.zero_ended()
            here = (f"{path}[{raw.decode('latin-1')}]", keys) if is_array else self.name(raw, path, keys)
            if is_array and not (raw.isdigit() and len(raw) <= _LONGEST_INDEX):
                raise Broken(f"no index before byte {self.at}")
            self.element(kind, *here, depth)
        if self.at != end:
            raise Broken(f"a document of {size} bytes ends at byte {self.at}")

    def element(self, kind: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads an element's value."""
        if kind in (_STRING, _SYMBOL, _CODE):
            self.text(self.string(), path, keys)
        elif kind in (_DOCUMENT, _ARRAY):
            self.document(path, keys, depth + 1, kind == _ARRAY)
        elif kind in _INTEGERS:
            self.number(self.integer(_INTEGERS[kind], "little", signed=True), path, keys)
        elif kind == _DOUBLE:
            self.real(8, "little", path, keys)
        elif kind == _BINARY:
            size, subtype = self.integer(4, "little"), self.byte()
            if subtype == _OLD_BINARY:
                size = self.integer(4, "little")
            self.blob(self.take(size), path, keys)
        elif kind in _OPAQUE:
            self.blob(self.take(_OPAQUE[kind]), path, keys)
        elif kind == _BOOLEAN:
            self.byte()
        elif kind == _REGEX:
            self.text(self.zero_ended(), path, keys)
            self.zero_ended()
        elif kind == _POINTER:
            self.text(self.string(), path, keys)
            self.blob(self.take(_OPAQUE[_OBJECT_ID]), path, keys)
        elif kind == _SCOPED_CODE:
            self.take(4)
            self.text(self.string(), path, keys)
            self.document(path, keys, depth + 1, False)
        elif kind not in _NOTHING:
            raise Broken(f"no element of type {kind} is known, before byte {self.at}")

    def zero_ended(self) -> bytes:
        """Reads up to a zero."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise Broken(f"no end of the text at byte {self.at}")
        raw = self.take(end - self.at)
        self.at += 1
        return raw

    def string(self) -> bytes:
        """Reads a text with its length, which counts the zero at its end."""
        raw = self.take(self.integer(4, "little"))
        if raw[-1:] != b"\0":
            raise Broken(f"no end of the text before byte {self.at}")
        return raw[:-1]


DECODER = Decoder("bson", decode, rank=25, certain=True, minimum=8, binary=True, types=_TYPES)
