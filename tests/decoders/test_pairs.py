"""Pairs between semicolons are read under their names; prose, parameters and styles are left alone."""

import pytest

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders.pairs import decode

SAMPLE = (b"uid=5be1c07a92d4386f; lang=zh-CN; d=%7B%22imei%22%3A1%7D", {})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"uid=5be1c07a92d4386f; lang=zh", {".uid": b"5be1c07a92d4386f", ".lang": b"zh"}),
        (b'a="quoted"; b=x=y; c=', {".a": b"quoted", ".b": b"x=y"}),
        (b"a=1; a=2;", {".a": b"1", ".a[1]": b"2"}),
        (b"_ga=GA1.1.2; $v=1\n", {"._ga": b"GA1.1.2", ".$v": b"1"}),
    ],
)
def test_pairs(data, expected):
    assert {part.path: part.value for part in decode(data, Context()) or ()} == expected


@pytest.mark.parametrize(
    "data",
    [
        b"a=1", b"a=1;b=2&c=3", b"a=1, b=2", b"a=1; b", b"text/html; charset=utf-8", b"color: red; width=3",
        b"1=a; 2=b", b"a=one two; b=3", b"if (a=1; b=2)", b"a=; ", b"a=; b=", b"a=3D1; b=3D2", b"\xe5=1; b=2",
    ],
)  # fmt: skip
def test_left_alone(data):
    assert not decode(data, Context())


def test_many_pairs():
    with pytest.raises(LimitReached) as caught:
        decode(b"; ".join([b"a=1"] * 20), Context(most=5))
    assert len(caught.value.parts) == 5


def test_values_are_followed(follow):
    values = follow(b'{"h": "d=%7B%22imei%22%3A%22867530912345678%22%7D; x=1"}').values
    assert values["|json.$.h|pairs.d|percent|json.$.imei"] == b"867530912345678"
