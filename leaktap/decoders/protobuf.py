"""Protocol Buffers on the wire: by the user's schema where one applies, else without any, by field numbers.

Without a schema a length-delimited field is a string, a message or bytes; where it may be two of these, both readings
are kept (`.4` and `.4.1`). Numbers are leaves in decimal; fixed ones also as the floating-point number their bits
make. A repeated field has indexes (`.4[0]`); bytes that may be a packed one are read as its numbers too. The wire
format is read by the protobuf library; of a broken message the fields before the break are read.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from leaktap.decoders._api import Beside, Context, DecodeError, Decoder, LimitReached, Part, Sole
from leaktap.decoders._plain import MAGICS, is_text, step
from leaktap.decoders._protobuf_wire import (
    BYTES,
    FIXED32,
    FIXED64,
    START_GROUP,
    VARINT,
    Field,
    as_real,
    is_doubtful,
    is_mostly_one,
    is_of_text,
    is_sane,
    listed,
    packed_numbers,
    parsed,
    read_fields,
    scan,
)
from leaktap.decoders._schema import applicable

_DEEPEST, _DEEPEST_AROUND, _FEWEST_SURE = 32, 4, 3
_SHORTEST = 6
_CLUE, _HEAD, _MOST_CLUES, _LONG = 4, 2, 64, 64
_SHORTEST_PACKED = 12
"""Bytes of what is compressed or encrypted."""

_SHORTEST_MIXED = 36
"""Bytes of a text that is a number and a string, whose length is a sign of it."""

_RAW_LENGTHS = (6, 8, 16, 20, 32, 64)
"""Lengths of hardware addresses, numbers and digests: such bytes stay a leaf even if they read as a message."""

_BLANKS = str.maketrans("\t\r\n", "   ")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the fields' values."""
    said = "proto" in context.content_type
    kinds = tuple(applicable(context))
    reading = _Reading(context.most, _clues(data, context.spots) if said else (), kinds)
    for kind in kinds:
        message = parsed(kind, data)
        if message is None or not (known := len(message.ListFields())):
            continue
        if _is_around(read_fields(data, context.most) or [], kind, known):
            break
        reading.named(message, "", ())
        if not _is_whole(message):
            return reading.parts
        return Sole(reading.parts) if known < _FEWEST_SURE else _as_it_is(reading.parts, kind, context)
    fields = read_fields(data, context.most)
    if fields is not None and is_text(data) and not (is_of_text(fields) or is_mostly_one(fields, len(data))):
        if not said:
            return None
        raise DecodeError("is text", (Part(data),))
    sane = fields is not None and is_sane(fields)
    if fields is not None and (said or sane):
        reading.numbered(fields, "", (), 0)
        if said and (not sane or len(data) in _RAW_LENGTHS):
            return Beside(reading.parts)
        sole = said or (not is_text(data) and reading.is_convincing(len(data)))
        return Sole(reading.parts) if sole else reading.parts
    if not said:
        return None
    _before_break(data, reading)
    raise DecodeError("is no protobuf, or cut off", reading.parts)


def _clues(data: bytes, spots: Sequence[int] | None) -> frozenset[bytes] | tuple[()]:
    """Returns the bytes that end at places of interest, or before a tag and a length that seem to belong to them; none
    where everything has to be read.
    """
    if not spots or len(spots) > _MOST_CLUES:
        return ()
    ends = [end for spot in spots for end in (spot, spot - _HEAD) if end > 0]
    return frozenset([data[max(end - _CLUE, 0) : end] for end in ends])


def _is_whole(message: Message) -> bool:
    """Tells whether a schema knows all of a message's fields."""
    return bool(message.ListFields()) and not len(UnknownFieldSet(message))


def _is_around(fields: list[Field], kind: type[Message], known: int, depth: int = 0) -> bool:
    """Tells whether a field is all that a schema describes, and has more of it than what is `known` of the message."""
    for _, wire, value in fields:
        if wire != BYTES or len(value) < _SHORTEST:
            continue
        message = parsed(kind, value)
        if message is not None and _is_whole(message) and len(message.ListFields()) > known:
            return True
        if depth < _DEEPEST_AROUND and _is_around(read_fields(value, len(value)) or [], kind, known, depth + 1):
            return True
    return False


def _as_it_is(parts: Iterable[Part], kind: type[Message], context: Context) -> Sole:
    """Returns the parts of a message that a schema knows whole, in which there is no other one of its kind."""
    schemas = tuple(each for each in context.schemas if kind not in applicable(context._replace(schemas=(each,))))
    inside = context._replace(schemas=schemas, content_type="", parameters=(), encoding=())
    return Sole(part if part.final else part._replace(context=inside) for part in parts)


