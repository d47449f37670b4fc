"""Avro object container files (https://avro.apache.org/docs/1.12.0/specification/#object-container-files).

They carry their schema, so that members have their names: a record is `[i].$`, with `.name` and `[index]` below. What
is written without its schema cannot be read and is left alone.
"""

import bz2
import lzma
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import cramjam
import orjson
import zstandard

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._inflate import FULL, Outlet, Stream, deflate_stream, expand
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_TYPES = ("application/avro", "avro/binary", "application/vnd.apache.avro*")
_MAGIC = b"Obj\x01"
_SYNC = 16
_CHECKSUM = 4
_MEMORY = 64 << 20
_READ_PER_PART = 10


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the records."""
    if not data.startswith(_MAGIC):
        return None
    reading = _Reading(data, context, strictly=False, at=len(_MAGIC))
    return reading.outcome(reading.file)


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
class _Reading(Reading):
    named: dict[str, Any] = field(default_factory=dict)
    read: int = 0

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
        inner = _Reading(b"", self.context, False, parts=self.parts)
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

    def count(self) -> int:
        """Reads how many values of an array or map follow; their size in bytes may be said as well."""
        count = self.zigzag()
        if count < 0:
            self.zigzag()
        return abs(count)

    def value(self, schema: Any, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a value as its schema says."""
        self.read += 1
        if self.read > self.context.most * _READ_PER_PART:
            raise LimitReached("parts", self.parts)
        if depth > DEEPEST:
            raise TooDeep
        if isinstance(schema, list):
            index = self.zigzag()
            if not 0 <= index < len(schema):
                raise Broken(f"a union has no branch {index}")
            self.value(schema[index], path, keys, depth + 1)
            return
        if isinstance(schema, str) and schema in self.named:
            schema = self.named[schema]
        kind = schema.get("type") if isinstance(schema, dict) else schema
        if not isinstance(kind, str):
            self.value(kind, path, keys, depth + 1)
        elif isinstance(schema, dict) and kind in _COMPLEX:
            self.define(schema)
            _COMPLEX[kind](self, schema, path, keys, depth)
        elif isinstance(schema, dict) and kind in self.named:
            self.value(kind, path, keys, depth + 1)
        else:
            self.primitive(kind, path, keys)

    def define(self, schema: dict[str, Any]) -> None:
        """Keeps a schema by its name, with and without its namespace."""
        name = schema.get("name")
        if isinstance(name, str):
            self.named[name] = self.named[name.rpartition(".")[2]] = schema
            if isinstance(schema.get("namespace"), str):
                self.named[f"{schema['namespace']}.{name}"] = schema

    def primitive(self, kind: str, path: str, keys: tuple[str, ...]) -> None:
        """Reads a value without members."""
        if kind == "string":
            self.text(self.take(self.zigzag()), path, keys)
        elif kind == "bytes":
            self.blob(self.take(self.zigzag()), path, keys)
        elif kind in ("int", "long"):
            self.number(self.zigzag(), path, keys)
        elif kind in ("float", "double"):
            self.real(4 if kind == "float" else 8, "little", path, keys)
        elif kind == "boolean":
            self.byte()
        elif kind != "null":
            raise Broken(f"its schema uses the type {kind[:40]!r}, which is not known")

    def record(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the fields of a record."""
        for member in _dicts(schema.get("fields")):
            here = self.name(str(member.get("name")).encode("utf-8", "replace"), path, keys)
            self.value(member.get("type"), *here, depth + 1)

    def enumeration(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads one of several names."""
        index, symbols = self.zigzag(), schema.get("symbols")
        if not isinstance(symbols, list) or not 0 <= index < len(symbols):
            raise Broken(f"an enumeration has no symbol {index}")
        self.text(str(symbols[index]).encode("utf-8", "replace"), path, keys)

    def array(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the elements of an array."""
        index = 0
        while count := self.count():
            for _ in range(count):
                self.value(schema.get("items"), f"{path}[{index}]", keys, depth + 1)
                index += 1

    def map(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the members of a map."""
        while count := self.count():
            for _ in range(count):
                here = self.name(self.take(self.zigzag()), path, keys)
                self.value(schema.get("values"), *here, depth + 1)

    def fixed(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads bytes of a size that the schema says."""
        size = schema.get("size")
        self.blob(self.take(size if isinstance(size, int) else -1), path, keys)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_COMPLEX: dict[str, Callable[[_Reading, dict[str, Any], str, tuple[str, ...], int], None]] = {
    "record": _Reading.record,
    "error": _Reading.record,
    "enum": _Reading.enumeration,
    "array": _Reading.array,
    "map": _Reading.map,
    "fixed": _Reading.fixed,
}

DECODER = Decoder("avro", decode, rank=26, certain=True, minimum=24, starts=b"O", types=_TYPES)
