"""What the identifiers say of real requests, where the folder with captures lies beside the repository."""

import json
import re
from pathlib import Path

import pytest

from leaktap.identifiers.matcher import Matcher
from tests.identifiers.leaves import json_leaves, leaf, profile, request_leaves

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="no ../shared/captures beside the repository")

NAMES = {
    "imei": "IMEI", "imsi": "IMSI", "iccid": "ICCID", "android_id": "ANDROID_ID", "oaid": "OAID", "mac_wifi": "MAC",
    "bssid": "BSSID", "ssid": "SSID", "serial": "SERIAL", "phone": "PHONE", "idfa": "IDFA", "idfv": "IDFV",
    "gaid": "GAID", "ip_public": "IP",
}  # fmt: skip
DEVICE_IDS = ("CDID", "CLIENTUDID", "UTDID", "UDID40", "DEVID32", "BDID")
CLASSES = {"mac": "mac_wifi", "ip": "ip_public"}


def entries(name: str) -> list[list]:
    har = json.loads((CAPTURES / "har" / name).read_text(encoding="utf-8-sig"))
    return [request_leaves(entry["request"]) for entry in har["log"]["entries"]]


def last(path: str) -> str:
    return re.split(r"[.|]", path.removesuffix("|percent"))[-1]


def test_every_value_of_the_profile_is_found_where_it_is():
    truth = json.loads((CAPTURES / "har" / "cn_dev_truth.json").read_text())
    values = truth["profile"]
    identifiers = {name: [values[key]] for name, key in NAMES.items()}
    identifiers["device_id"] = [values[key] for key in DEVICE_IDS]
    identifiers["mac_bluetooth"] = ["02:00:00:00:00:00"]
    identifiers["location"] = {"lat": values["LAT"], "lon": values["LON"], "radius_m": 300}
    matcher = Matcher([profile(**identifiers)])
    found = {
        (index, match.identifier, last(match.leaf.path), match.plain.lower())
        for index, leaves in enumerate(entries("cn_dev.har"))
        for match in matcher.match(leaves)
        if match.basis == "known"
    }
    # `oaid.id` and `header.mc` of the truth are paths; the last name tells them apart well enough.
    expected = {
        (row["entry"], CLASSES.get(row["type"], row["type"]), last(row["key"]), row["value"].lower())
        for row in truth["truth"]
    }
    assert len(truth["truth"]) == 48
    assert expected - found == set()
    # One more is there: the id that is glued to the IMEI.
    assert {row[:3] for row in found - expected} == {(5, "device_id", "imei")}


def test_placeholders_and_empty_values_are_nothing(stranger):
    for leaves in entries("cn_dev.har"):
        for match in stranger.match(leaves):
            assert match.value not in ("", "02:00:00:00:00:00", "null")


def test_an_app_that_reports_its_advertising_id(stranger):
    found = [
        (index, match.identifier, last(match.leaf.path), match.confidence >= 0.8)
        for index, leaves in enumerate(entries("reporthar-first-run.har"))
        for match in stranger.match(leaves)
        if match.identifier in ("gaid", "android_id")
    ]
    assert found == [
        (4, "android_id", "id", False),
        (5, "gaid", "advertiser_id", True),
        (7, "gaid", "advertiser_id", True),
        (8, "gaid", "advertiser_id", True),
        *((index, "gaid", name, True) for index in (9, 11, 12) for name in ("aaid", "google_advertising_id")),
        (14, "gaid", "advertiser_id", True),
        (15, "android_id", "id", False),
    ]


@pytest.mark.parametrize("name", ["arcelormittal.com", "assa", "en.wikipedia.org.spdy-wpt", "mytoys.de"])
def test_ordinary_web_sites_are_not_accused(stranger, name):
    """Google Analytics' client id is an id that an SDK assigns; nothing else is found, and nothing for sure."""
    found = [match for leaves in entries(f"{name}.har") for match in stranger.match(leaves)]
    assert all(match.identifier == "device_id" and match.confidence <= 0.5 for match in found)
    assert {last(match.leaf.path) for match in found} <= {"cid"}


def body(capture: str, pattern: bytes) -> bytes:
    found = re.search(pattern, (CAPTURES / "pcap" / capture).read_bytes(), re.DOTALL)
    assert found, "the capture is not the one this test was written for"
    return found[1]


@pytest.mark.parametrize(
    ("capture", "pattern", "expected"),
    [
        ("webex.pcap", rb'(\{"request":\{"hwid":.{1,200}?\}\})', [("hwid", "android_id", 0.7)]),
        (
            "netflix.pcap",
            rb'(\{"entityauthdata":\{"authdata":\{"identity":"[^"]+"\})',
            [("identity", "device_id", 0.9)],
        ),
    ],
)
def test_json_bodies(stranger, capture, pattern, expected):
    data = body(capture, pattern)
    leaves = list(json_leaves(json.loads(data + b"}" * (data.count(b"{") - data.count(b"}")))))
    assert [(last(m.leaf.path), m.identifier, m.confidence) for m in stranger.match(leaves)] == expected


@pytest.mark.parametrize(
    ("capture", "key", "identifier"),
    [
        ("ocs.pcap", "deviceid", "device_id"),
        ("webex.pcap", "push_token", "device_id"),
        ("xiaomi.pcap", "bssid", None),
        ("http_ua_splitted_in_two_pkts.pcapng", "clientSessionId", None),
    ],
)
def test_single_values(stranger, capture, key, identifier):
    value = body(capture, key.encode() + rb'(?:=|":")([A-Za-z0-9_%.:-]+)')
    found = stranger.match([leaf(value.replace(b"%3A", b":"), key)])
    assert [match.identifier for match in found] == ([identifier] if identifier else [])
