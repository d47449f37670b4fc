"""What all readers of binary serialisations share; above all, that they do not see themselves everywhere."""

import gzip
import random
import zlib

import pytest

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders._choice import all_decoders, by_first_byte, candidates
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

WITHOUT_MAGIC = ("amf", "bson", "cbor", "jce", "messagepack", "records", "thrift")
READERS = [decoder for decoder in all_decoders() if decoder.name in WITHOUT_MAGIC]
MANY = 10_000


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def word(rng):
    return bytes(rng.choices(b"abcdefghij0123456789-_ ", k=rng.randrange(1, 30)))


def protobuf(rng, depth=0):
    """A message such as a schema's author would write: texts, numbers, doubles and messages in it."""
    out = b""
    for number in sorted(rng.sample(range(1, 20), rng.randrange(1, 7))):
        kind = rng.randrange(6)
        if kind < 2:
            out += varint(number << 3) + varint(rng.randrange(1 << rng.randrange(1, 40)))
        elif kind < 5:
            inner = protobuf(rng, depth + 1) if kind == 4 and depth < 3 else word(rng)
            out += varint(number << 3 | 2) + varint(len(inner)) + inner
        else:
            out += varint(number << 3 | 1) + rng.randbytes(8)
    return out


def png(rng):
    out = b"\x89PNG\r\n\x1a\n"
    sizes = rng.randrange(1, 3000).to_bytes(4) + rng.randrange(1, 3000).to_bytes(4) + b"\x08\x06\0\0\0"
    for kind, data in ((b"IHDR", sizes), (b"IDAT", zlib.compress(rng.randbytes(rng.randrange(1, 200))))):
        out += len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
    return out


def jpeg(rng):
    return bytes.fromhex("ffd8ffe000104a46494600010101004800480000ffdb004300") + rng.randbytes(rng.randrange(10, 300))


FOREIGN = {
    "random": (lambda rng: rng.randbytes(rng.choice((6, 8, 12, 16, 20, 32, 64, 100, 500))), 0.0005),
    "short": (lambda rng: rng.randbytes(rng.randrange(6, 17)), 0.0005),
    "ciphertext": (lambda rng: rng.randbytes(16 * rng.randrange(1, 20)), 0.0005),
    "PNG": (png, 0),
    "JPEG": (jpeg, 0.0005),
    "gzip": (lambda rng: gzip.compress(rng.randbytes(rng.randrange(1, 200))), 0.0005),
    "zlib": (lambda rng: zlib.compress(rng.randbytes(rng.randrange(1, 200))), 0.0005),
    "protobuf": (protobuf, 0.002),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_rate_of_false_readings(kind):
    make, most = FOREIGN[kind]
    rng = random.Random(kind)
    table = by_first_byte()
    wrong = []
    for _ in range(MANY):
        value = make(rng)
        for decoder in candidates(value, table[value[0]]):
            if decoder in READERS and decoder.decode(value, Context()):
                wrong.append((decoder.name, value))
    assert len(wrong) <= most * MANY, wrong[:3]


@pytest.mark.parametrize("decoder", READERS, ids=lambda decoder: decoder.name)
def test_without_magic_is_never_certain(decoder):
    assert decoder.binary
    assert not decoder.certain or decoder.name == "bson"


def test_cut_off():
    reading = Reading(b"abc", Context())
    assert reading.take(2) == b"ab" and reading.left == 1
    for read in (lambda: reading.take(2), lambda: reading.take(-1), lambda: reading.integer(2)):
        with pytest.raises(Broken, match="at byte 2"):
            read()


@pytest.mark.parametrize(
    ("raw", "value"), [(b"\0", 0), (b"\x7f", 127), (b"\x96\x01", 150), (b"\xff" * 9 + b"\x01", 2**64 - 1)]
)
def test_varint(raw, value):
    assert Reading(raw, Context()).varint() == value


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\xff" * 11])
def test_no_varint(raw):
    with pytest.raises(Broken):
        Reading(raw, Context()).varint()


@pytest.mark.parametrize(
    ("number", "text"),
    [(5, b"5"), (-3, b"-3"), (31.2304, b"31.2304"), (867530912345678.0, b"867530912345678"), (2.0**70, b"1.1805916")],
)
def test_numbers_are_decimal(number, text):
    reading = Reading(b"", Context())
    reading.number(number, ".a", ())
    assert reading.parts[0].value.startswith(text) and reading.parts[0].final


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_no_numbers(number):
    reading = Reading(b"", Context())
    reading.number(number, ".a", ())
    assert not reading.parts


def test_names_that_are_data():
    reading = Reading(b"", Context())
    reading.tree({"19900000001": "x"}, ".$", ())
    assert [(part.path, part.value, part.keys) for part in reading.parts] == [
        (".$.19900000001#key", b"19900000001", ()),
        (".$.19900000001", b"x", ("19900000001",)),
    ]


@pytest.mark.parametrize(("facts", "limit"), [({"most": 2}, "parts"), ({"room": 5}, "bytes")])
def test_limits(facts, limit):
    reading = Reading(b"", Context(**facts))
    with pytest.raises(LimitReached, match=limit) as caught:
        reading.tree(["abc", "def", "ghi"], ".$", ())
    assert 1 <= len(caught.value.parts) <= 2


def test_deep_tree():
    tree = "x"
    for _ in range(DEEPEST + 2):
        tree = [tree]
    with pytest.raises(TooDeep):
        Reading(b"", Context()).tree(tree, ".$", ())
