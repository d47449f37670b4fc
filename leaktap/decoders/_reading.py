"""What the readers of binary serialisations have in common: a place in the bytes, and the parts found on the way.

A reader goes through its format once, by bounded recursion, and lists names, texts, byte strings and numbers as it
meets them. What nobody said to be of the format is read `strictly`: it must make sense, or it is somebody else's.
"""

import math
import re
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from leaktap.decoders._api import Context, DecodeError, LimitReached, Part
from leaktap.decoders._charsets import reads
from leaktap.decoders._plain import DATA_NAME, is_text, is_utf8, makes_sense, step

DEEPEST = 64
"""How many levels are followed: each makes the paths of all parts below it longer."""

SURELY_READABLE = 16
"""So many bytes of text are no chance, however much around them is opaque."""

type Order = Literal["big", "little"]

_LONGEST_NAME = 256
_OF_NAME, _OF_SIGN, _OF_LETTER = 3, 1, 2
"""Bits of a name's head; each of its signs is one of a third of all, and one of a word's a fourth of them."""

_WORD = re.compile(rb"\w+\Z", re.ASCII)
_OF_BEGIN = 7
"""Bits of a container's first byte, of which the only one that there is has to have as many members as it says."""

_OF_LENGTH = 8
"""Bits of what says how long bytes are that end where everything does, and of the kind before it, if that is apart."""

OF_USUAL, _SMALLEST_USUAL, _LARGEST_USUAL = 4, 1e-12, 1e12
"""Bits of a double of eight random bytes that is of a size that people use, and these sizes."""

_WIDE, _MOST_SPARE = 4, 12
"""From how many bytes on a number that would go into fewer is a sign of one, and for how many bits that counts."""

_BYTES_PER_LOOK = 1 << 14
_READABLE, _PROVEN = 4, 24
_SAMPLE = 4096
_MOST_OPENED = 8
_LARGEST_EXACT = 2.0**63
_REALS = {("big", 2): ">e", ("big", 4): ">f", ("big", 8): ">d", ("little", 4): "<f", ("little", 8): "<d"}


class Broken(Exception):
    """The bytes are not of the format, or cut off: `str()` says how and at which offset."""


class TooDeep(Exception):
    """Containers nest deeper than they are followed."""


class TooLate(Exception):
    """The time is up."""


def either(*attempts: Callable[[], Sequence[Part] | None]) -> Sequence[Part] | None:
    """Returns the parts of the first attempt that has any.

    Raises:
        DecodeError: none has, and one breaks off; of several, the one that came furthest.
    """
    broken: DecodeError | None = None
    empty: Sequence[Part] | None = None
    for attempt in attempts:
        try:
            if parts := attempt():
                return parts
            empty = empty if parts is None else parts
        except DecodeError as error:
            if broken is None or len(error.parts) > len(broken.parts):
                broken = error
    if broken and empty is None:
        raise broken
    return empty


def is_usual(number: float) -> bool:
    """Tells whether a floating-point number is of a size that people use: of random doubles, one in 25 is."""
    return _SMALLEST_USUAL < abs(number) < _LARGEST_USUAL


