"""Hashes whose salt stands in the same message."""

import hashlib
import hmac
import json

import pytest

from leaktap.identifiers.matcher import Matcher
from tests.identifiers.leaves import leaf, profile

IMEI = "867530912345673"
MATCHER = Matcher([profile(imei=[IMEI], ssid=["home"], mac_wifi=["a4:50:46:1f:34:56"])])
KEY = "5f1c20e9a7"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def found(leaves, app=""):
    return [(m.leaf.key, m.identifier, m.form, m.basis) for m in MATCHER.match(leaves, app)]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (md5(IMEI + KEY), (f"salt-after={KEY}", "md5", "hex")),
        (md5(KEY + IMEI).upper(), (f"salt-before={KEY}", "md5", "hex-upper")),
        (md5(md5(IMEI) + KEY), ("md5", "hex", f"salt-after={KEY}", "md5", "hex")),
        (hashlib.sha1((KEY + IMEI).encode()).hexdigest(), (f"salt-before={KEY}", "sha1", "hex")),
        (hmac.new(KEY.encode(), IMEI.encode(), "sha256").hexdigest(), (f"salt-key={KEY}", "hmac-sha256", "hex")),
        (hmac.new(KEY.encode(), IMEI.encode(), "md5").digest(), (f"salt-key={KEY}", "hmac-md5")),
    ],
)
@pytest.mark.parametrize("name", ["appkey", "app_key", "umengAppKey", "salt", "api-key"])
def test_a_salt_in_the_same_message(value, form, name):
    if name == "api-key":
        name = "api_key"
    assert found([leaf(KEY, name), leaf(value, "x")]) == [("x", "imei", form, "known")]
    assert found([leaf(value, "x"), leaf("other", "app_id"), leaf(KEY, name)]) == [("x", "imei", form, "known")]


def test_the_senders_package_is_a_salt():
    value = md5(IMEI + "com.example.shop")
    assert [row[1] for row in found([leaf(value, "x")], "com.example.shop")] == ["imei"]
    assert found([leaf(value, "x")], "com.example.other") == []


def test_what_a_name_says_gives_way_to_what_is_known():
    assert found([leaf(KEY, "appkey"), leaf(md5("a450461f3456" + KEY), "device_id")]) == [
        ("device_id", "mac_wifi", ("no-separator", f"salt-after={KEY}", "md5", "hex"), "known")
    ]


@pytest.mark.parametrize(
    ("salt", "value"),
    [
        (("title", KEY), md5(IMEI + KEY)),
        (("appkey", "x" * 65), md5(IMEI + "x" * 65)),
        (("appkey", KEY), md5("home" + KEY)),
        (("appkey", KEY), md5(IMEI + KEY)[:30]),
        (("appkey", KEY), md5(IMEI + KEY + "1")),
        (("appkey", ""), md5("1" + IMEI)),
    ],
)
def test_no_salted_value(salt, value):
    assert not [row for row in found([leaf(salt[1], salt[0]), leaf(value, "x")]) if row[3] == "known"]


def in_json(content, times):
    text = json.dumps(content)
    for _ in range(times):
        text = json.dumps(text)[1:-1]
    return text


@pytest.mark.parametrize("times", range(5))
def test_the_sieve_sees_them_in_a_text(times):
    filler = [{"event": "none", "trace": md5(str(n))} for n in range(20)]
    holds = in_json({"filler": filler, "appkey": KEY, "id": md5(IMEI + KEY)}, times).encode()
    spots = MATCHER.sieve(holds)
    assert any(holds[:spot].endswith(md5(IMEI + KEY).encode()) for spot in spots)
    assert any(b"appkey" in holds[spot - 8 - 2**times : spot] for spot in spots)
    assert not MATCHER.sieve(in_json({"filler": filler, "appkey": KEY, "id": md5(IMEI + "else")}, times).encode())


def test_without_values_there_is_nothing_to_hash():
    leaves = [leaf(KEY, "appkey"), leaf(md5(IMEI + KEY), "x")]
    assert not Matcher().match(leaves)
