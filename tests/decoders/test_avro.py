import io
import json
import re

import fastavro
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.config import AvroSchema
from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders._avro_schema import load
from leaktap.decoders._schema import check
from leaktap.decoders.avro import DECODER, decode

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


def schemaless(schema, record):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), record)
    return out.getvalue()


def single(schema, record):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), record)
    form = fastavro.schema.to_parsing_canonical_form(schema)
    return b"\xc3\x01" + bytes.fromhex(fastavro.schema.fingerprint(form, "CRC-64-AVRO")) + out.getvalue()


@pytest.fixture
def described(tmp_path):
    """Writes a schema's file and returns it as the case would say it."""

    def write(schema, **said):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.avsc"
        file.write_text(json.dumps(schema))
        return AvroSchema(file=file, **said)

    return write


OTHER = {"type": "record", "name": "Other", "fields": [{"name": "n", "type": "long"}]}


@pytest.mark.parametrize("begin", [b"", b"\0\0\0\0\x07", "single"])
@pytest.mark.parametrize("said", [{}, {"id": 7}])
def test_a_value_alone_is_read_by_its_schema(described, begin, said):
    data = single(SCHEMA, RECORD) if begin == "single" else begin + schemaless(SCHEMA, RECORD)
    schemas = (described(OTHER), described(SCHEMA, **said))
    assert values(data, schemas=schemas) == {f".${path}": value for path, value in EXPECTED.items()}


def test_of_several_bodies_each_is_read_by_its_own(described, follow):
    schemas = (described(SCHEMA, host="one.example", path="/a"), described(OTHER, host="two.example"))
    followed = follow(schemaless(SCHEMA, RECORD), schemas=schemas, host="api.one.example", path="/a/b")
    assert followed.at("|avro.$.imei") == [b"867530912345673"] and not followed.at("")


@pytest.mark.parametrize(
    ("data", "said", "context"),
    [
        (schemaless(SCHEMA, RECORD), {"host": "one.example"}, {"host": "other.example"}),
        (schemaless(SCHEMA, RECORD), {"path": "/a"}, {"path": "/b"}),
        (schemaless(SCHEMA, RECORD)[:-1], {}, {}),
        (schemaless(SCHEMA, RECORD) + b"\0", {}, {}),
        (b"\0\0\0\0\x08" + schemaless(SCHEMA, RECORD), {"id": 7}, {}),
        (single(OTHER, {"n": 5}), {}, {}),
        (b"\xc3\x01" + bytes(8) + schemaless(SCHEMA, RECORD), {}, {}),
        (bytes(200), {}, {}),
        (bytes(range(256)), {}, {}),
        (b'{"imei": "867530912345673"}', {}, {}),
    ],
)
def test_what_is_not_of_the_schema(described, data, said, context):
    assert decode(data, Context(schemas=(described(SCHEMA, **said),), **context)) is None


@pytest.mark.parametrize(
    ("data", "context"),
    [
        (single(SCHEMA, RECORD)[:-3], {}),
        (single(SCHEMA, RECORD) + b"!", {}),
        (schemaless(SCHEMA, RECORD)[:-3], {"content_type": "avro/binary"}),
        (b"\0\0\0\0\x07" + schemaless(SCHEMA, RECORD)[:-3], {}),
    ],
)
def test_what_is_said_to_be_of_it_and_broken(described, data, context):
    with pytest.raises(DecodeError) as caught:
        decode(data, Context(schemas=(described(SCHEMA, id=7),), **context))
    assert caught.value.parts[0].value == b"867530912345673"


def test_a_type_is_known_before_it_is_met(described):
    """What defines it may be the branch of a union that is not taken."""
    first = {"name": "first", "type": ["null", INNER]}
    fields = [first, {"name": "second", "type": "Inner"}, {"name": "imei", "type": "string"}]
    schema = {"type": "record", "name": "Both", "fields": fields}
    record = {"first": None, "second": RECORD["inner"][0], "imei": "867530912345673"}
    expected = {".$.second.mac": MAC, ".$.imei": b"867530912345673"}
    assert expected.items() <= values(schemaless(schema, record), schemas=(described(schema),)).items()
    assert (
        expected.items()
        <= {path.removeprefix("[0]"): value for path, value in values(written(schema, [record])).items()}.items()
    )


SCHEMAS = [
    "string",
    {"type": "long", "logicalType": "timestamp-millis"},
    SCHEMA,
    OTHER,
    {"type": "array", "items": [INNER, "null"]},
    {"type": "map", "values": {"type": "fixed", "name": "a.b.F", "size": 3, "doc": "x"}},
    {
        "name": "R",
        "namespace": "x.y",
        "doc": "what",
        "aliases": ["Q"],
        "type": "record",
        "fields": [
            {"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["P", "Q"], "default": "P"}, "default": "P"},
            {"name": "b", "type": ["E", "null", {"type": "record", "name": "z.S", "fields": []}]},
            {"name": "c", "type": {"type": "string", "avro.java.string": "String"}, "order": "ignore"},
            {"name": "d", "type": "z.S"},
        ],
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_fingerprints(described, schema):
    form = fastavro.schema.to_parsing_canonical_form(fastavro.parse_schema(json.loads(json.dumps(schema))))
    judge = bytes.fromhex(fastavro.schema.fingerprint(form, "CRC-64-AVRO"))
    assert load(described(schema)).fingerprint == judge


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"),
        ('"text"', "there is no type 'text'"),
        ("5", "is no type"),
        ('{"type": 5}', "is no type"),
        ('{"type": "record", "name": "R"}', "R has no fields"),
        ('{"type": "record", "fields": []}', "record has no name"),
        ('[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]', "F is described twice"),
        ("[" * 500 + "]" * 500, "too deeply"),
        ("[" * 1500 + "]" * 1500, "no JSON"),
    ],
)
def test_schemas_that_cannot_be_used_are_said(tmp_path, text, why):
    file = tmp_path / "bad.avsc"
    file.write_text(text)
    faults = list(check([AvroSchema(file=file)]))
    assert len(faults) == 1 and why in faults[0].why
    (fault,) = check([AvroSchema(file=tmp_path / "none.avsc")])
    assert fault.why.startswith("cannot be read")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    file = tmp_path_factory.mktemp("avro") / "report.avsc"
    file.write_text(json.dumps(SCHEMA))
    return AvroSchema(file=file, id=7)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=80), head=st.sampled_from([b"", b"\0\0\0\0\x07", single(SCHEMA, RECORD)[:10]]))
def test_any_bytes(report, data, head):
    try:
        parts = decode(head + data, Context(schemas=(report,), most=20)) or ()
    except (DecodeError, LimitReached) as error:
        parts = error.parts
    assert len(parts) <= 20


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_a_file_whose_blocks_are_compressed_is_hinted_at(codec):
    (hint,) = DECODER.hints
    head = b"Obj\x01\x04\x14avro.codec" + bytes([len(codec) * 2]) + codec.encode() + b"\x16avro.schema"
    assert re.search(hint, head)
    assert not re.search(hint, head.replace(codec.encode(), b"null"))
    assert not re.search(hint, b'{"avro.codec": "' + codec.encode() + b'"}')
