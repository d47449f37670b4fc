import io
import json

import fastavro
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.avro import decode

INNER = {
    "type": "record",
    "name": "Inner",
    "fields": [
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "mac", "type": {"type": "fixed", "name": "Mac", "size": 6}},
        {"name": "next", "type": ["null", "Inner"]},
    ],
}
SCHEMA = {
    "type": "record",
    "name": "Report",
    "namespace": "example.report",
    "fields": [
        {"name": "imei", "type": "string"},
        {"name": "lat", "type": ["null", "double"]},
        {"name": "n", "type": "float"},
        {"name": "inner", "type": {"type": "array", "items": INNER}},
        {"name": "map", "type": {"type": "map", "values": "long"}},
        {"name": "raw", "type": "bytes"},
        {"name": "ok", "type": "boolean"},
    ],
}
MAC = bytes.fromhex("a45046123456")
RECORD = {
    "imei": "867530912345673",
    "lat": 31.2304,
    "n": 1.5,
    "inner": [{"kind": "B", "mac": MAC, "next": {"kind": "A", "mac": b"abcdef", "next": None}}],
    "map": {"wifi": -5},
    "raw": b"\x80\x81",
    "ok": True,
}
EXPECTED = {
    ".imei": b"867530912345673",
    ".lat": b"31.2304",
    ".n": b"1.5",
    ".inner[0].kind": b"B",
    ".inner[0].mac": MAC,
    ".inner[0].next.kind": b"A",
    ".inner[0].next.mac": b"abcdef",
    ".map.wifi": b"-5",
    ".raw": b"\x80\x81",
}


def written(schema, records, **options):
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), records, **options)
    return out.getvalue()


FILE = written(SCHEMA, [RECORD])
SAMPLE = (FILE, {})


def values(data, **context):
    return {part.path: part.value for part in decode(data, Context(**context)) or ()}


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz", "snappy"])
def test_file(codec):
    data = written(SCHEMA, [RECORD] * 3, codec=codec)
    assert values(data) == {f"[{i}].${path}": value for i in range(3) for path, value in EXPECTED.items()}


def test_several_blocks():
    data = written("string", [f"text {i}" for i in range(200)], sync_interval=100)
    assert values(data) == {f"[{i}].$": f"text {i}".encode() for i in range(200)}


def test_replaces_its_bytes(follow):
    followed = follow(FILE)
    assert followed.at("|avro[0].$.imei") == [b"867530912345673"] and not followed.at("")


@pytest.mark.parametrize(
    "data", [b"plain text, as it is written", b"Obj is a word of no format, is it", b"Obj\x02" * 9]
)
def test_no_avro(data):
    assert decode(data, Context()) is None


def header(schema, codec=b"null"):
    def text(raw):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, "bytes", raw)
        return out.getvalue()

    pairs = text(b"avro.schema") + text(schema) + text(b"avro.codec") + text(codec)
    return b"Obj\x01\x04" + pairs + b"\0" + bytes(16)


def written_long(number):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", number)
    return out.getvalue()


def test_zstandard():
    text = io.BytesIO()
    fastavro.schemaless_writer(text, "string", "867530912345673")
    packed = zstandard.compress(text.getvalue())
    data = header(b'"string"', b"zstandard") + written_long(1) + written_long(len(packed)) + packed + bytes(16)
    assert values(data) == {"[0].$": b"867530912345673"}


BLOCK = b"\x02\x02a" + bytes(16)


@pytest.mark.parametrize(
    "data",
    [
        FILE[:-1],
        FILE[:30],
        FILE[:-17] + b"\xff" + FILE[-16:-1] + b"\xff",
        header(b"{broken") + BLOCK,
        header(b'"string"', b"rot13") + BLOCK,
        header(b'"string"', b"snappy") + BLOCK,
        header(b'"string"', b"deflate") + BLOCK,
        header(b'"string"', b"xz") + BLOCK,
        header(b'"string"', b"bzip2") + BLOCK,
        header(b'"string"', b"zstandard") + BLOCK,
        header(b'"unheard"') + BLOCK,
        header(b"5") + BLOCK,
        header(b'{"type": "enum", "name": "a"}') + BLOCK,
        header(b'{"type": "fixed", "name": "a"}') + BLOCK,
        header(b"[]") + BLOCK,
        header(b'"string"') + b"\x02\x02\x01" + bytes(16),
        b"Obj\x01" + b"\x02\x7f" * 20,
    ],
)
def test_broken(data):
    with pytest.raises((DecodeError, LimitReached)):
        decode(data, Context())


@pytest.mark.parametrize(
    "schema",
    [
        b'"null"',
        b'{"type": "array", "items": "null"}',
        b'{"type": "record", "name": "A", "fields": []}',
        b'{"type": "record", "name": "A", "fields": [{"name": "a", "type": "A"}, {"name": "b", "type": "A"}]}',
        b"[" * 500 + b"]" * 500,
    ],
)
def test_values_that_take_no_bytes(schema):
    endless = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    with pytest.raises((DecodeError, LimitReached)):
        decode(header(schema) + endless + b"\x14" + endless + bytes(16), Context(most=100))


def test_bomb():
    data = written("string", ["x" * 1_000_000], codec="deflate")
    with pytest.raises(LimitReached, match="bytes"):
        decode(data, Context(room=10_000))


def test_many():
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(written("string", ["x"] * 100), Context(most=10))
    assert len(caught.value.parts) == 10


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({"a": st.text(min_size=1), "b": st.integers(-(2**63), 2**63 - 1)}), max_size=5))
def test_round_trip(records):
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": ["long", "null"]}],
    }
    parts = decode(written(schema, records), Context()) or ()
    assert [part.value for part in parts] == [
        str(value).encode() for record in records for value in (record["a"], record["b"])
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(FILE)))
def test_cut_anywhere(size):
    try:
        decode(FILE[:size], Context())
    except DecodeError as error:
        assert str(error)
