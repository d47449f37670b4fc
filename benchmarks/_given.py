"""Writers of messages that do not describe themselves: reports by the schemas in `schemas`, which the case gives.

`report.binpb` is what `protoc --descriptor_set_out` makes of `report.proto`, `report.bfbs` what `flatc --schema
--binary` makes of `report.fbs`.
"""

import io
import json
import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import fastavro
import flatbuffers

from benchmarks._members import Home, Wrapped, filler
from benchmarks._serialisations import protobuf_field
from leaktap.config import AvroSchema, FlatBufferSchema, ProtobufSchema

_FOLDER = Path(__file__).with_name("schemas")
_NUMBER = re.compile(rb"[1-9][0-9]{5,17}")
_SCHEMA_ID = 7

_BY_NAME, _BY_METHOD, _BY_TEXT, _BY_BINARY, _BY_AVRO = (
    f"{name}.drawn.example" for name in ("name", "method", "fbs", "bfbs", "avro")
)
"""Hosts that messages of one schema each are sent to."""

_METHOD = "/drawn.Collector/Send"

PROTOBUF = (
    ProtobufSchema(descriptors=_FOLDER / "report.proto", message="drawn.Report", host=_BY_NAME),
    ProtobufSchema(descriptors=_FOLDER / "report.binpb", host=_BY_METHOD),
)
FLATBUFFERS = (
    FlatBufferSchema(file=_FOLDER / "report.fbs", host=_BY_TEXT),
    FlatBufferSchema(file=_FOLDER / "report.bfbs", host=_BY_BINARY),
)
AVRO = (AvroSchema(file=_FOLDER / "report.avsc", id=_SCHEMA_ID, host=_BY_AVRO),)


def _report(random: Random, data: bytes, range_: Sequence[int], keyed: bool = True) -> tuple[dict[str, Any], str]:
    """Returns a report with `data` in it, and the path to that. `keyed` schemas have a mapping of texts."""
    others = filler(random, range_)
    texts = [str(value) for _, value in others]
    device = {
        "text": "phone",
        "raw": b"\1\2\3",
        "number": 3,
        "many": texts,
        "extra": dict(zip("abc", texts, strict=False)),
    }
    report = {"page": "home", "time": 1_760_000_000_000, "device": device, "payload": b"\0\1", "score": 0.5}
    ways = ["raw", "payload"]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pass
    else:
        ways += ["text", "many", *["extra"] * keyed] * 2 + ["number"] * (_NUMBER.fullmatch(data) is not None)
    match random.choice(ways):
        case "payload":
            report["payload"], path = data, ".payload"
        case "raw":
            device["raw"], path = data, ".device.raw"
        case "number":
            device["number"], path = int(text), ".device.number"
        case "text":
            device["text"], path = text, ".device.text"
        case "many":
            at = random.randint(0, len(texts))
            texts.insert(at, text)
            path = f".device.many[{at}]"
        case _:
            device["extra"] = {"id": text}
            path = ".device.extra.id"
    return report, path


def protobuf(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a report of `report.proto`, which is told by its host alone, or by the method that is called."""
    home = random.choice((Home(_BY_NAME), Home(_BY_METHOD, _METHOD)))
    report, path = _report(random, data, range_)
    device = report["device"]
    fields: list[tuple[int, Any]] = [(1, device["text"]), (2, device["raw"]), (3, device["number"])]
    fields += [(4, text) for text in device["many"]]
    fields += [(5, protobuf_field(1, key) + protobuf_field(2, text)) for key, text in device["extra"].items()]
    inner = b"".join(protobuf_field(number, value) for number, value in fields)
    outer = [(1, report["page"]), (2, report["time"]), (3, inner), (5, report["payload"]), (6, report["score"])]
    return Wrapped(b"".join(protobuf_field(number, value) for number, value in outer), f"|protobuf{path}", home=home)


def flat(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a report of `report.fbs` by Google's builder: with or without its four letters, or behind its size."""
    report, path = _report(random, data, range_, keyed=False)
    device = report["device"]
    builder = flatbuffers.Builder()
    many = [builder.CreateString(text) for text in device["many"]]
    builder.StartVector(4, len(many), 4)
    for offset in reversed(many):
        builder.PrependUOffsetTRelative(offset)
    vector = builder.EndVector()
    text, raw = builder.CreateString(device["text"]), builder.CreateByteVector(device["raw"])
    builder.StartObject(4)
    for slot, offset in ((0, text), (1, raw), (3, vector)):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependUint64Slot(2, device["number"], 0)
    inner = builder.EndObject()
    page, payload = builder.CreateString(report["page"]), builder.CreateByteVector(report["payload"])
    builder.StartObject(6)
    for slot, offset in ((0, page), (2, inner), (4, payload)):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependInt64Slot(1, report["time"], 0)
    builder.PrependFloat64Slot(5, report["score"], 0.0)
    finish: Callable[..., Any] = random.choice((builder.Finish, builder.FinishSizePrefixed))
    finish(builder.EndObject(), random.choice((None, b"DRWN")))
    return Wrapped(
        bytes(builder.Output()), f"|flatbuffers{path}", home=random.choice((Home(_BY_TEXT), Home(_BY_BINARY)))
    )


def avro(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a report of `report.avsc`: alone, behind its schema's fingerprint, or behind its number in a registry."""
    report, path = _report(random, data, range_)
    schema = fastavro.parse_schema(json.loads((_FOLDER / "report.avsc").read_text(encoding="utf-8")))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, report)
    form = fastavro.schema.to_parsing_canonical_form(schema)
    fingerprint = bytes.fromhex(fastavro.schema.fingerprint(form, "CRC-64-AVRO"))
    head = random.choice((b"", b"\xc3\x01" + fingerprint, b"\0" + struct.pack(">I", _SCHEMA_ID)))
    return Wrapped(head + out.getvalue(), f"|avro.${path}", home=Home(_BY_AVRO))
