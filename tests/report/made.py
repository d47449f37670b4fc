"""Invented result files: one finding as records have it, and whole runs of any size. Nothing in them is of anybody."""

import copy
import random
from datetime import datetime, timedelta

START = datetime(2026, 11, 21, 2, 0)

FINDING = {
    "schema": "leaktap.finding/1",
    "id": "2ae65d2d05f7e509",
    "time": "2026-11-21T02:00:00.900000Z",
    "identifier": "imei",
    "category": "device_id",
    "value": "86***********07",
    "value_ref": "eb8fbb9378a253c6",
    "count": 1,
    "form": [],
    "basis": "known",
    "confidence": 1.0,
    "why": "",
    "path": "request.body|gzip|form.data_list|base64|json.$.properties.imei",
    "direction": "request",
    "destination": {
        "scheme": "https",
        "host": "ads.example",
        "ip": "198.51.100.21",
        "port": 443,
        "method": "POST",
        "url": "https://ads.example/v2/log?app=shop",
    },
    "device": {"name": "lab-phone-3", "mac": "a4*************9e", "ip": "192.0.2.23"},
    "app": {"package": "com.example.shop", "name": "示例商城", "basis": "case"},
    "owner": {
        "party": "third",
        "sdk": "Example Ads",
        "company": "Example Media",
        "purpose": "advertising",
        "basis": "host ads.example in catalogue",
        "kind": "ads",
        "group": "",
        "carrier": "",
        "confidence": 0.95,
    },
    "phase": "before_consent",
    "background": False,
    "seconds_to_consent": 19.1,
    "clauses": [],
    "severity": "info",
    "evidence": {
        "source": "capture.pcapng",
        "frames": [31, 32],
        "stream": 1,
        "exchange": "tcp.1:0",
        "flow": None,
        "decrypted": True,
        "frame_filter": "tcp.stream eq 1 && frame.number in {31..32}",
    },
}
CLAUSE = {
    "id": "CAC-191-2019/3.1",
    "title": "Collecting personal information before the user consents",
    "severity": "high",
    "evidence": "direct",
    "why": "imei to the SDK Example Ads of Example Media (third party), before consent",
    "remedy": "Start SDKs and reporting only after the user has agreed.",
}
BLIND = {
    "schema": "leaktap.blind/1",
    "time": "2026-11-21T02:00:05.000000Z",
    "why": "no_key",
    "protocol": "tls",
    "host": "img.shop.example",
    "ip": "198.51.100.9",
    "port": 443,
    "owner": None,
    "bytes": 11900,
    "source": "capture.pcapng",
    "frames": [7],
    "stream": 4,
    "detail": "TLS 1.3, TLS_AES_128_GCM_SHA256",
}
FAULT = {"schema": "leaktap.fault/1", "stage": "keys", "where": "keys.txt", "why": "line 3 is no secret"}
DECLARED = {
    "schema": "leaktap.declared/1",
    "subject": "identifier",
    "name": "imei",
    "verdict": "undeclared",
    "form": "",
    "max_per_hour": None,
    "company": "",
    "sdks": [],
    "identifiers": [],
    "recipients": ["Example Ads"],
    "count": 3,
    "exchanges": 3,
    "per_hour": 3,
    "forms": [{"form": [], "count": 3}],
    "first": "2026-11-21T02:00:00.900000Z",
    "last": "2026-11-21T02:00:12.900000Z",
    "confidence": 1.0,
    "proof": ["tcp.1:0"],
    "findings": ["2ae65d2d05f7e509"],
    "coverage": {"inspected_share": 0.9, "blind": {"no_key": 2}},
}
SUMMARY = {
    "schema": "leaktap.summary/1",
    "inputs": ["capture.pcapng"],
    "files": [{"name": "capture.pcapng", "bytes": 47064, "sha256": "11" * 32}],
    "exchanges": 120,
    "bytes": 1_290_000,
    "inspected_share": 0.9131,
    "findings": {"critical": 0, "high": 3, "medium": 0, "low": 0, "info": 2},
    "clauses": {"CAC-191-2019/3.1": 3},
    "session_clauses": [],
    "unobservable": ["CAC-191-2019/1.1", "MIIT-337-2019/5"],
    "blind": {"no_key": 2},
    "blind_bytes": {"no_key": 112_000},
    "clock_offset": {"": 0.25},
    "clock_measured": True,
    "declared": {"undeclared": 1},
    "case": {
        "app": {
            "package": "com.example.shop",
            "name": "示例商城",
            "version": "5.2.0",
            "developer": "Example Ltd",
            "domains": ["shop.example"],
            "category": "shopping",
        },
        "devices": [{"name": "lab-phone-3", "mac": ["a4*************9e"], "ip": ["19******23"]}],
        "events": [
            {"time": f"2026-11-21T02:0{at}Z", "event": event, "app": "", "device": "", "permission": {}, "action": ""}
            for at, event in (
                ("0:00.000000", "launch"),
                ("0:02.500000", "notice"),
                ("0:20.000000", "consent"),
                ("9:00.000000", "withdraw"),
                ("9:30.000000", "stop"),
            )
        ],
        "events_left_out": 0,
        "declared": {
            "identifiers": {"oaid": {"form": "", "max_per_hour": 2, "collected": True, "shared": True}},
            "sdks": ["Example Push"],
        },
        "necessary": ["phone"],
        "options": {"engine": "auto"},
    },
    "versions": {"leaktap": "0.1.0", "rules": "fefe2480ff633db2", "catalogue": "71f420859511bedb"},
    "faults": 1,
    "seconds": 2.7,
    "mb_per_s": 0.5,
}

