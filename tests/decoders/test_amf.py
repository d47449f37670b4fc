import pyamf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyamf import remoting

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.amf import decode

SAID = Context(content_type="application/x-amf")
IMEI = "867530912345673"
DOCUMENT = {"imei": IMEI, "list": [1, -5, 2.5, IMEI], "large": 867530912345673, "inner": {"a": "b"}, "no": None}
EXPECTED = {
    ".$.imei": IMEI.encode(),
    ".$.list[0]": b"1",
    ".$.list[1]": b"-5",
    ".$.list[2]": b"2.5",
    ".$.list[3]": IMEI.encode(),
    ".$.large": b"867530912345673",
    ".$.inner.a": b"b",
}


def encoded(value, version):
    return pyamf.encode(value, encoding=version).getvalue()


SAMPLE = (encoded(DOCUMENT, 3), {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
@pytest.mark.parametrize("version", [0, 3])
def test_document(version, context):
    assert values(encoded(DOCUMENT, version), context) == EXPECTED


@pytest.mark.parametrize("context", [Context(), SAID])
@pytest.mark.parametrize("version", [0, 3])
def test_packet(version, context):
    envelope = remoting.Envelope(version)
    envelope["/1"] = remoting.Request("report", body=[{"imei": IMEI, "n": 5}], envelope=envelope)
    found = values(remoting.encode(envelope).getvalue(), context)
    assert found == {".report[0].imei": IMEI.encode(), ".report[0].n": b"5"}


def test_command_and_its_objects():
    data = encoded("connect", 0) + encoded(1, 0) + encoded({"app": "live", "imei": IMEI}, 0)
    assert values(data, Context()) == {
        "[0].$": b"connect",
        "[1].$": b"1",
        "[2].$.app": b"live",
        "[2].$.imei": IMEI.encode(),
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0a0b010361060568690362060201", {".$.a": b"hi", ".$.b": b"hi"}),  # a text that was before
        ("0a23010361036203040104050a01060161", None),
        ("0c07616263", {".$": b"abc"}),
        ("08014200000000000000", {".$": b"8589934592"}),
        ("0d050000000005ffffffff", {".$[0]": b"5", ".$[1]": b"-1"}),
        ("0f03003ff8000000000000", {".$[0]": b"1.5"}),
        ("100300010407", {".$[0]": b"7"}),
        ("110300060568690405", {".$[0]#key": b"hi", ".$[0]": b"5"}),
        ("0b0761", None),
        ("04ffffffff", {".$": b"-1"}),
    ],
)
def test_types_of_amf3(data, expected):
    data = b"\x11" + bytes.fromhex(data)
    if expected is None:
        with pytest.raises(DecodeError):
            decode(data, SAID)
    else:
        found = values(data)
        assert {path: found.get(path) for path in expected} == expected


@pytest.mark.parametrize(
    "data",
    [
        b"plain text that is no object",
        b"\0" * 40,
        encoded(DOCUMENT, 0)[:-1],
        encoded(DOCUMENT, 3)[:-2],
        encoded(DOCUMENT, 0) + b"\x1f",
        b"\x0a\xff\xff\xff\xff" + b"\x05" * 20,
        b"\x03\0\x04name\x02\xff\xffabc",
        b"\0\3\0\0\0\1\0\4name\0\0\0\0\0\x05\x02\0\5hello",
        b"\x0a\x00\x0a\x00\x0a\x00\x0a\x00",
        b"\x0a\x0b\x01\x02\x06\x05hi\x01",
    ],
)
def test_no_amf(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize("version", [0, 3])
def test_cut_off_keeps_what_was_before(version):
    with pytest.raises(DecodeError) as caught:
        decode(b"\x11" * (version == 3) + encoded(DOCUMENT, version)[:-4], SAID)
    assert caught.value.parts[0].value == IMEI.encode()


def test_objects_that_hold_themselves():
    document = {"imei": IMEI}
    document["self"] = document
    for version in (0, 3):
        assert values(encoded(document, version)) == {".$.imei": IMEI.encode()}


def test_one_text_a_thousand_times():
    data = encoded(["x" * 1000] * 1000, 3)
    assert len(data) < 10_000
    with pytest.raises(LimitReached, match="bytes"):
        decode(data, SAID._replace(room=50_000))


@pytest.mark.parametrize("data", [b"\x0a\0\0\0\1" * 500, b"\x11" + b"\x09\x03\x01" * 500])
def test_deep(data):
    with pytest.raises(LimitReached, match="depth"):
        decode(data, SAID)


trees = st.recursive(
    st.text(st.characters(codec="utf-8"), min_size=1) | st.integers(-(2**28), 2**28 - 1),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1)
    ),
)


def leaves(tree):
    if isinstance(tree, dict | list):
        return [leaf for item in (tree.values() if isinstance(tree, dict) else tree) for leaf in leaves(item)]
    return [str(tree).encode()]


@pytest.mark.parametrize("version", [0, 3])
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), trees, min_size=1))
def test_round_trip(version, tree):
    parts = decode(encoded(tree, version), SAID) or ()
    assert sorted(part.value for part in parts) == sorted(leaves(tree))
