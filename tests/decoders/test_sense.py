"""What tells a container without a magic number by what it holds, and that chance does not."""

import random
import struct
import time

import cbor2
import msgpack
import pytest

from leaktap.config import AvroSchema
from leaktap.decoders._api import Context
from leaktap.decoders._avro_schema import load
from leaktap.decoders._choice import all_decoders, by_first_byte, candidates
from leaktap.decoders._sense import Sense
from tests.decoders.test_reading import FOREIGN, MANY, READERS

IMEI = "867530912345673"
TABLE = by_first_byte()


def sense(seconds=60):
    return Sense(lambda value: candidates(value, TABLE[value[0]]), time.thread_time() + seconds)


def struct_of(raw):
    """A Thrift struct of a number and a string."""
    return b"\x08\0\1\0\0\0\7\x0b\0\2" + struct.pack(">I", len(raw)) + raw + b"\0"


@pytest.mark.parametrize(
    "value",
    [
        IMEI.encode(),
        IMEI.encode("utf-16"),
        IMEI.encode("utf-16-le"),
        struct_of(IMEI.encode()),
        struct_of(struct_of(IMEI.encode("utf-16"))),
        cbor2.dumps({"a": struct_of(IMEI.encode("utf-16-be"))}),
        b"\x0f\x38" + IMEI.encode(),
        b"\x0a\x0bview detail\x12\x06launch\x1a\x40" + random.Random(2).randbytes(64),
    ],
)
def test_opens(value):
    assert sense().opens(value)


@pytest.mark.parametrize("value", [b"\0", bytes(100), random.Random(1).randbytes(100), b"\x0a\x10" + bytes(16)])
def test_opens_not(value):
    assert not sense().opens(value)


def test_late():
    assert not sense(-1).opens(struct_of(IMEI.encode()))


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (struct_of(IMEI.encode("utf-16")), "|thrift.2|text"),
        (struct_of(cbor2.dumps({"a": IMEI.encode("utf-16-le")})), "|thrift.2|cbor.$.a|charset.utf-16-le"),
        (msgpack.packb({"a": IMEI.encode("utf-16")}), "|messagepack.$.a|text"),
        (cbor2.dumps({"a": struct_of(IMEI.encode())}), "|cbor.$.a|thrift.2"),
        (b"\x0b\0\1\0\0\0\x30" + IMEI.encode() + bytes(range(33)) + b"\0", "|thrift.1"),
        (cbor2.dumps({"a": "\0\0\0\x0f" + IMEI + "\0\0\0\4text"}), "|cbor.$.a|records[0]"),
    ],
)
def test_containers_that_hold_nothing_else(follow, value, path):
    assert follow(value).values[path][: len(IMEI)] == IMEI.encode()


@pytest.mark.parametrize("kind", ["random", "short", "ciphertext"])
def test_rate_of_false_readings_with_sense(kind):
    make, most = FOREIGN[kind]
    rng = random.Random(kind)
    asked = sense()
    snappy = next(decoder for decoder in all_decoders() if decoder.name == "snappy")
    wrong = []
    for _ in range(MANY):
        value = make(rng)
        for decoder in candidates(value, TABLE[value[0]]):
            if decoder in (*READERS, snappy) and decoder.decode(value, Context(opens=asked.opens)):
                wrong.append((decoder.name, value))
    assert len(wrong) <= most * MANY, wrong[:3]


def test_what_the_user_has_a_schema_for(tmp_path):
    file = tmp_path / "report.avsc"
    file.write_text('{"type": "record", "name": "R", "fields": [{"name": "a", "type": "bytes"}]}', encoding="utf-8")
    value = b"\xc3\x01" + bytes.fromhex("0102030405060708") + b"\x0a" + bytes(range(0xA0, 0xA5))
    assert not sense().opens(value)
    schema = AvroSchema(file=file, host="a.example")
    described = load(schema)
    value = value.replace(bytes.fromhex("0102030405060708"), described.fingerprint)
    for host, opens in (("a.example", True), ("b.example", False)):
        here = sense()
        here.outside = Context(host=host, schemas=(schema,))
        assert here.opens(value) is opens
