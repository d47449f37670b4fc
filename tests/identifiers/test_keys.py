import re
from urllib.parse import quote

import pytest

from leaktap.identifiers import classes
from leaktap.identifiers._keys import AROUND, Names, in_text, is_name, names, names_inside, read_pair

ALL = Names(list(classes().values()))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((), ()),
        (("Device-ID",), ("deviceid",)),
        (("x-utdid",), ("xutdid", "utdid")),
        (("oaid", "id"), ("id", "oaidid", "oaid")),
        (("device", "mac"), ("mac", "devicemac")),
        (("_", "-"), ()),
    ],
)
def test_what_a_leaf_may_be_called(keys, expected):
    assert names(keys) == expected


@pytest.mark.parametrize(
    ("key", "identifier"),
    [
        ("imei", "imei"),
        ("IMEI_MD5", "imei"),
        ("imeiHash", "imei"),
        ("md5_imei", "imei"),
        ("hashedEmail", "email"),
        ("md5", None),
        ("ip", "ip_public"),
        ("zip", None),
        ("description", None),
        ("machine", None),
        ("macro", None),
        ("platform", None),
        ("flat", None),
        ("long", "location"),
        ("poi_lat", None),
        ("belong", None),
        ("wifiName", "ssid"),
        ("$deviceId", "device_id"),
        ("videoid", None),
        ("sessionid", None),
    ],
)
def test_which_class_goes_by_a_name(key, identifier):
    found = {
        named.identifier.name for named in ALL.classes((key,)) if named.identifier.judge or named.identifier.gather
    }
    assert identifier in found if identifier else not found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"imei=867530912345673&x=1", (("imei",), b"867530912345673")),
        (b'{"imei": "867530912345673"}', (("imei",), b"867530912345673")),
        (b'{\\"imei\\":\\"867530912345673\\"}', (("imei",), b"867530912345673")),
        (b"IMEI: 867530912345673\n", (("IMEI",), b"867530912345673")),
        (b"<imei>867530912345673</imei>", (("imei",), b"867530912345673")),
        (b"device[imei]=867530912345673", (("device", "imei"), b"867530912345673")),
        (b"imei=", None),
        (b"imei=&a=1", None),
    ],
)
def test_a_name_and_its_value_in_text(text, expected):
    found = re.search(in_text("imei"), text, re.IGNORECASE)
    assert found
    pair = read_pair(text, found.end())
    assert (pair and (pair[0], text[slice(*pair[1])])) == expected


@pytest.mark.parametrize("text", [b"imei 867530912345673", b"the imei, it is", b"im-ei=1", b"imeix=1"])
def test_no_name_in_text(text):
    found = re.search(in_text("imei"), text, re.IGNORECASE)
    assert not found or (not is_name(text, found.end()) and read_pair(text, found.end()) is None)


def test_words_may_be_joined_in_text():
    for text in (
        b"device_id=",
        b"deviceId=",
        b"device-id:",
        b"Device ID:",
        b"$device.id=",
        b"device__id=",
        b"$device--id=",
    ):
        assert re.search(in_text("device_id"), text, re.IGNORECASE)
    for text in (b"device, id=", b"device___id=", b"device: id="):
        assert not re.search(in_text("device_id"), text, re.IGNORECASE)


def test_every_key_compiles_both_ways():
    for identifier in classes().values():
        for key in (*identifier.keys, *identifier.weak_keys):
            re.compile(key.replace("_", ""))
            re.compile(in_text(key))
            assert "_?" not in key, f"{identifier.name}: {key!r}: `_` alone is optional"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"device": {"id": 7, "os": "x"}}', [("device", "id"), ("device", "os")]),
        (b'{"app":{}}', []),
        (b'{"user_info":{"name":"x"},"id":1}', [("user_info", "name")]),
        (b'{"app":{"a":{"id":1}}}', None),
        (b'{"app":{"a":"' + b"x" * 600 + b'"}}', None),
        (b'{"app":{"a":1', None),
    ],
)
def test_names_inside_an_object(text, expected):
    end = re.search(AROUND, text).end()
    found = names_inside(text, end)
    assert (None if found is None else list(found)) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"短信": []}'.encode(),
        rb'{"\u77ed\u4fe1": []}',
        rb"{\"\\u77ED\\u4fe1\": []}",
        rb"{\\\"\"\\u77ED\\u4fe1\\\"\": []}",
        b"a=%7B%22%E7%9F%AD%E4%BF%A1%22%3A",
        b"a=%257B%2522%25E7%259F%25AD%25E4%25BF%25A1%2522%253A",
        "&lt;短信&gt;".encode(),
        b"%26lt%3B%E7%9F%AD%E4%BF%A1%26gt%3B",
        b"%2526lt%253B%25E7%259F%25AD%25E4%25BF%25A1%2526gt%253B",
        "%26lt;短信%26amp%3Bgt;".encode(),
        rb"\u003c\u77ed\u4fe1\u003e",
        "&lt;row%20短信=".encode(),
        "%7B%26quot%3B短信%26quot%3B%3A%20".encode(),
        "{&quot;短信&quot;: ".encode(),
        "{&amp;quot;短信&amp;quot;: ".encode(),
        "%7B%26amp%3Bquot%3B短信%26amp%3Bquot%3B%3A%20".encode(),
        "{&#34;短信&#x22;:".encode(),
        "%7B%26%2339%3B短信%26%2339%3B%3A".encode(),
    ],
)
def test_names_in_text_however_they_are_escaped(text):
    found = re.search(in_text("短信(?:列表)?"), text, re.IGNORECASE)
    assert found and is_name(text, found.end())


@pytest.mark.parametrize("sign", ["经", "纬"])
@pytest.mark.parametrize("write", [str, lambda name: name.encode("ascii", "backslashreplace").decode(), quote])
def test_one_of_several_characters_in_text(sign, write):
    text = f'"{write(sign + "度")}":'.encode()
    found = re.search(in_text("[经纬]度"), text, re.IGNORECASE)
    assert found and is_name(text, found.end())
    assert not re.search(in_text("[经纬]度"), text.replace(write(sign).encode(), write("幅").encode()), re.IGNORECASE)
