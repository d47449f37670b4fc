"""What the tests of document formats (BSON, CBOR, MessagePack) share: a document, trees, and what becomes of them."""

import pytest
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached

DOCUMENT = {
    "imei": "867530912345673",
    "lat": 31.2304,
    "list": [1, -5, 2**40, {"mac": bytes.fromhex("a45046123456")}],
    "none": None,
    "ok": True,
}
EXPECTED = {
    ".$.imei": b"867530912345673",
    ".$.lat": b"31.2304",
    ".$.list[0]": b"1",
    ".$.list[1]": b"-5",
    ".$.list[2]": b"1099511627776",
    ".$.list[3].mac": bytes.fromhex("a45046123456"),
}
TREES = st.recursive(
    st.text(min_size=1) | st.binary(min_size=1) | st.integers(-(2**63), 2**64 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
)


def leaves(tree):
    """The values of a tree, in its order, as a decoder gives them."""
    if isinstance(tree, dict | list):
        return [leaf for item in (tree.values() if isinstance(tree, dict) else tree) for leaf in leaves(item)]
    return [tree if isinstance(tree, bytes) else str(tree).encode()]


def keeps_what_was_before(decode, cut, said):
    """Expects of a document that was cut off what precedes the cut."""
    with pytest.raises(DecodeError, match=r"cut off|follow") as caught:
        decode(cut, said)
    assert caught.value.parts[0].value == b"867530912345673"


def stops_at_its_limits(decode, deep, many, said):
    """Expects the limits of depth and of parts."""
    with pytest.raises(LimitReached, match="depth"):
        decode(deep, said)
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(many, said._replace(most=10))
    assert len(caught.value.parts) == 10


def bears_a_cut(decode, data, said):
    """Expects no other error of a document that is cut anywhere, and a reason where there is one."""
    decode(data, Context())
    try:
        decode(data, said)
    except (DecodeError, LimitReached) as error:
        assert str(error)
