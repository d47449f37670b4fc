import re
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.sinks._mask import hide, mask, mask_url

IMEI = "867530912345672"


@pytest.mark.parametrize(
    ("value", "identifier", "form", "shown"),
    [
        (IMEI, "imei", (), "86***********72"),
        ("a4:50:46:12:34:56", "mac_wifi", (), "a4*************56"),
        ("A45046123456", "mac_wifi", ("no-separator", "upper"), "A4********56"),
        ("13800138000", "phone", (), "13********0"),
        ("ab12cd", "account", (), "a****d"),
        ("ab12c", "account", (), "*****"),
        ("", "account", (), ""),
        ("5d41402abc4b2a76b9719d911017c592", "imei", ("md5", "hex"), "5d41" + "*" * 28),
        ("86753091234567", "imei", ("no-check-digit",), "86**********67"),
        ("5d41402abc4b2a76b9719d911017c592", "code_download", ("js",), "5d41402abc4b2a76b9719d911017c592"),
        ("XUFAKrxLKna5cZ2REBfFkg==", "imei", ("md5", "base64"), "XUFA" + "*" * 20),
        ("alice.liddell@example.com", "email", (), "a***@e***.com"),
        ("alice@example.com", "account", (), "a***@e***.com"),
        ("al@ex.photography", "email", (), "a***@***"),
        ("a@b.c", "email", (), "*****"),
        ("31.2304", "location", (), "31.****"),
        ("-121.4737,31.23", "location", (), "-121.****,31.**"),
        ("312304000", "location", (), "31******0"),
        ("31.2304", "account", (), "3*****4"),
        ("张三丰", "contacts", (), "张**"),
        ("张三", "name", (), "**"),
        ("13800138000", "contacts", (), "13********0"),
        ("张三丰 13800138000", "contacts", (), "张** 13********0"),
        ("林小雨, 19900000005; alice@example.com", "contacts", (), "林** 19********5 a***@e***.com"),
    ],
)
def test_what_stays(value, identifier, form, shown):
    assert mask(value, identifier, form) == shown


VALUES = (
    st.text(st.characters(exclude_characters="*"), max_size=60)
    | st.emails()
    | st.from_regex(r"[0-9a-f]{8,40}", fullmatch=True)
)


@given(
    VALUES,
    st.sampled_from(["imei", "email", "name", "contacts", "account", "custom.x"]),
    st.sampled_from([(), ("md5", "hex"), ("upper",)]),
)
def test_at_most_a_third_stays(value, identifier, form):
    shown = mask(value, identifier, form)
    kept = re.sub(r"[*\s…]", "", shown) if "***@" not in shown else re.sub(r"[*@.\s…]", "", shown)
    assert len(kept) <= len(value) / 3
    assert len(shown) <= max(40, len(value))
    assert not value or shown != value


@given(st.floats(-180, 180).map(lambda x: f"{x:.6f}"), st.floats(-90, 90).map(lambda x: f"{x:.4f}"))
def test_of_a_place_only_whole_degrees_stay(lon, lat):
    assert re.findall(r"\d+", mask(f"{lon},{lat}", "location")) == [
        lon.lstrip("-").split(".")[0],
        lat.lstrip("-").split(".")[0],
    ]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"/up?imei={IMEI}", "/up?imei=X"),
        (f"/up?a={IMEI}&b={IMEI}", "/up?a=X&b=X"),
        ("/up?imei=%38%36%37530912345672", "/up?imei=X"),
        ("/up?imei=%2538%2536%25375309123456%372", "/up?imei=X"),
        ("/up?imei=867530912345673", "/up?imei=867530912345673"),
        ("json.$.86753.0912345672", "json.$.86753.0912345672"),
    ],
)
def test_a_value_in_other_text(text, hidden):
    assert hide(text, IMEI.encode(), "X") == hidden


ENCODINGS = [
    lambda text: text,
    quote,
    quote_plus,
    lambda text: quote(quote(text)),
    lambda text: re.sub(r"%..", lambda found: found[0].lower(), quote(text, safe="")),
    lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
]


@given(
    st.text(min_size=1, max_size=20).filter(lambda text: len(text.encode("utf-8", "replace")) >= 4),
    st.sampled_from(ENCODINGS),
)
def test_a_value_in_any_percent_encoding(value, encode):
    try:
        encoded = encode(value)
    except UnicodeEncodeError:
        return
    text = hide(f"/a?x=({encoded})", value.encode(), "\0")
    assert text == "/a?x=(\0)" or "\0" in value


def test_raw_bytes_of_a_digest_in_a_url():
    digest = bytes.fromhex("5d41402abc4b2a76b9719d911017c592")
    assert hide(f"/a?h={quote(digest)}&k=1", digest, "X") == "/a?h=X&k=1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://api.example/up?imei={IMEI}&v=12", "https://api.example/up?imei=X&v=12"),
        (
            f"https://api.example/up?imei={IMEI}&mac=a4:50:46:12:34:56",
            "https://api.example/up?imei=X&mac=a4*************56",
        ),
        ("https://api.example/up?who=alice%40example.com", "https://api.example/up?who=a***@e***.com"),
        ("https://api.example/up?lang=zh-CN&action=start", "https://api.example/up?lang=zh-CN&action=start"),
        (
            "https://api.example/v2/5d41402abc4b2a76b9719d911017c592/x",
            "https://api.example/v2/5d****************************92/x",
        ),
        ("https://user:secret@api.example/", "https://***@api.example/"),
        (
            f'https://api.example/u?d={{"imei":"{IMEI}","mac":"a45046123456"}}',
            "https://api.example/u?d=%7B%22*****************************%22%7D",
        ),
        ("/only/a/target?x=1", "/only/a/target?x=1"),
        ("/login?back=https://a.example/", "/login?back=https://a.example/"),
        ("*", "*"),
        ("", ""),
    ],
)
def test_a_whole_url(url, shown):
    assert mask_url(url, IMEI.encode(), "X") == shown


@given(st.text(max_size=80))
def test_any_url_is_taken(url):
    assert len(mask_url(url, b"abcd", "****")) <= 2049


def test_a_long_url_is_cut():
    assert len(mask_url("https://a.example/" + "a" * 100_000, b"", "")) == 2049


def test_a_value_hidden_in_a_url_is_nowhere_in_it():
    for encode in ENCODINGS:
        shown = mask_url(f"https://a.example/x/{encode(IMEI)}?q={encode(IMEI)}", IMEI.encode(), "86***72")
        assert IMEI not in unquote(unquote(shown))
