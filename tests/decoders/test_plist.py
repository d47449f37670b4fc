import datetime
import plistlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.plist import decode

DOCUMENT = {
    "imei": "867530912345673",
    "list": [1, -2, 2**63, 31.2304, True],
    "mac": bytes.fromhex("a45046123456"),
    "name": "张三",
    "inner": {"a b": {"c": "d"}},
    "19900000001": "x",
}
EXPECTED = {
    ".$.imei": b"867530912345673",
    ".$.list[0]": b"1",
    ".$.list[1]": b"-2",
    ".$.list[2]": b"9223372036854775808",
    ".$.list[3]": b"31.2304",
    ".$.mac": bytes.fromhex("a45046123456"),
    ".$.name": "张三".encode(),
    ".$.inner['a b'].c": b"d",
    ".$.19900000001": b"x",
    ".$.19900000001#key": b"19900000001",
}
FORMATS = [plistlib.FMT_XML, plistlib.FMT_BINARY]
BINARY = plistlib.dumps(DOCUMENT, fmt=plistlib.FMT_BINARY)
SAMPLE = (BINARY, {})


def values(data, **context):
    return {part.path: part.value for part in decode(data, Context(**context)) or ()}


@pytest.mark.parametrize("kind", FORMATS)
def test_document(kind):
    assert values(plistlib.dumps(DOCUMENT, fmt=kind)) == EXPECTED


@pytest.mark.parametrize("kind", FORMATS)
def test_replaces_its_bytes(kind, follow):
    followed = follow(plistlib.dumps({"imei": '{"a": "867530912345673"}'}, fmt=kind))
    assert followed.values == {"|plist.$.imei|json.$.a": b"867530912345673"}


def test_names():
    part = decode(plistlib.dumps({"a": {"b": ["x"]}}, fmt=plistlib.FMT_BINARY), Context())[0]
    assert part.keys == ("a", "b")


@pytest.mark.parametrize("number", [0, 255, 256, 65535, 2**32, 2**63 - 1, 2**64 - 1, -1, -(2**63)])
def test_numbers(number):
    assert values(plistlib.dumps([number], fmt=plistlib.FMT_BINARY)) == {".$[0]": str(number).encode()}


def test_other_types():
    date = datetime.datetime(2001, 1, 1, 0, 1)
    data = plistlib.dumps(["x" * 300, date, plistlib.UID(5), b"y" * 20], fmt=plistlib.FMT_BINARY)
    assert values(data) == {".$[0]": b"x" * 300, ".$[1]": b"60", ".$[3]": b"y" * 20}


def binary(objects, offsets=None, count=None, top=0):
    """A binary list of raw objects, with references of one byte."""
    data, places = b"bplist00", []
    for each in objects:
        places.append(len(data))
        data += each
    table = b"".join(place.to_bytes(2) for place in offsets or places)
    count = len(objects) if count is None else count
    return data + table + bytes(6) + b"\x02\x01" + b"".join(n.to_bytes(8) for n in (count, top, len(data)))


def test_loops_end():
    assert values(binary([b"\xa2\x00\x01", b"\x51x"])) == {".$[1]": b"x"}
    assert values(binary([b"\xd1\x01\x00", b"\x51k"])) == {}
    assert values(binary([b"\xa1\x01", b"\xa2\x00\x02", b"\x51x"])) == {".$[0][1]": b"x"}


def test_tree_that_doubles_with_every_level():
    objects = [b"\xa2" + bytes([i + 1, i + 1]) for i in range(60)] + [b"\xa0"]
    with pytest.raises(LimitReached, match="parts"):
        decode(binary(objects), Context(most=1000))
    with pytest.raises(LimitReached, match="parts"):
        decode(binary([*objects[:-1], b"\x51x"]), Context(most=1000))


def test_one_text_many_times():
    data = binary([b"\xaf\x10\xf0" + b"\x01" * 240, b"\x5f\x11\x10\x00" + b"x" * 4096])
    with pytest.raises(LimitReached, match="bytes"):
        decode(data, Context(room=100_000))


def test_deep():
    objects = [b"\xa1" + bytes([i + 1]) for i in range(200)] + [b"\x51x"]
    with pytest.raises(LimitReached, match="depth"):
        decode(binary(objects), Context())


@pytest.mark.parametrize(
    "data",
    [
        b"bplist00",
        BINARY[:-1],
        BINARY[:60],
        binary([b"\x51x"], top=7),
        binary([b"\x51x"], count=2**60),
        binary([b"\x51x"], offsets=[60_000]),
        binary([b"\x5f\x13" + b"\xff" * 8]),
        binary([b"\x1e"]),
        binary([b"\x27"]),
        binary([b"\x20\x01"]),
        binary([b"\x70"]),
        binary([b"\xd1\x01\x01", b"\x10\x05"]),
    ],
)
def test_broken(data):
    with pytest.raises(DecodeError):
        decode(data, Context())


@pytest.mark.parametrize(
    "data",
    [
        b"plain text, as it is written",
        b"<?xml version='1.0'?><root>x</root>",
        b"<plist><dict><key>a</key></dict></plist>",
        b"<plist><integer>x</integer></plist>",
        b"<plist><date>x</date></plist>",
        b"<plist><data>x</data></plist>",
        b"<plist><dict><string>x</string></dict></plist>",
        b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>',
        plistlib.dumps(DOCUMENT)[:-20],
        b"<plist></plist>",
        b'<?xml version="1.0" encoding="UTF-P"?><plist><string>x</string></plist>',
    ],
)
def test_no_plist(data):
    assert not decode(data, Context())


def test_broken_one_is_read_as_xml(follow):
    assert follow(plistlib.dumps(DOCUMENT)[:-20]).at("|xml.plist.dict.string") == [b"x"]


trees = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)
    | st.binary(min_size=1)
    | st.integers(-(2**63), 2**64 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=9), inner, max_size=4),
)


def leaves(tree):
    if isinstance(tree, dict | list):
        return [leaf for item in (tree.values() if isinstance(tree, dict) else tree) for leaf in leaves(item)]
    return [tree if isinstance(tree, bytes) else str(tree).encode()]


@settings(max_examples=100, deadline=None)
@given(trees, st.sampled_from(FORMATS))
def test_round_trip(tree, kind):
    parts = decode(plistlib.dumps(tree, fmt=kind), Context()) or ()
    assert sorted(part.value for part in parts) == sorted(leaves(tree))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_broken_anywhere(change):
    data = bytearray(BINARY)
    for at in change.draw(st.lists(st.integers(8, len(data) - 1), max_size=4)):
        data[at] = change.draw(st.integers(0, 255))
    try:
        decode(bytes(data), Context(most=500, room=100_000))
    except (DecodeError, LimitReached) as error:
        assert str(error)
