from random import Random

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.messagepack import decode
from tests.decoders._documents import (
    DOCUMENT,
    EXPECTED,
    TREES,
    bears_a_cut,
    keeps_what_was_before,
    leaves,
    stops_at_its_limits,
)

SAID = Context(content_type="application/x-msgpack")
SAMPLE = (msgpack.packb(DOCUMENT), {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
@pytest.mark.parametrize("options", [{}, {"use_bin_type": False}, {"use_single_float": False}])
def test_document(context, options):
    assert values(msgpack.packb(DOCUMENT, **options), context) == EXPECTED


def test_stream_of_several_objects():
    data = msgpack.packb(["867530912345673", 3]) + msgpack.packb({"a": "hello"}) + msgpack.packb([5])
    assert values(data, Context()) == {
        "[0].$[0]": b"867530912345673",
        "[0].$[1]": b"3",
        "[1].$.a": b"hello",
        "[2].$[0]": b"5",
    }


def test_names():
    parts = decode(msgpack.packb({"a": {"b": [{7: "hello"}]}}), Context())
    assert [(part.path, part.keys) for part in parts] == [(".$.a.b[0].7", ("a", "b", "7"))]


@pytest.mark.parametrize("number", [0, 127, 128, 2**16, 2**32, 2**64 - 1, -1, -32, -33, -(2**15), -(2**31), -(2**63)])
def test_numbers(number):
    assert values(msgpack.packb([number])) == {".$[0]": str(number).encode()}


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, 65535, 65536])
@pytest.mark.parametrize("kind", [str, bytes])
def test_sizes(size, kind):
    data = b"x" * size
    packed = msgpack.packb([data.decode() if kind is str else data, "end"])
    assert values(packed).get(".$[0]", b"") == data


def test_long_containers():
    packed = msgpack.packb([[7] * 20, [7] * 70_000, {str(i): "x" for i in range(20)}])
    found = values(packed)
    assert len(found) == 20 + 70_000 + 20


def test_types_of_applications():
    assert values(msgpack.packb([msgpack.ExtType(5, b"abcd"), msgpack.ExtType(6, b"x" * 20)])) == {
        ".$[0]": b"abcd",
        ".$[1]": b"x" * 20,
    }


@pytest.mark.parametrize(
    "data",
    [
        b"plain text that is no object",
        msgpack.packb("a string alone"),
        msgpack.packb([1, 2, 3, 4, 5, 6, 7]),
        msgpack.packb({1: 2, 3: 4, 5: 6}),
        msgpack.packb(DOCUMENT)[:-1],
        msgpack.packb(DOCUMENT) + b"\x05",
        msgpack.packb(DOCUMENT) + b"\xc1",
        msgpack.packb([b"\x81\x92\xff" * 20, "x"]),
        b"\xdd\xff\xff\xff\xff" + b"abc" * 10,
        b"\x91" * 500,
        b"\x82\xc0\xc0\xc0\xc0abcd",
    ],
)
def test_no_messagepack(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize("name", ["ext", "user", "deviceId"])
@pytest.mark.parametrize("size", [8, 16, 20, 32, 64])
@pytest.mark.parametrize("use_bin_type", [True, False])
def test_lone_bytes_under_a_name_that_end_where_the_value_does(name, size, use_bin_type):
    raw = bytes(range(130, 130 + size))
    data = msgpack.packb({name: raw}, use_bin_type=use_bin_type)
    assert [(part.path, part.value) for part in decode(data, Context()) or ()] == [(f".$.{name}", raw)]
    assert decode(data[:-1], Context()) is None
    assert decode(data + b"\xc0", Context()) is None


@pytest.mark.parametrize("size", [12, 16, 20, 31])
def test_a_length_that_has_a_byte_of_its_own_proves_more(size):
    raw = bytes(range(130, 130 + size))
    assert values(msgpack.packb({"a": raw}), Context()) == {".$.a": raw}
    assert decode(msgpack.packb({"a": raw}, use_bin_type=False), Context()) is None
    assert decode(b"\x81\xa1a\xc4" + bytes([size - 1]) + raw, Context()) is None


def test_a_number_that_is_small_for_its_bytes_proves_more():
    assert values(msgpack.packb({"a": 19900001099}), Context()) == {".$.a": b"19900001099"}
    assert decode(msgpack.packb({"a": 1 << 63}), Context()) is None


def test_random_bytes_are_rarely_messagepack():
    random = Random(5)
    found = [decode(b"\x81" + random.randbytes(random.randint(8, 40)), Context()) for _ in range(20_000)]
    assert sum(map(bool, found)) < 5


@pytest.mark.parametrize(
    "data", [msgpack.packb({"a": bytes(range(130, 134))}, use_bin_type=False), msgpack.packb([bytes(range(130, 140))])]
)
def test_too_little_to_tell(data):
    assert decode(data, Context()) is None


def test_cut_off_keeps_what_was_before():
    keeps_what_was_before(decode, msgpack.packb(DOCUMENT)[:-3], SAID)


def test_limits():
    stops_at_its_limits(decode, b"\x91" * 100_000 + b"\x01", msgpack.packb(["x"] * 100), SAID)


def test_what_it_holds_is_followed(follow):
    data = msgpack.packb({"data": '{"imei": "867530912345673"}'})
    assert follow(data).at("|messagepack.$.data|json.$.imei") == [b"867530912345673"]


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_round_trip(tree):
    parts = decode(msgpack.packb(tree), SAID) or ()
    assert [part.value for part in parts if "#key" not in part.path] == leaves(tree)


@settings(max_examples=100, deadline=None)
@given(TREES, st.data())
def test_cut_anywhere(tree, cut):
    data = msgpack.packb(tree)
    data = data[: cut.draw(st.integers(1, len(data)))]
    bears_a_cut(decode, data, SAID)
