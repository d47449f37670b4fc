import pytest

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders.cookie import decode


@pytest.mark.parametrize(
    ("header", "data", "expected"),
    [
        ("cookie", b"uid=5be1c07a92d4386f", {".uid": b"5be1c07a92d4386f"}),
        ("Cookie", b"a=1; b=2;c=3", {".a": b"1", ".b": b"2", ".c": b"3"}),
        ("cookie", b'a="quoted"; b=x=y; c', {".a": b"quoted", ".b": b"x=y"}),
        ("cookie", b"a=1; a=2", {".a": b"1", ".a[1]": b"2"}),
        ("set-cookie", b"uid=abc; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly", {".uid": b"abc"}),
        ("set-cookie", b"empty=; Path=/", {}),
    ],
)
def test_pairs(header, data, expected):
    assert {p.path: p.value for p in decode(data, Context(keys=(header,))) or ()} == expected


@pytest.mark.parametrize("keys", [(), ("user-agent",), ("cookies",), ("cookie", "x")])
def test_only_in_cookie_headers(keys):
    assert decode(b"a=1; b=2", Context(keys=keys)) is None


def test_many_pairs():
    with pytest.raises(LimitReached) as caught:
        decode(b"a=1;" * 20, Context(keys=("cookie",), most=5))
    assert len(caught.value.parts) == 5
    assert len(decode(b"a=1;" * 20, Context(keys=("set-cookie",), most=5))) == 1


def test_values_are_followed(follow):
    followed = follow(b"d=%7B%22imei%22%3A%22867530912345678%22%7D; x=1", keys=("cookie",))
    assert followed.values["|cookie.d|percent|json.$.imei"] == b"867530912345678"
