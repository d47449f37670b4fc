import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders.records import decode

TEXTS = [b'{"imei": "867530912345673"}', b'{"mac": "a4:50:46:12:34:56"}', b"hello"]
OPAQUE = [bytes(range(150, 200)), bytes(range(200, 250))]


def varint(value):
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def prefix(size, order):
    return lambda value: value.to_bytes(size, order)


PREFIXES = [prefix(4, "big"), prefix(4, "little"), prefix(2, "big"), prefix(2, "little")]


def joined(records, length):
    return b"".join(length(len(record)) + record for record in records)


SAMPLE = (joined(TEXTS, PREFIXES[0]), {})


def values(data):
    return {part.path: part.value for part in decode(data, Context()) or ()}


@pytest.mark.parametrize("length", PREFIXES)
@pytest.mark.parametrize("records", [TEXTS, [gzip.compress(TEXTS[0])] * 2, TEXTS[:2] * 20])
def test_tiles(records, length):
    assert values(joined(records, length)) == {f"[{index}]": record for index, record in enumerate(records)}


def test_varints():
    messages = [bytes.fromhex("0a0f") + b"867530912345673", bytes.fromhex("08960110051a03") + b"abc", b"hello, you"]
    messages.append(b"\x0a\x96\x01" + b"x" * 150)
    found = values(joined(messages, varint))
    assert found == {f"[{index}]": record for index, record in enumerate(messages)}


@pytest.mark.parametrize("length", PREFIXES[:2])
def test_long_lengths_need_no_sense(length):
    assert values(joined(OPAQUE, length)) == {"[0]": OPAQUE[0], "[1]": OPAQUE[1]}


@pytest.mark.parametrize("length", PREFIXES)
@pytest.mark.parametrize("size", [1, 5, 16])
def test_one_behind_a_header(size, length):
    header = bytes(range(0x90, 0x90 + size))
    body = gzip.compress(TEXTS[0] * 20)
    assert values(header + length(len(body)) + body) == {"[0]": body, ".header": header}


def test_one_alone():
    assert values(joined(TEXTS[:1], PREFIXES[0])) == {"[0]": TEXTS[0]}


@pytest.mark.parametrize(
    "data",
    [
        b"plain text, as it is written",
        joined(TEXTS, PREFIXES[0])[:-1],
        joined(TEXTS, PREFIXES[0]) + b"\0",
        joined(OPAQUE, PREFIXES[2]),
        joined(OPAQUE, varint),
        joined(OPAQUE[:1], PREFIXES[0]),
        b"\0" * 40,
        joined([b"", b"", b"", b"", b"", b"abcdefgh"], PREFIXES[0]),
        bytes(17) + joined(TEXTS[:1], PREFIXES[0]),
        b"\x07\x01\x02\x03\x04\x05\x06\x07\x03abc",
    ],
)
def test_no_records(data):
    assert decode(data, Context()) is None


def test_many():
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(joined([b"abcdef"] * 100, PREFIXES[0]), Context(most=10))
    assert len(caught.value.parts) == 10


def test_what_they_hold_is_followed(follow):
    data = joined([gzip.compress(text) for text in TEXTS[:2]], PREFIXES[1])
    assert follow(data).at("|records[0]|gzip|json.$.imei") == [b"867530912345673"]


@pytest.mark.parametrize("length", PREFIXES)
@given(records=st.lists(st.text("abcdefgh ", min_size=1).map(str.encode), min_size=2))
def test_round_trip(length, records):
    found = values(joined(records, length))
    assert sorted(found.values()) == sorted(records)


@given(st.binary(min_size=8, max_size=100))
def test_parts_lie_in_the_value(data):
    for part in decode(data, Context()) or ():
        assert part.value in data


def test_a_long_text_before_a_short_record(follow):
    text = b"a=1, " * 2738 + b"xyz"
    data = len(text).to_bytes(2) + text + b"\0\x0f867530912345673"
    assert data[:2] == b"5}"
    assert follow(data).values["|records[1]"] == b"867530912345673"
