"""Property lists, XML and binary: a path is `.$` with `.name` and `[index]`.

Binary: CFBinaryPList.c of Apple's Core Foundation (https://github.com/apple/swift-corelibs-foundation): objects refer
to each other by number, so that a few bytes may stand for a tree without end. What is open already is not entered
again, and all that is entered is counted. XML is read by `plistlib`, which refuses declared entities.
"""

import plistlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_TYPES = (
    "application/x-plist",
    "application/x-apple-plist",
    "text/x-apple-plist+xml",
    "application/x-apple-binary-plist",
)
_MAGIC, _TRAILER = b"bplist", 32
_SHAPE = re.compile(
    rb"bplist|(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?(?:<!DOCTYPE\s+plist\b[^>\[]{0,300}>\s*)?<plist\b",
    re.DOTALL,
)
_NUMBER, _REAL, _DATE, _BYTES, _ASCII, _UTF16, _UID = 1, 2, 3, 4, 5, 6, 8
_LISTS, _DICTIONARY = (0xA, 0xB, 0xC), 0xD
_MORE = 15
_ENTERED_PER_PART = 10


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the list."""
    reading = _Binary(data, context, strictly=False)
    if data.startswith(_MAGIC):
        return reading.outcome(reading.document)
    if not _SHAPE.match(data):
        return None
    try:
        document = plistlib.loads(data, fmt=plistlib.FMT_XML)
    except (ExpatError, ValueError, AttributeError, LookupError, TypeError, OverflowError):
        return None  # broken: what can be read of it as XML is read there
    return reading.outcome(lambda: reading.tree(document, ".$", ()))


@dataclass(slots=True)
class _Binary(Reading):
    offsets: int = 0
    offset_size: int = 0
    reference_size: int = 0
    count: int = 0
    entered: int = 0
    open: set[int] = field(default_factory=set)

    def document(self) -> None:
        """Reads the trailer and the tree."""
        self.at = max(len(self.data) - _TRAILER, 0) + 6
        self.offset_size, self.reference_size = self.byte(), self.byte()
        self.count, top, self.offsets = self.integer(8), self.integer(8), self.integer(8)
        if self.offsets + self.count * self.offset_size > len(self.data) - _TRAILER or not self.reference_size:
            raise Broken("the table of offsets does not lie within it")
        self.object(top, ".$", (), 0)

    def go_to(self, number: int) -> int:
        """Goes to an object; returns its type and, in the lower bits, what says how long it is."""
        if number >= self.count:
            raise Broken(f"there is no object {number}")
        self.at = self.offsets + number * self.offset_size
        self.at = self.integer(self.offset_size)
        return self.byte()

    def object(self, number: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads an object and what it refers to."""
        if depth > DEEPEST:
            raise TooDeep
        if number in self.open:
            return
        head = self.go_to(number)
        kind = head >> 4
        if kind == _NUMBER:
            size = self.power(head, 4)
            self.number(self.integer(size, signed=size >= 8), path, keys)
        elif kind in (_REAL, _DATE):
            self.real(self.power(head, 3, 2), "big", path, keys)
        elif kind == _BYTES:
            self.blob(self.take(self.size(head)), path, keys)
        elif kind in (_ASCII, _UTF16):
            self.text(self.string(head), path, keys)
        elif kind in _LISTS:
            self.open.add(number)
            for index, item in enumerate(self.references(self.size(head))):
                self.object(item, f"{path}[{index}]", keys, depth + 1)
            self.open.discard(number)
        elif kind == _DICTIONARY:
            self.open.add(number)
            size = self.size(head)
            references = self.references(size * 2)
            for name, item in zip(references[:size], references[size:], strict=True):
                self.object(item, *self.name(self.string(self.go_to(name)), path, keys), depth + 1)
            self.open.discard(number)
        elif kind not in (0, _UID):
            raise Broken(f"no type {kind} is known, before byte {self.at}")

    def size(self, head: int) -> int:
        """Returns how long an object is: small sizes are in its head."""
        size = head & 0x0F
        return self.integer(self.power(self.byte(), 3)) if size == _MORE else size

    def power(self, head: int, largest: int, smallest: int = 0) -> int:
        """Returns the size of a number: the power of two that is in its head."""
        if not smallest <= head & 0x0F <= largest:
            raise Broken(f"no number before byte {self.at}")
        return 1 << (head & 0x0F)

    def string(self, head: int) -> bytes:
        """Reads a text."""
        if head >> 4 == _UTF16:
            return self.take(self.size(head) * 2).decode("utf-16-be", "replace").encode("utf-8", "replace")
        if head >> 4 != _ASCII:
            raise Broken(f"no text before byte {self.at}")
        return self.take(self.size(head))

    def references(self, count: int) -> list[int]:
        """Reads the numbers of objects."""
        size = self.reference_size
        self.entered += count
        if self.entered > self.context.most * _ENTERED_PER_PART:
            raise LimitReached("parts", self.parts)
        if time.thread_time() > self.context.deadline:
            raise LimitReached("seconds", self.parts)
        raw = self.take(count * size)
        return [int.from_bytes(raw[at : at + size]) for at in range(0, len(raw), size)]


DECODER = Decoder(
    "plist", decode, rank=38, certain=True, minimum=14, starts=b"b\xef< \t\r\n", shape=_SHAPE, types=_TYPES
)
