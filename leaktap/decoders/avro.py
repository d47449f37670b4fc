"""Avro (https://avro.apache.org/docs/1.12.0/specification/): container files, and values whose schema the case has.

A container ("Object container files") carries its schema: a record is `[i].$`, with `.name` and `[index]` below. A
value alone carries none and is `.$`; in front of it may stand its schema's fingerprint ("Single object encoding") or
its number in a registry of schemas
(https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format).
"""

import bz2
import lzma
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cramjam
import orjson
import zstandard

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part, Sole
from leaktap.decoders._avro import Datum
from leaktap.decoders._avro_schema import Described, fitting, names
from leaktap.decoders._described import described
from leaktap.decoders._inflate import FULL, Outlet, Stream, deflate_stream, expand
from leaktap.decoders._reading import Broken

_TYPES = ("application/avro", "avro/binary", "application/vnd.apache.avro*")
_MAGIC = b"Obj\x01"
_SINGLE, _FINGERPRINT = b"\xc3\x01", 8
_NUMBERED, _NUMBER = b"\0", 4
_SYNC = 16
_CHECKSUM = 4
_MEMORY = 64 << 20


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the records."""
    if not data.startswith(_MAGIC):
        return _alone(data, context)
    container = _Container(data, context, strictly=False, at=len(_MAGIC))
    parts = container.outcome(container.file)
    return None if parts is None else Sole(parts)


def _alone(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the parts of a value by the first schema of the case that fits it to its end.

    Raises:
        DecodeError: its head says of which schema it is, but it is not.
    """
    broken: DecodeError | None = None
    for schema in fitting(context):
        for at, said in _begins(data, schema, "avro" in context.content_type):
            value = Datum(data, context, strictly=not said, at=at, named=schema.named)
            try:
                parts = described(value, partial(_whole, value, schema))
            except DecodeError as error:
                broken = broken or error
                continue
            if parts is not None:
                return parts
    if broken:
        raise broken
    return None


def _begins(data: bytes, schema: Described, said: bool) -> Iterator[tuple[int, bool]]:
    """Yields where a value may begin, and whether anything says that it is of this schema."""
    if data.startswith(_SINGLE) and data[2 : 2 + _FINGERPRINT] == schema.fingerprint:
        yield 2 + _FINGERPRINT, True
        return
    if data.startswith(_NUMBERED) and schema.id in (None, int.from_bytes(data[1 : 1 + _NUMBER])):
        yield 1 + _NUMBER, schema.id is not None
    yield 0, said


def _whole(value: Datum, schema: Described) -> None:
    value.value(schema.root, ".$", (), 0)
    if value.left:
        raise Broken(f"{value.left} bytes follow the value")


def _expanded(make: Callable[[], Stream], block: bytes, out: Outlet) -> None:
    end = expand(make, block, out)
    if end.is_broken:
        raise Broken(f"a block's content is broken: {end.problem}")


def _unzstd(block: bytes, out: Outlet) -> None:
    try:
        out.add(zstandard.ZstdDecompressor(max_window_size=_MEMORY).stream_reader(block).read(out.left))
    except zstandard.ZstdError as error:
        raise Broken(f"a block's content is broken: {error}") from None


def _unsnappy(block: bytes, out: Outlet) -> None:
    raw = block[:-_CHECKSUM]
    try:
        if cramjam.snappy.decompress_raw_len(raw) > out.left:
            raise LimitReached(FULL)
        out.add(bytes(cramjam.snappy.decompress_raw(raw)))
    except cramjam.DecompressionError as error:
        raise Broken(f"a block's content is broken: {error}") from None


_CODECS: dict[bytes, Callable[[bytes, Outlet], None]] = {
    b"null": lambda block, out: out.add(block),
    b"deflate": partial(_expanded, deflate_stream),
    b"zstandard": _unzstd,
    b"snappy": _unsnappy,
    b"bzip2": partial(_expanded, bz2.BZ2Decompressor),
    b"xz": partial(_expanded, lambda: lzma.LZMADecompressor(memlimit=_MEMORY)),
}


@dataclass(slots=True)
class _Container(Datum):
    def file(self) -> None:
        """Reads the header and block after block."""
        header = self.header()
        try:
            schema = orjson.loads(header.get(b"avro.schema", b""))
        except orjson.JSONDecodeError as error:
            raise Broken(f"its schema is no JSON: {error}") from None
        codec = header.get(b"avro.codec", b"null")
        if codec not in _CODECS:
            raise Broken(f"its codec {codec[:20]!r} is not known")
        sync = self.take(_SYNC)
        index, room = 0, self.context.room
        inner = Datum(b"", self.context, False, parts=self.parts, named=dict(names(schema)))
        while self.left:
            count, size = self.zigzag(), self.zigzag()
            packed, after = self.take(size), self.take(_SYNC)
            out = Outlet(room, self.context.deadline)
            try:
                _CODECS[codec](packed, out)
            except LimitReached as limit:
                raise LimitReached(str(limit), self.parts) from None
            if out.spent:
                raise LimitReached(out.spent, self.parts)
            room = out.left
            inner.data, inner.at = out.value(), 0
            for _ in range(count):
                inner.value(schema, f"[{index}].$", (), 0)
                index += 1
            if after != sync:
                raise Broken(f"no end of the block at byte {self.at - _SYNC}")

    def header(self) -> dict[bytes, bytes]:
        """Reads the file's metadata."""
        found: dict[bytes, bytes] = {}
        while count := self.count():
            for _ in range(count):
                name = self.take(self.zigzag())
                found[name] = self.take(self.zigzag())
        return found


DECODER = Decoder(
    "avro",
    decode,
    rank=26,
    hints=(rb"avro\.codec[\x04-\x14](?:deflate|snappy|zstandard|bzip2|xz)",),
    minimum=8,
    binary=True,
    types=_TYPES,
)