def _before_break(data: bytes, reading: "_Reading", path: str = "", keys: tuple[str, ...] = ()) -> None:
    """Reads the whole fields of a message that is cut off, and in turn the cut one."""
    for _ in range(_DEEPEST):
        cut = next((f for f in islice(scan(data), reading.most) if f[4] > len(data)), None)
        number, kind, at, begin, _ = cut or (0, VARINT, len(data), 0, 0)
        whole = read_fields(data[:at], reading.most)
        if whole is None or not is_sane(whole):
            if path:
                reading.add(data, path, keys)
            return
        reading.numbered(whole, path, keys, 0)
        if kind != BYTES or begin >= len(data):
            return
        path, keys, data = f"{path}.{number}", (*keys, str(number)), data[begin:]
        if is_text(data):
            reading.add(data, path, keys)
            return


@lru_cache(4096)
def _named(keys: tuple[str, ...], number: int) -> tuple[str, tuple[str, ...]]:
    """Returns the end of a field's path, and its keys: most are met again and again."""
    return f".{number}", (*keys, str(number))


@dataclass(slots=True)
class _Reading:
    """The parts that are read, `most` at most; where there are clues, of longer fields only those that hold one.

    Of others that is left which a search may be `blind` to: what is no message and no text, or has lines as a table
    has. Fields that are messages of given `kinds` are left as they are: a schema says more of them than numbers do.
    """

    most: int
    clues: frozenset[bytes] | tuple[()] = ()
    kinds: Sequence[type[Message]] = ()
    parts: list[Part] = field(default_factory=list)
    blind: bool = False
    twice: int = 0

    def add(self, value: bytes, path: str, keys: tuple[str, ...], final: bool = False) -> None:
        """Adds a part.

        Raises:
            LimitReached: there are too many.
        """
        if len(self.parts) >= self.most:
            raise LimitReached("parts", self.parts)
        self.parts.append(Part(value, path, keys, None, final))

    def is_convincing(self, length: int) -> bool:
        """Tells whether a value of `length` bytes, of which nobody said what it is, can be nothing else."""
        strings = [part.value for part in self.parts if not part.final]
        opaque = sum(len(value) for value in strings if not is_text(value))
        readable = sum(len(value) for value in strings) - opaque
        opaque -= self.twice
        return length not in _RAW_LENGTHS and len(self.parts) > 3 and readable > 3 and opaque * 2 < length

    def numbered(self, fields: list[Field], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Adds fields that are known by number only."""
        numbers = [number for number, _, _ in fields]
        counts = Counter(numbers) if len(set(numbers)) < len(numbers) else None
        seen: dict[int, int] = {}
        for number, kind, data in fields:
            below, names = _named(keys, number)
            here = path + below
            if counts and counts[number] > 1:
                index = seen.get(number, 0)
                seen[number] = index + 1
                here = f"{here}[{index}]"
            if kind == BYTES:
                self._bytes(data, here, names, depth)
            elif kind == START_GROUP:
                if depth < _DEEPEST:
                    self.numbered(listed(data), here, names, depth + 1)
            elif not self.blind:
                self.add(b"%d" % data, here, names, True)
                if kind != VARINT and (real := as_real(data, kind)):
                    self.add(real, here, names, True)

    def _bytes(self, data: bytes, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Adds a length-delimited field in the readings that it allows."""
        if not data or (self.blind and b"\n" not in data and is_text(data)):
            return
        if self.clues and not self.blind and len(data) >= _LONG and not any(clue in data for clue in self.clues):
            self.blind = True
            self._bytes(data, path, keys, depth)
            self.blind = False
            return
        if (
            self.kinds
            and len(data) >= _SHORTEST
            and any((message := parsed(kind, data)) is not None and _is_whole(message) for kind in self.kinds)
        ):
            self.add(data, path, keys)
            return
        text = is_text(data) and (
            data.isascii() or len(data) >= _LONG or data.decode().translate(_BLANKS).isprintable()
        )
        inner = read_fields(data, self.most) if depth < _DEEPEST and _may_be_message(data, text) else None
        if inner is not None and text and not (is_of_text(inner) or is_mostly_one(inner, len(data))):
            inner = None
        if inner is None or not is_sane(inner):
            self.add(data, path, keys)
            if not text and (numbers := packed_numbers(data)):
                if len(self.parts) + len(numbers) > self.most:
                    raise LimitReached("parts", self.parts)
                self.parts += [Part(number, f"{path}[{at}]", keys, None, True) for at, number in numbers]
            return
        before = len(self.parts)
        doubtful = len(data) in _RAW_LENGTHS or (len(data) >= _SHORTEST_PACKED and is_doubtful(inner))
        if text or doubtful or data.startswith(MAGICS):
            self.add(data, path, keys)
            self.twice += 0 if text else len(data)
        self.numbered(inner, path, keys, depth + 1)
        if len(self.parts) == before:
            self.add(data, path, keys)  # a message of empty fields

    def named(self, message: Message, path: str, keys: tuple[str, ...]) -> None:
        """Adds the fields of a message whose schema is known, and by number those that the schema does not know."""
        for descriptor, value in message.ListFields():
            self._value(value, path + step(descriptor.name), (*keys, descriptor.name), descriptor)
        self.numbered(listed(UnknownFieldSet(message)), path, keys, 0)

    def _value(self, value: Any, path: str, keys: tuple[str, ...], descriptor: FieldDescriptor) -> None:
        if isinstance(value, Message):
            self.named(value, path, keys)
        elif isinstance(value, bool):
            return
        elif isinstance(value, str):
            self.add(value.encode("utf-8", "replace"), path, keys)
        elif isinstance(value, bytes):
            self.add(value, path, keys)
        elif isinstance(value, int):
            self.add(str(value).encode(), path, keys, True)
        elif isinstance(value, float):
            single = descriptor.cpp_type == FieldDescriptor.CPPTYPE_FLOAT
            self.add((f"{value:.8g}" if single else repr(value)).encode(), path, keys, True)
        elif hasattr(value, "items"):
            for key, item in value.items():
                here = path + step(str(key))
                if isinstance(key, str):
                    self.add(key.encode("utf-8", "replace"), f"{here}#key", keys)
                self._value(item, here, (*keys, str(key)), descriptor)
        else:
            items: Iterable[Any] = value
            for index, item in enumerate(items):
                self._value(item, f"{path}[{index}]", keys, descriptor)


def _may_be_message(data: bytes, text: bool) -> bool:
    """Tells by the first field whether it is worth asking the library; most strings are not."""
    kind = data[0] & 7
    if kind == BYTES:
        return len(data) > 1 and (data[0] > 0x7F or data[1] > 0x7F or data[1] <= len(data) - 2)
    return (not text or len(data) >= _SHORTEST_MIXED) and kind in (VARINT, FIXED64, START_GROUP, FIXED32)


_COMPRESSED = (
    rb"\x1f\x8b\x08[\x00-\x1f]",
    rb"\x28\xb5\x2f\xfd",
    rb"\x78[\x01\x5e\x9c\xda][\x00-\xff]{2}",
    rb"BZh[1-9]1AY&SY",
    rb"\xfd7zXZ\x00",
    rb"PK\x03\x04",
    rb"\x5d\x00\x00[\x00-\xff]{2}(?:\xff{8}|[\x00-\xff]{4}\x00{4})",
)
"""How compressed fields begin, which hide what they hold: gzip, zstd, zlib, bzip2, xz, ZIP, LZMA."""

_TAGS_IN_TEXT, _LENGTHS_IN_TEXT = b'\n"*2:BJRZbjrz', (*b"\t\n\r", *range(32, 127))
"""Tags of strings and lengths, which text may begin with as well."""


def _shape() -> re.Pattern[bytes]:
    """Returns how messages begin: of a text that may be one, the first field ends with it or before another."""
    tags = re.escape(_TAGS_IN_TEXT)
    fields = b"|".join(re.escape(bytes([size])) + b".{%d}(?:$|[^\0-\x07])" % size for size in _LENGTHS_IN_TEXT)
    beginnings = (b"[^\x80-\xff%b]" % tags, b"[\x80-\xff][\x01-\x7f]", b"[%b](?:[^\t\n\r -~]|%b)" % (tags, fields))
    return re.compile(b"|".join(beginnings), re.DOTALL)


DECODER = Decoder(
    "protobuf",
    decode,
    rank=35,
    minimum=_SHORTEST,
    starts=bytes(tag for tag in range(8, 256) if tag & 7 in (VARINT, FIXED64, BYTES, START_GROUP, FIXED32)),
    shape=_shape(),
    binary=True,
    white=_TAGS_IN_TEXT,
    hints=_COMPRESSED,
    transparent=True,
    loose=True,
    types=("application/*protobuf*", "application/*+proto", "application/proto", "application/*protobuffer"),
)
