from random import Random

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.cbor import decode
from tests.decoders._documents import (
    DOCUMENT,
    EXPECTED,
    TREES,
    bears_a_cut,
    keeps_what_was_before,
    leaves,
    stops_at_its_limits,
)

SAID = Context(content_type="application/cbor")
SAMPLE = (cbor2.dumps(DOCUMENT), {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID, Context(content_type="application/cose+cbor")])
def test_document(context):
    assert values(cbor2.dumps(DOCUMENT), context) == EXPECTED


def test_magic(follow):
    data = cbor2.dumps(cbor2.CBORTag(55799, {"imei": "867530912345673", "n": 5}))
    assert set(follow(data).values) == {"|cbor.$.imei", "|cbor.$.n"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("9f01820203 9f0405ffff", [b"1", b"2", b"3", b"4", b"5"]),  # RFC 8949, appendix A
        ("bf6346756ef563416d7421ff", [b"-2"]),
        ("7f657374726561646d696e67ff", [b"streaming"]),
        ("5f42010243030405ff", [bytes.fromhex("0102030405")]),
        ("c249010000000000000000", [b"18446744073709551616"]),
        ("c349010000000000000000", [b"-18446744073709551617"]),
        ("c074323031332d30332d32315432303a30343a30305a", [b"2013-03-21T20:04:00Z"]),
        ("c11a514b67b0", [b"1363896240"]),
        ("d818456449455446", [b"dIETF"]),
        ("f93e00", [b"1.5"]),
        ("fa47c35000", [b"100000"]),
        ("fbc010666666666666", [b"-4.1"]),
        ("f97c00", []),
        ("f7", []),
        ("f818", []),
        ("3bffffffffffffffff", [b"-18446744073709551616"]),
    ],
)
def test_examples_of_the_standard(item, expected):
    found = values(bytes.fromhex(item))
    assert [*found.values()] == expected


def test_stream_of_several_objects():
    data = cbor2.dumps(["867530912345673", 3]) + cbor2.dumps({"a": "hello"}) + cbor2.dumps([5])
    assert values(data, Context()) == {
        "[0].$[0]": b"867530912345673",
        "[0].$[1]": b"3",
        "[1].$.a": b"hello",
        "[2].$[0]": b"5",
    }


def test_names():
    parts = decode(cbor2.dumps({"a": {"b": [{7: "hello"}]}}), Context())
    assert [(part.path, part.keys) for part in parts] == [(".$.a.b[0].7", ("a", "b", "7"))]


@pytest.mark.parametrize("number", [0, 127, 128, 2**16, 2**32, 2**64 - 1, -1, -32, -33, -(2**15), -(2**31), -(2**63)])
def test_numbers(number):
    assert values(cbor2.dumps([number])) == {".$[0]": str(number).encode()}


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, 65535, 65536])
@pytest.mark.parametrize("kind", [str, bytes])
def test_sizes(size, kind):
    data = b"x" * size
    packed = cbor2.dumps([data.decode() if kind is str else data, "end"])
    assert values(packed).get(".$[0]", b"") == data


def test_long_containers():
    packed = cbor2.dumps([[7] * 20, [7] * 70_000, {str(i): "x" for i in range(20)}])
    found = values(packed)
    assert len(found) == 20 + 70_000 + 20


@pytest.mark.parametrize(
    "data",
    [
        b"plain text that is no object",
        cbor2.dumps("a string alone"),
        cbor2.dumps([1, 2, 3, 4, 5, 6, 7]),
        cbor2.dumps({1: 2, 3: 4, 5: 6}),
        cbor2.dumps(DOCUMENT)[:-1],
        cbor2.dumps(DOCUMENT) + b"\x05",
        cbor2.dumps(DOCUMENT) + b"\xff",
        cbor2.dumps([b"\x81\x92\xff" * 20, "x"]),
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff" + b"abc" * 10,
        b"\x81" * 500,
        b"\x9f" * 500,
        b"\xd9\x01\x00\x81\x65hello",
        b"\xa1\xf6\x65hello",
    ],
)
def test_no_cbor(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize("name", ["ext", "user", "deviceId"])
@pytest.mark.parametrize("size", [8, 16, 20, 32, 64])
def test_lone_bytes_under_a_name_that_end_where_the_value_does(name, size):
    raw = bytes(range(130, 130 + size))
    data = cbor2.dumps({name: raw})
    assert [(part.path, part.value) for part in decode(data, Context()) or ()] == [(f".$.{name}", raw)]
    assert decode(data[:-1], Context()) is None
    assert decode(data + b"\xa0", Context()) is None


def test_a_number_that_is_small_for_its_bytes_proves_more():
    assert [part.value for part in decode(cbor2.dumps({"a": 19900001099}), Context())] == [b"19900001099"]
    assert decode(cbor2.dumps({"a": 1 << 63}), Context()) is None


def test_random_bytes_are_rarely_cbor():
    random = Random(5)
    found = [decode(b"\xa1" + random.randbytes(random.randint(8, 40)), Context()) for _ in range(20_000)]
    assert not any(found)


@pytest.mark.parametrize("data", [cbor2.dumps({"a": bytes(range(130, 134))}), cbor2.dumps([bytes(range(130, 140))])])
def test_too_little_to_tell(data):
    assert decode(data, Context()) is None


def test_cut_off_keeps_what_was_before():
    keeps_what_was_before(decode, cbor2.dumps(DOCUMENT)[:-3], SAID)


def test_limits():
    stops_at_its_limits(decode, b"\x81" * 100_000 + b"\x01", cbor2.dumps(["x"] * 100), SAID)


def test_what_it_holds_is_followed(follow):
    data = cbor2.dumps({"data": '{"imei": "867530912345673"}'})
    assert follow(data).at("|cbor.$.data|json.$.imei") == [b"867530912345673"]


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_round_trip(tree):
    parts = decode(cbor2.dumps(tree), SAID) or ()
    assert [part.value for part in parts if "#key" not in part.path] == leaves(tree)


@settings(max_examples=100, deadline=None)
@given(TREES, st.data())
def test_cut_anywhere(tree, cut):
    data = cbor2.dumps(tree)
    data = data[: cut.draw(st.integers(1, len(data)))]
    bears_a_cut(decode, data, SAID)


def test_a_long_text_in_utf_16():
    text = ("imei=867530912345673&fill=" + "0" * 200_000).encode("utf-16-le")
    head = cbor2.dumps({"a": 1, "kind": "form"})
    data = bytes([head[0] + 1]) + head[1:] + cbor2.dumps("data") + b"\x7a" + len(text).to_bytes(4) + text
    assert values(data, Context())[".$.data"] == text