@dataclass(slots=True)
class Reading:
    """How far a value was read, and what it holds.

    `readable` and `opaque` count the bytes of texts and names, and of what is neither text nor compressed; `blobs` are
    the byte strings that are no text. `proof` is how many bits have to be as they are for it to be read at all. What
    goes beyond the offset `look` looks at the clock first, or at the end of the data.
    """

    data: bytes
    context: Context
    strictly: bool = True
    at: int = 0
    parts: list[Part] = field(default_factory=list)
    readable: int = 0
    opaque: int = 0
    proof: float = 0
    blobs: list[bytes] = field(default_factory=list)
    put_out: int = 0
    names: dict[bytes, tuple[str, str, int, int, bool]] = field(default_factory=dict)
    look: int = 0

    def outcome(self, read: Callable[[], None]) -> Sequence[Part] | None:
        """Returns what `read` lists, or None where that makes no sense and nobody said that it is of this format.

        Raises:
            DecodeError: it was said to be, and breaks off.
            LimitReached: it holds more than may be listed, nests too deeply, or there is no time for all of it.
        """
        try:
            read()
        except Broken as error:
            if self.strictly:
                return None
            raise DecodeError(str(error), self.parts) from None
        except TooDeep:
            if self.strictly and not self.is_convincing():
                return None
            raise LimitReached("depth", self.parts) from None
        except TooLate:
            raise LimitReached("seconds", () if self.strictly and not self.is_convincing() else self.parts) from None
        return self.parts if not self.strictly or self.is_convincing() else None

    def is_convincing(self) -> bool:
        """Tells whether what was read is no chance: more than a lone value, and enough that a person could read."""
        if self.parts and self.proof >= _PROVEN:
            return True
        return len(self.parts) + len(self.names) > 1 and (self.is_readable() or self.opens())

    def is_readable(self) -> bool:
        """Tells whether there is text, and more of it than of what nobody can read."""
        if self.readable < _READABLE:
            return False
        return self.opaque * 2 <= len(self.data) or self.readable >= SURELY_READABLE

    def opens(self) -> bool:
        """Tells the same when what other decoders read counts as readable."""
        for blob in sorted(self.blobs, key=len, reverse=True)[:_MOST_OPENED]:
            if self.context.opens(blob):
                self.readable += len(blob)
                self.opaque -= 0 if makes_sense(blob) else len(blob)
                if self.is_readable():
                    return True
        return False

    def each(self, read: Callable[[str], None], begin: bytes = b"") -> None:
        """Reads value after value to the end: the only one at the path `.$`, one of several at `[i].$`.

        Each begins with a byte of `begin`, if that is said.
        """
        index = 0
        while self.left:
            if begin and self.data[self.at] not in begin:
                raise Broken(f"no value begins at byte {self.at}")
            read(f"[{index}].$" if index else ".$")
            if not index and self.left:
                self.parts[:] = [part._replace(path="[0]" + part.path) for part in self.parts]
            index += 1
        if begin and index == 1:
            self.proof += _OF_BEGIN
            if self.parts and not self.parts[-1].final and self.data.endswith(last := self.parts[-1].value):
                is_apart = self.data[-len(last) - 1] == len(last) & 0xFF
                self.proof += 2 * _OF_LENGTH if is_apart else _OF_LENGTH

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """Reads bytes.

        Raises:
            Broken: there are not so many.
        """
        begin, end = self.at, self.at + size
        if not begin <= end <= self.look:
            if not begin <= end <= len(self.data):
                raise Broken(f"{size} bytes are said to follow at byte {begin}, but there are {self.left}")
            self._look(end)
        self.at = end
        return self.data[begin:end]

    def byte(self) -> int:
        """Reads a byte."""
        at = self.at
        if at >= self.look:
            if at >= len(self.data):
                raise Broken(f"it is cut off at byte {at}")
            self._look(at)
        self.at = at + 1
        return self.data[at]

    def _look(self, at: int) -> None:
        """Looks at the clock, and says where to look again."""
        if self.look and time.thread_time() > self.context.deadline:
            raise TooLate
        self.look = min(at + _BYTES_PER_LOOK, len(self.data))

    def integer(self, size: int, order: Order = "big", signed: bool = False) -> int:
        """Reads an integer of `size` bytes."""
        return int.from_bytes(self.take(size), order, signed=signed)

    def varint(self) -> int:
        """Reads an unsigned number in groups of seven bits, the lowest first (LEB128), of 64 bits at most."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Broken(f"a number without end at byte {self.at}")

    def zigzag(self) -> int:
        """Reads a signed number, its sign in the lowest bit of a varint."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def real(self, size: int, order: Order, path: str, keys: tuple[str, ...]) -> float:
        """Reads a floating-point number (IEEE 754), lists it with as many digits as it holds, and returns it."""
        number: float = struct.unpack(_REALS[order, size], self.take(size))[0]
        self.number(number if size == 8 or not math.isfinite(number) else float(f"{number:.8g}"), path, keys)
        return number

    def number(self, number: float, path: str, keys: tuple[str, ...]) -> None:
        """Lists a number in decimal; what is no number (infinity) is no part."""
        if isinstance(number, float):
            if not math.isfinite(number):
                return
            if number.is_integer() and abs(number) < _LARGEST_EXACT:
                number = int(number)
        self.add(Part(str(number).encode(), path, keys, None, True))

    def spare(self, number: int, size: int) -> None:
        """Takes it for proof that a whole number is small for the `size` bytes that it takes."""
        if size >= _WIDE:
            self.proof += min(max(size * 8 - 1 - number.bit_length(), 0), _MOST_SPARE)

    def text(self, raw: bytes, path: str, keys: tuple[str, ...], context: Context | None = None) -> None:
        """Lists what the format says to be text; `context` says which charset, if it is not UTF-8.

        One of control characters is bytes that somebody took for text.
        """
        if is_text(raw):
            self.readable += len(raw)
        elif self.strictly and context is None:
            if reads(raw[:_SAMPLE], cut=len(raw) > _SAMPLE) or self.context.opens(raw):
                self.readable += len(raw)
            elif is_utf8(raw):
                self.opaque += len(raw)
            else:
                raise Broken(f"no text before byte {self.at}")
        self.add(Part(raw, path, keys, context))

    def blob(self, raw: bytes, path: str, keys: tuple[str, ...]) -> None:
        """Lists bytes of which the format does not say what they are."""
        if is_text(raw):
            self.readable += len(raw)
        else:
            self.blobs.append(raw)
            if not makes_sense(raw):
                self.opaque += len(raw)
        self.add(Part(raw, path, keys))

    def name(self, raw: bytes, path: str, keys: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """Returns path and keys of the member `raw`. A name that is data itself is listed at the path's `#key`."""
        known = self.names.get(raw)
        if known is None:
            if self.strictly and (len(raw) > _LONGEST_NAME or not is_text(raw)):
                raise Broken(f"no name before byte {self.at}")
            name = raw.decode("utf-8", "replace")
            readable = 0 if raw.lstrip(b"-").isdigit() else len(raw)
            proof = readable and _OF_NAME + readable * (_OF_LETTER if _WORD.match(raw) else _OF_SIGN)
            known = self.names[raw] = (step(name), name, readable, proof, DATA_NAME.search(name) is not None)
        end, name, readable, proof, is_data = known
        self.readable += readable
        self.proof += proof
        here = path + end
        if is_data:
            self.add(Part(raw, here + "#key", keys))
        return here, (*keys, name)

    def add(self, part: Part) -> None:
        """Lists a part, if it holds anything.

        Raises:
            LimitReached: there are more parts or bytes than the context allows.
        """
        if not part.value:
            return
        if len(self.parts) >= self.context.most:
            raise LimitReached("parts", self.parts)
        self.put_out += len(part.value)
        if self.put_out > self.context.room:
            raise LimitReached("bytes", self.parts)
        self.parts.append(part)

    def tree(self, value: object, path: str, keys: tuple[str, ...], depth: int = 0) -> None:
        """Lists what a library has read: mappings, sequences, texts, bytes and numbers, each once."""
        if depth > DEEPEST:
            raise TooDeep
        if isinstance(value, Mapping):
            for name, item in value.items():
                self.tree(item, *self.name(str(name).encode("utf-8", "replace"), path, keys), depth + 1)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self.tree(item, f"{path}[{index}]", keys, depth + 1)
        elif isinstance(value, str):
            self.text(value.encode("utf-8", "replace"), path, keys)
        elif isinstance(value, bytes):
            self.blob(value, path, keys)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.number(value, path, keys)
