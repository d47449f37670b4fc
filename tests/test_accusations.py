"""What is said for sure of real traffic without a profile: every finding of confidence 0.8 or more, judged by eye.

A finding that is not in this list is a false accusation until somebody has looked at it. The captures are not part of
the project; without them these tests skip.
"""

from pathlib import Path

import pytest

from leaktap.config import Case
from leaktap.consent import Timeline
from leaktap.model import Finding
from leaktap.pipeline import Pipeline
from leaktap.sources import Reading, read

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of real captures is not there")

SURE = 0.8

AGREED = {
    "cn_dev.har": [
        ("0", "imei", "request.query.data|json.$.imei"),
        ("0", "imsi", "request.query.data|json.$.imsi"),
        ("0", "utdid", "request.query.data|json.$.utd_id"),
        ("0", "utdid", "request.header.x-utdid"),
        ("1", "imei", "request.query.devi"),
        ("1", "imsi", "request.query.imsi"),
        ("1", "imei", "request.query.imei"),
        ("1", "iccid", "request.query.icc"),
        ("1", "location", "request.query.longitude"),
        ("2", "location", "request.body|json.$.device.longitude"),
        ("2", "imei", "request.body|json.$.device.imei"),
        ("3", "location", "request.query.longitude"),
        ("4", "imei", "request.body|json.$.public_params.imei"),
        ("5", "device_id", "request.body|form.deviceId"),
        ("6", "android_id", "request.query.openudid"),
        ("6", "oaid", "request.query.oaid"),
        ("7", "android_id", "request.body|json.$.header.openudid"),
        ("7", "oaid", "request.body|json.$.header.oaid.id"),
        ("7", "device_model", "request.body|json.$.header"),
        ("9", "android_id", "request.query.openudid"),
        ("9", "android_id", "request.query.uuid"),
        ("9", "android_id", "request.query.aid"),
        ("11", "android_id", "request.body|form.android_id"),
        ("11", "device_id", "request.body|form.odin_id"),
        ("11", "gaid", "request.body|form.advertising_id"),
    ],
    "reporthar-first-run.har": [
        ("5", "gaid", "request.query.advertiser_id"),
        ("7", "gaid", "request.body|form.advertiser_id"),
        ("8", "gaid", "request.body|form.advertiser_id"),
        ("9", "gaid", "request.body|json.$.advertising_ids.aaid"),
        ("9", "gaid", "request.body|json.$.google_advertising_id"),
        ("9", "device_model", "request.body|json.$"),
        ("11", "gaid", "request.body|json.$.advertising_ids.aaid"),
        ("11", "gaid", "request.body|json.$.google_advertising_id"),
        ("12", "gaid", "request.body|json.$.advertising_ids.aaid"),
        ("12", "gaid", "request.body|json.$.google_advertising_id"),
        ("12", "device_model", "request.body|json.$"),
        ("14", "gaid", "request.body|form.advertiser_id"),
        ("15", "device_model", "request.body|json.$.events[0]"),
    ],
    "netflix.pcap": [
        ("s15", "device_id", "request.body|json[0].$.entityauthdata.authdata.identity"),
        ("s15", "device_id", "request.body|json[0].$.headerdata|base64|json.$.keyid"),
        ("s15", "device_id", "request.body|json[1].$.payload|base64|json.$.keyid"),
        ("s15", "device_id", "request.body|json[2].$.payload|base64|json.$.keyid"),
        ("s15", "device_id", "response.body|json[1].$.payload|base64|json.$.keyid"),
        ("s16", "device_id", "request.body|json[0].$.headerdata|base64|json.$.keyid"),
        ("s16", "device_id", "request.body|json[1].$.payload|base64|json.$.keyid"),
        ("s16", "device_id", "request.body|json[2].$.payload|base64|json.$.keyid"),
        ("s16", "device_id", "response.body|json.$.headerdata|base64|json.$.keyid"),
    ],
}
"""By file: the entry or the stream, the class, and the path."""


def files():
    folders = [CAPTURES / name for name in ("har", "pcap", "flows", "tls", "payloads")]
    endings = (".har", ".zhar", ".pcap", ".pcapng", ".gz", ".mitm")
    return sorted(file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.suffix in endings)


def sure(file):
    """Returns what is found in requests and responses of a file, each as in `AGREED`."""
    pipeline = Pipeline(Case(), (), Timeline(), responses=True)
    found = []
    for record in pipeline.run(read(str(file), Reading())):
        if isinstance(record, Finding) and record.match.confidence >= SURE:
            origin = record.exchange.origin
            place = origin.flow if origin.flow is not None else f"s{origin.stream}"
            found.append((place, record.match.identifier, record.match.leaf.path))
    return found


@pytest.mark.parametrize("file", files() if CAPTURES.is_dir() else [], ids=lambda file: file.name)
def test_what_is_said_for_sure_is_what_a_person_would_say(file):
    assert sorted(sure(file)) == sorted(AGREED.get(file.name, []))


def test_the_list_is_of_files_that_are_there():
    assert set(AGREED) <= {file.name for file in files()}
