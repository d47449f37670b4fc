import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (b"121.48213%2C31.23817", b"121.48213,31.23817"),
        (b"a4%3a50%3a46%3A12%3A34%3A56", b"a4:50:46:12:34:56"),
        (b"%E5%BC%A0%E4%B8%89", "张三".encode()),
        (b"Mi 10%20Pro", b"Mi 10 Pro"),
        (b"x.cn/q/%7B", b"x.cn/q/{"),
        (b"Home+Net%2C5G", b"Home Net,5G"),
        (b"%2B86+199+0000+0012", b"+86 199 0000 0012"),
        (b"+86%20199", b"+86 199"),
        (b"50%25%zz", b"50%%zz"),
    ],
)
def test_decoded(follow, data, decoded):
    assert follow(data).values == {"|percent": decoded}


@pytest.mark.parametrize(
    "data",
    [b"100%", b"50% of 20", b"%zz", b"%2", b"a%ff%fe%fd", b'var s = "%20";', b"<a%20b>", "张%20".encode(), b"%00%01"],
)
def test_left_alone(follow, data):
    assert follow(data).values == {"": data}


@pytest.mark.parametrize(
    "value",
    [
        bytes(range(0xF0, 0x100)),
        b"\x81\xa4imei\xaf867530912345673\x00\x01\xff",
        b"\x0b\x00\x01text, mostly text",
        b"\x01\x02\x03\x04",
        b"\xa1duserx,KiwHbvWOFKeAJDYyPMUNwxRFzhYHII7HHbr+XUXPHvw=",
        b"\x10<32.8321,129.1183",
    ],
)
def test_bytes_are_decoded_as_well(follow, value):
    leaves = follow(quote(value, safe="").encode()).values
    assert leaves["|percent"] == value


@pytest.mark.parametrize("times", [2, 3])
def test_encoded_several_times(follow, times):
    value = "a4:50:46:12:34:56"
    for _ in range(times):
        value = quote(value, safe="")
    assert follow(value.encode()).values == {"|percent" * times: b"a4:50:46:12:34:56"}


def test_plus_in_base64_stays(follow):
    assert follow(b"ODY3NTMwOTEyMzQ1Njc%2FYT5iPmM+ZD4%3D").values["|percent|base64"] == b"86753091234567?a>b>c>d>"


def test_gbk(follow):
    assert follow(b"%D5%C5%C8%FD%B7%E1").values["|percent|charset.gb18030"] == "张三丰".encode()


@given(st.text(min_size=1).filter(str.isprintable))
def test_round_trip(text):
    from leaktap.decoders._api import Context
    from leaktap.decoders.percent import decode

    encoded = quote(text, safe="").encode()
    (part,) = decode(encoded, Context())
    assert part.value.decode() == text


def test_a_stray_escape_in_base85(follow):
    written = b"FgY?gVK8K4G-WwvI5uK8I5;*oGBPkRIXN_9I50CfHe)h3H8?mhG&M9hIXN&jIA%09IAJw2"
    assert follow(written).values["|base85"] == base64.b85decode(written)


def test_a_stray_escape_among_other_signs_of_percent(follow):
    written = b"zDHvqvp%sGvru9Ivp%4AzcgvLzzlusvLA9$vp%sG"
    assert follow(written).values["|base85.z85"] == b"nXbFagjLatfEagbNmXeYn0yYb0zFagjL"


def test_a_stray_escape_in_ascii85(follow):
    text = b"#ogk imei 867530912345673 page"
    written = base64.a85encode(text)
    assert b"%41" in written and b"," in written[:10]
    assert follow(written).values["|ascii85"] == text
