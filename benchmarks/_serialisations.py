"""Writers of binary serialisations: libraries where there are any, the specifications' own words where not."""

import io
import json
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import cbor2
import fastavro
import msgpack

from benchmarks._members import FEW, Wrapped, a_name, as_number, document, filler, shuffled


def _as_bytes_or_text(random: Random, data: bytes) -> bytes | str:
    try:
        return data.decode() if random.random() < 0.8 else data
    except UnicodeDecodeError:
        return data


def messagepack(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, as_number(random, _as_bytes_or_text(random, data)), range_)
    return Wrapped(msgpack.packb(tree), f"|messagepack{path}")


def cbor(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, as_number(random, _as_bytes_or_text(random, data)), range_)
    return Wrapped(cbor2.dumps(tree), f"|cbor{path}")


def bson(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, as_number(random, _as_bytes_or_text(random, data)), range_)
    return Wrapped(bson_document(tree.items()), f"|bson{path}")


def bson_document(members: Iterable[tuple[str, Any]]) -> bytes:
    """Writes a document (https://bsonspec.org/spec.html)."""
    out = b"".join(_bson_element(name.encode() + b"\0", value) for name, value in members)
    return struct.pack("<i", len(out) + 5) + out + b"\0"


def _bson_element(name: bytes, value: Any) -> bytes:
    match value:
        case dict():
            return b"\x03" + name + bson_document(value.items())
        case list():
            return b"\x04" + name + bson_document((str(index), item) for index, item in enumerate(value))
        case str():
            return b"\x02" + name + struct.pack("<i", len(value.encode()) + 1) + value.encode() + b"\0"
        case bytes():
            return b"\x05" + name + struct.pack("<i", len(value)) + b"\0" + value
        case int():
            return b"\x12" + name + struct.pack("<q", value)
        case _:
            return b"\x01" + name + struct.pack("<d", value)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


@dataclass(frozen=True, slots=True)
class _Group:
    """A message that stands between marks instead of behind its length."""

    message: bytes


def protobuf(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes fields (https://protobuf.dev/programming-guides/encoding/), now and then in an inner message or group."""
    step = ""
    inner: Any = as_number(random, data)
    if isinstance(inner, int) and random.random() < 0.3:
        inner, step = _varint(inner) + _varint(1_760_000_000_000), "[0]"  # packed
    for around in (FEW, range_) if random.random() < 0.5 else (range_,):
        others: list[Any] = [value for _, value in filler(random, around)]
        numbers = sorted(random.sample(range(1, len(others) + 30), len(others) + 1))
        at = random.randrange(len(numbers))
        others.insert(at, inner)
        message = b"".join(map(protobuf_field, numbers, others))
        step = f".{numbers[at]}{step}"
        inner = message
        if random.random() < 0.3:
            inner = _Group(message)
    return Wrapped(message, f"|protobuf{step}")


def protobuf_field(number: int, value: Any) -> bytes:
    """Returns a field: numbers as varints or doubles, everything else behind its length."""
    if isinstance(value, _Group):
        return _varint(number << 3 | 3) + value.message + _varint(number << 3 | 4)
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def jce(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a struct (https://doc.tarsyun.com/#/base/tars-protocol.md)."""
    others: list[Any] = [value for _, value in filler(random, (max(range_[0], 1), range_[1]))]
    at = random.randint(0, len(others))
    others.insert(at, as_number(random, data))
    return Wrapped(b"".join(_jce_field(tag, value) for tag, value in enumerate(others)), f"|jce.{at}")


def _jce_head(tag: int, kind: int) -> bytes:
    return bytes((tag << 4 | kind,)) if tag < 15 else bytes((0xF0 | kind, tag))


def _jce_field(tag: int, value: Any) -> bytes:
    if isinstance(value, int):
        return _jce_head(tag, 3) + struct.pack(">q", value)
    if isinstance(value, float):
        return _jce_head(tag, 5) + struct.pack(">d", value)
    raw = value.encode() if isinstance(value, str) else value
    if isinstance(value, str) and len(raw) < 256:
        return _jce_head(tag, 6) + bytes((len(raw),)) + raw
    return _jce_head(tag, 13) + b"\0" + _jce_head(0, 2) + struct.pack(">i", len(raw)) + raw


def thrift(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a struct by the Apache library."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.protocol.TCompactProtocol import TCompactProtocol
    from thrift.Thrift import TType
    from thrift.transport.TTransport import TMemoryBuffer

    transport = TMemoryBuffer()
    protocol = random.choice((TBinaryProtocol, TCompactProtocol))(transport)
    others: list[Any] = [value for _, value in filler(random, (max(range_[0], 1), range_[1]))]
    at = random.randint(0, len(others))
    others.insert(at, as_number(random, data))
    protocol.writeStructBegin("")
    for number, value in enumerate(others, 1):
        kind = {int: TType.I64, float: TType.DOUBLE}.get(type(value), TType.STRING)
        protocol.writeFieldBegin("", kind, number)
        if kind == TType.STRING:
            protocol.writeBinary(value.encode() if isinstance(value, str) else value)
        else:
            (protocol.writeI64 if kind == TType.I64 else protocol.writeDouble)(value)
        protocol.writeFieldEnd()
    protocol.writeFieldStop()
    protocol.writeStructEnd()
    return Wrapped(transport.getvalue(), f"|thrift.{at + 1}")


def amf(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes an anonymous object: of AMF0 (Adobe's specification, section 2.5), or of AMF3 by a library."""
    name = a_name(random)
    if random.random() < 0.3:
        import pyamf

        members = dict(shuffled(random, name, data.decode(), filler(random, range_)))
        return Wrapped(pyamf.encode(members, encoding=pyamf.AMF3).getvalue(), f"|amf.$.{name}")
    out = b"\x03"
    for key, value in shuffled(random, name, data.decode(), filler(random, range_)):
        raw = key.encode()
        out += struct.pack(">H", len(raw)) + raw
        if isinstance(value, str):
            text = value.encode()
            out += (
                b"\x02" + struct.pack(">H", len(text))
                if len(text) < 1 << 16
                else b"\x0c" + struct.pack(">I", len(text))
            )
            out += text
        else:
            out += b"\0" + struct.pack(">d", value)
    return Wrapped(out + b"\0\0\x09", f"|amf.$.{name}")


def avro(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a container file, which has its schema with it."""
    name = re.sub(r"\W", "_", a_name(random), flags=re.ASCII)
    members = shuffled(random, name, _as_bytes_or_text(random, data), filler(random, range_))
    kinds = {str: "string", bytes: "bytes", int: "long", float: "double"}
    fields = [{"name": key, "type": kinds[type(value)]} for key, value in members]
    out = io.BytesIO()
    schema = fastavro.parse_schema({"type": "record", "name": "Event", "fields": fields})
    fastavro.writer(out, schema, [dict(members)], codec=random.choice(("null", "deflate")), sync_marker=b"-" * 16)
    return Wrapped(out.getvalue(), f"|avro[0].$.{name}")


def records(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes records behind their lengths of four bytes, and texts also of two."""
    others = [json.dumps({key: value}).encode() for key, value in filler(random, (max(range_[0], 1), range_[1]))]
    at = random.randint(0, len(others))
    others.insert(at, data)
    short = data.isascii() and data.decode().isprintable() and len(data) < 1 << 16
    layout = random.choice((">I", "<I", ">H", "<H") if short else (">I", "<I"))
    return Wrapped(b"".join(struct.pack(layout, len(each)) + each for each in others), f"|records[{at}]")