_CLASSES = (
    ("imei", "device_id"), ("oaid", "device_id"), ("android_id", "device_id"), ("mac_wifi", "device_id"),
    ("imsi", "device_id"), ("app_list", "app_list"), ("location", "location"), ("phone", "contact"),
    ("contacts", "contact"), ("bssid", "network_id"), ("ssid", "network_id"), ("serial", "device_id"),
    ("device_model", "device_info"), ("clipboard", "behaviour"), ("wifi_scan", "network_id"),
)  # fmt: skip
_OWNERS = (
    ("Example Ads", "Example Media", "third", "ads"), ("Example Push", "Aurora Example", "third", "push"),
    ("Example Analytics", "Example Media", "third", "analytics"), ("示例统计", "示例数据", "third", "analytics"),
    ("", "Example Ltd", "first", ""), ("", "", "unknown", ""), ("Example Maps", "Example Maps", "third", "map"),
    ("Example Risk", "Example Security", "third", "risk-control"), ("示例崩溃", "Aurora Example", "third", "crash"),
    ("Phone services", "Example Phones", "platform", "platform"),
)  # fmt: skip
_CLAUSES = (
    ("CAC-191-2019/3.1", "high"), ("MIIT-164-2020/1", "high"), ("MIIT-337-2019/3-1", "medium"),
    ("CAC-191-2019/5.1", "medium"), ("MIIT-26-2023/2.4.2", "low"), ("CAC-191-2019/3.2", "critical"),
)  # fmt: skip


def finding(**changes):
    """Returns a finding of its own; `destination__host="..."` changes a field of a field."""
    made = copy.deepcopy(FINDING)
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if inner:
            made[outer][inner] = value
        else:
            made[name] = value
    return made


def run(count, seed=1, minutes=10, paths=12):
    """Yields a run with `count` findings, as a result file has it."""
    dice = random.Random(seed)
    for number in range(count):
        identifier, category = dice.choice(_CLASSES)
        sdk, company, party, kind = dice.choice(_OWNERS)
        seconds = minutes * 60 * dice.random() ** 3
        phase = "before_notice" if seconds < 2.5 else "before_consent" if seconds < 20 else "consented"
        if seconds > 540:
            phase = "withdrawn"
        chosen = (
            [] if phase == "consented" and dice.random() < 0.8 else _CLAUSES[dice.randrange(3) : dice.randrange(3, 6)]
        )
        if phase == "withdrawn":
            chosen = _CLAUSES[5:]
        if party in ("platform", "first") and phase == "consented":
            chosen = []
        clauses = [{**CLAUSE, "id": id_, "severity": severity} for id_, severity in chosen]
        order = ("critical", "high", "medium", "low", "info")
        host = (
            f"{(sdk or company or 'x').split()[-1].lower()}{dice.randrange(3)}.example"
            if sdk.isascii()
            else "tongji.example"
        )
        yield finding(
            id=f"{number:016x}",
            time=(START + timedelta(seconds=seconds)).isoformat(timespec="microseconds") + "Z",
            identifier=identifier,
            category=category,
            value_ref=f"{dice.randrange(40):016x}",
            form=dice.choice([[], [], ["md5", "hex"], ["no-separator", "upper", "sha256", "base64"]]),
            path=f"request.body|gzip|json.$.events[{number}].f{dice.randrange(paths)}.{identifier}",
            destination__host=host,
            destination__url=f"https://{host}/v2/log?imei=86***********07&n={number}",
            owner={**FINDING["owner"], "party": party, "sdk": sdk, "company": company, "kind": kind},
            phase=phase,
            seconds_to_consent=20 - seconds,
            clauses=clauses,
            severity=min((clause["severity"] for clause in clauses), key=order.index, default="info"),
        )
    yield BLIND
    yield {**BLIND, "why": "pinned", "host": "pay.example", "bytes": 4000, "detail": ""}
    yield FAULT
    for index, (identifier, category) in enumerate(_CLASSES):
        sdk, company, party, kind = _OWNERS[index % len(_OWNERS)]
        yield {
            "schema": "leaktap.inventory/1",
            "identifier": identifier,
            "category": category,
            "direction": "request",
            "owner": {"party": party, "sdk": sdk, "company": company, "purpose": "usage", "kind": kind, "group": ""},
            "hosts": {"ads.example": 3 + index},
            "app": FINDING["app"],
            "device": FINDING["device"],
            "count": 3 + index,
            "values": 2,
            "first": "2026-11-21T02:00:00.900000Z",
            "last": "2026-11-21T02:08:12.900000Z",
            "phases": {"before_consent": 2, "consented": 1 + index},
            "background": index % 2,
            "forms": [{"form": ["md5", "hex"], "count": 2}, {"form": [], "count": 1 + index}],
            "severity": "high",
            "confidence": 0.9,
            "findings": ["2ae65d2d05f7e509"],
        }
    yield DECLARED
    yield {**DECLARED, "name": "oaid", "verdict": "more_often", "max_per_hour": 2, "per_hour": 61}
    yield {**DECLARED, "subject": "sdk", "name": "Example Push", "verdict": "as_declared", "identifiers": ["oaid"]}
    yield {**DECLARED, "subject": "sdk", "name": "Example Pay", "company": "Pay Ltd", "verdict": "unseen", "count": 0}
    yield SUMMARY
