import datetime

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.bson import decode
from tests.decoders._documents import DOCUMENT, EXPECTED, leaves

SAID = Context(content_type="application/bson")
SAMPLE = (bson.encode(DOCUMENT), {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
def test_document(context):
    assert values(bson.encode(DOCUMENT), context) == EXPECTED


def test_every_type():
    oid = bson.ObjectId("6c1f0be47a93d82500000001")
    document = {
        "id": oid,
        "date": datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC),
        "regex": bson.Regex("a.b", "i"),
        "code": bson.Code("f()"),
        "scoped": bson.Code("g()", {"x": 5}),
        "stamp": bson.Timestamp(1, 2),
        "old": bson.Binary(b"abc", 2),
        "uuid": bson.Binary(b"x" * 16, 4),
        "ref": bson.DBRef("c", "d"),
        "min": bson.MinKey(),
        "max": bson.MaxKey(),
        "decimal": bson.Decimal128("1.5"),
        "end": "x",
    }
    found = values(bson.encode(document))
    assert found[".$.id"] == oid.binary
    assert found[".$.date"] == b"1795219200000"
    assert found[".$.regex"] == b"a.b" and found[".$.code"] == b"f()"
    assert found[".$.scoped"] == b"g()" and found[".$.scoped.x"] == b"5"
    assert found[".$.stamp"] == str(1 << 32 | 2).encode()
    assert found[".$.old"] == b"abc" and found[".$.uuid"] == b"x" * 16
    assert found[".$.ref.$ref"] == b"c"
    assert found[".$.end"] == b"x"


def test_several_documents():
    data = bson.encode({"a": "b"}) + bson.encode({"c": 5})
    assert values(data, Context()) == {"[0].$.a": b"b", "[1].$.c": b"5"}


@pytest.mark.parametrize("text", ["\x03Stc&0Uq", "VG@,:\x11s\x1e", "\x00\x00\x00\x04\u0122", "\x7f"])
def test_bytes_that_were_taken_for_text(text):
    data = bson.encode({"msg": {"id": text}, "view": "start"})
    assert values(data, Context()) == {".$.msg.id": text.encode(), ".$.view": b"start"}
    assert decode(data.replace(text.encode(), b"\xff" * len(text.encode())), Context()) is None


@pytest.mark.parametrize(
    "data",
    [
        b"plain text that is nothing else",
        bson.encode({}),
        bson.encode(DOCUMENT)[:-1],
        bson.encode(DOCUMENT) + b"\0",
        b"\x0c\0\0\0\x10a\0\x01\0\0\0" + b"\x01",
        b"\x0c\0\0\0\x66a\0\x01\0\0\0\0",
        b"\x0d\0\0\0\x10a\0\x01\0\0\0\0\0",
        b"\x0c\0\0\0\x10\xff\0\x01\0\0\0\0",
        b"\x10\0\0\0\x02a\0\xff\xff\xff\xffabc\0",
        b"\0" * 50,
    ],
)
def test_no_bson(data):
    assert not decode(data, Context())


def test_cut_off_keeps_what_was_before():
    data = bson.encode(DOCUMENT)[:-20]
    with pytest.raises(DecodeError) as caught:
        decode(len(data).to_bytes(4, "little") + data[4:], SAID)
    assert caught.value.parts[0].value == b"867530912345673"


def test_deep():
    data = b"\x05\0\0\0\0"
    for _ in range(1000):
        data = (len(data) + 8).to_bytes(4, "little") + b"\x03a\0" + data + b"\0"
    with pytest.raises(LimitReached, match="depth"):
        decode(data, SAID)


def test_replaces_its_bytes(follow):
    followed = follow(bson.encode({"a": '{"imei": "867530912345673"}'}))
    assert followed.values == {"|bson.$.a|json.$.imei": b"867530912345673"}


names = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8)
trees = st.dictionaries(
    names,
    st.recursive(
        st.text(min_size=1) | st.binary(min_size=1) | st.integers(-(2**63), 2**63 - 1),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    ),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(trees)
def test_round_trip(tree):
    parts = decode(bson.encode(tree), SAID) or ()
    assert [part.value for part in parts] == leaves(tree)
