import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders._choice import by_first_byte, candidates
from leaktap.decoders.lines import DECODER, decode

IMEI = b"867530912345673"
LOGFMT = b'2026-11-21 10:00:00 INFO imei=867530912345673 mac=a4:50:46:12:34:56 msg="hello \\"you\\""'
SAMPLE = (LOGFMT, {})


def values(data):
    if DECODER not in candidates(data, by_first_byte()[data[0]]):
        return None
    parts = decode(data, Context())
    return parts and {part.path: part.value for part in parts}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LOGFMT, {".imei": IMEI, ".mac": b"a4:50:46:12:34:56", ".msg": b'hello "you"'}),
        (
            "imei: 867530912345673\nDevice ID: abc def\n手机：19900000001\n".encode(),
            {".imei": IMEI, "['Device ID']": b"abc def", ".手机": b"19900000001"},
        ),
        (b"ro.serialno=X1\nro.product.model=X 10\r\n", {"['ro.serialno']": b"X1", "['ro.product.model']": b"X 10"}),
        (b"{imei=867530912345673, mac=a4:50:46:12:34:56}", {".imei": IMEI, ".mac": b"a4:50:46:12:34:56"}),
        (b"Device(imei='867530912345673', n=5)", {".imei": IMEI, ".n": b"5"}),
        (b"a=1 a=2 a=3", {".a": b"1", ".a[1]": b"2", ".a[2]": b"3"}),
        (b'data={"a":1,"b":2} end=1', {".data": b'{"a":1,"b":2}', ".end": b"1"}),
        (b"imei = 867530912345673\nmodel = X 10", {".imei": IMEI, ".model": b"X 10"}),
        (b"$os=Android\n$imei=867530912345673", {".$os": b"Android", ".$imei": IMEI}),
        (b'a=1 b="" c=2', {".a": b"1", ".c": b"2"}),
        (b"uid=1; lang=zh", {".uid": b"1", ".lang": b"zh"}),
    ],
)
def test_names_and_values(data, expected):
    assert values(data) == expected


def test_keys():
    assert [part.keys for part in decode(b"imei=1 mac=2", Context())] == [("imei",), ("mac",)]


@pytest.mark.parametrize(
    "data",
    [
        b"plain text, as it is written",
        b"imei=867530912345673",
        b"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
        b"Mozilla/5.0 (Linux; U; Android 10; X 10) AppleWebKit/537.36",
        b"https://a.example/b?c=1&d=2",
        b"imei=1&mac=2",
        b"a4:50:46:12:34:56",
        b"2026-11-21T10:00:00Z",
        b"aW1laT04Njc1MzA5MTIzNDU2Nw==",
        b"if a == b then c == d",
        b'<html lang="en" dir="ltr"><meta charset="utf-8"></html>',
        b"He said: x=1 would do, and went on to talk about y=2 for the rest of the evening, at length.",
        b"\x00\x01a=1 \xff\xfeb=2" + bytes(range(128, 250)),
    ],
)
def test_none(data):
    assert values(data) is None


def test_beside_the_value(follow):
    followed = follow(LOGFMT)
    assert followed.at("") == [LOGFMT] and followed.at("|lines.imei") == [IMEI]


def test_many():
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(b"a=1 " * 100, Context(most=10))
    assert len(caught.value.parts) == 10


@pytest.mark.parametrize(
    "data", [b"a" * 200_000 + b"=1", b"a=" * 100_000, b"a: " * 70_000, b'a="' * 50_000, b" " * 200_000]
)
def test_long_ones(data):
    decode(b"x=1 y=2 " + data, Context())


names = st.text("abcdefgh_", min_size=1, max_size=10)


@given(st.lists(st.tuples(names, st.text("abc123.:/-", min_size=1)), min_size=2))
def test_round_trip(pairs):
    data = "\n".join(f"{name}={value}" for name, value in pairs).encode()
    parts = decode(data, Context()) or ()
    assert [(part.keys[0], part.value.decode()) for part in parts] == pairs


@given(st.text("ab=:, {[(\"'\\\n\r\t", max_size=100))
def test_any_text(text):
    for part in decode(text.encode(), Context()) or ():
        assert part.value
