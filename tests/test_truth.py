"""Real traffic with truths that were verified by eye: every truth is found at its place, and the traps give nothing.

The captures are not part of the project; without them these tests skip.
"""

import csv
import functools
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


_TYPES = {"push_token": "device_id", "device_id (ESN)": "device_id", "android_id-like (16 hex)": "android_id"}


def rows(leak):
    """The rows of the list that are leaks, or those that are traps."""
    if not CAPTURES.is_dir():
        return []
    with (CAPTURES / "truth.tsv").open(encoding="utf-8") as lines:
        every = list(csv.DictReader(lines, delimiter="\t"))
    return [row for row in every if row["verdict"].startswith(("NOT", "session UUID")) != leak]


def where(row):
    return f"{row['file']}, {row['frame/stream']}, {row['key']}"


def at(row, finding):
    """Whether a finding lies in the packet, or the entry, that the row names."""
    place, _, stream = row["frame/stream"].partition("/s")
    if stream:
        return finding.exchange.origin.stream == int(stream) and int(place) in finding.message.frames
    return finding.exchange.origin.flow == place.removeprefix("entry ")


@functools.cache
def without_profile(file):
    return findings(CAPTURES / ("har" if file.endswith(".har") else "pcap") / file)


@pytest.mark.parametrize("row", rows(leak=True), ids=where)
def test_verified_leaks_without_a_profile(row):
    found = [finding for finding in without_profile(row["file"]) if at(row, finding)]
    for key in row["key"].split(" + "):
        hits = [
            finding
            for finding in found
            if finding.exchange.host == row["host"]
            and finding.match.leaf.key == key.rpartition(".")[2]
            and finding.match.identifier == _TYPES.get(row["type"], row["type"])
            and finding.match.value.startswith(row["value"].rstrip("."))
        ]
        assert len(hits) == 1


@pytest.mark.parametrize("row", rows(leak=False), ids=where)
def test_traps_give_nothing(row):
    assert [f.match for f in without_profile(row["file"]) if row["value"] in f.match.value] == []
