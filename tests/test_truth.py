"""Real traffic with truths that were verified by eye: every truth is found at its place, and the traps give nothing.

The captures are not part of the project; without them these tests skip.
"""

import csv
import json
from pathlib import Path

import pytest

from leaktap.config import Case, DeviceProfile
from leaktap.consent import Timeline
from leaktap.model import Finding
from leaktap.pipeline import Pipeline
from leaktap.sources import Reading, read

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of real captures is not there")

_CLASSES = {
    "IMEI": "imei", "IMSI": "imsi", "ICCID": "iccid", "ANDROID_ID": "android_id", "OAID": "oaid", "MAC": "mac_wifi",
    "BSSID": "bssid", "SSID": "ssid", "SERIAL": "serial", "PHONE": "phone", "IDFA": "idfa", "IDFV": "idfv",
    "GAID": "gaid", "IP": "ip_public",
}  # fmt: skip
_OURS = {"mac": "mac_wifi", "ip": "ip_public"}


def findings(file, devices=()):
    pipeline = Pipeline(Case(), devices, Timeline())
    return [record for record in pipeline.run(read(str(file), Reading())) if isinstance(record, Finding)]


def truth():
    return json.loads((CAPTURES / "har" / "cn_dev_truth.json").read_text())


def profile():
    values = truth()["profile"]
    identifiers = {name: [values[key]] for key, name in _CLASSES.items()}
    identifiers["device_id"] = [values[key] for key in ("CDID", "CLIENTUDID", "UTDID", "UDID40", "DEVID32", "BDID")]
    place = {"lat": values["LAT"], "lon": values["LON"]}
    return DeviceProfile.model_validate({"name": "truth", "identifiers": {**identifiers, "location": place}})


def same_value(value, found):
    """A coordinate may have more decimals, an address other separators or case."""
    fold = str.maketrans("", "", ":-")
    value, seen = value.casefold().translate(fold), found.match.value.casefold().translate(fold)
    if found.match.identifier == "location":
        return abs(float(value) - float(seen)) < 0.003
    return value == seen


def test_every_truth_of_the_chinese_apps_and_no_value_elsewhere():
    found = findings(CAPTURES / "har" / "cn_dev.har", [profile()])
    known = [finding for finding in found if finding.match.basis == "known"]
    unexplained = list(known)
    missed = []
    for fact in truth()["truth"]:
        name = _OURS.get(fact["type"], fact["type"])
        place = fact["key"].split(".")
        hits = [
            finding
            for finding in unexplained
            if finding.exchange.origin.flow == str(fact["entry"])
            and finding.match.identifier == name
            and finding.match.leaf.keys[-len(place) :] == tuple(place)
            and f"request.{fact['where']}" in finding.match.leaf.path
            and same_value(fact["value"], finding)
        ]
        if hits:
            unexplained.remove(hits[0])
        else:
            missed.append(fact)
    assert len(truth()["truth"]) == 48
    assert missed == []
    beside = truth()["profile"]["DEVID32"].upper()
    assert [(f.exchange.origin.flow, f.match.identifier, f.match.leaf.key, f.match.value) for f in unexplained] == [
        ("5", "device_id", "imei", beside)
    ], "the hash that stands behind the IMEI is the profile's own device id, in upper case: no error"


def rows():
    with (CAPTURES / "truth.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


_TRUTHS = [
    ("webex.pcap", "cp.pushwoosh.com", "hwid", "android_id", "0000000000000000", 2),
    ("webex.pcap", "cp.pushwoosh.com", "push_token", "device_id", "APA91bxxxx", 1),
    ("ocs.pcap", "api.eu01.capptain.com", "deviceid", "device_id", "00000000000000000000000000000000", 1),
    ("netflix.pcap", "appboot.netflix.com", "identity", "device_id", "NFAPPL-02-IPHONE6=1-00000000", 1),
    ("reporthar-first-run.har", "graph.facebook.com", "advertiser_id", "gaid", "00000000-0000-4000-8000", 4),
    ("reporthar-first-run.har", "api2.branch.io", "aaid", "gaid", "00000000-0000-4000-8000", 3),
    ("reporthar-first-run.har", "api2.branch.io", "google_advertising_id", "gaid", "00000000-0000-4000-8000", 3),
    ("reporthar-first-run.har", "sessions.bugsnag.com", "id", "android_id", "0000000000000000", 1),
    ("reporthar-first-run.har", "notify.bugsnag.com", "id", "android_id", "0000000000000000", 1),
]


@pytest.mark.parametrize(("file", "host", "key", "identifier", "value", "exchanges"), _TRUTHS)
def test_verified_leaks_without_a_profile(file, host, key, identifier, value, exchanges):
    found = findings(CAPTURES / ("har" if file.endswith(".har") else "pcap") / file)
    hits = {
        finding.exchange.id
        for finding in found
        if finding.exchange.host == host
        and finding.match.leaf.key == key
        and finding.match.identifier == identifier
        and finding.match.value.startswith(value)
    }
    assert len(hits) == exchanges


def test_every_row_of_the_list_is_tested_or_a_trap():
    leaks = {(row["file"], row["host"]) for row in rows() if not row["verdict"].startswith(("NOT", "session UUID"))}
    assert leaks == {(file, host) for file, host, *_ in _TRUTHS}


@pytest.mark.parametrize(
    ("file", "value"),
    [
        ("xiaomi.pcap", "02:00:00:00:00:00"),
        ("http_ua_splitted_in_two_pkts.pcapng", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_traps_give_nothing(file, value):
    assert [f.match for f in findings(CAPTURES / "pcap" / file) if value in f.match.value] == []
