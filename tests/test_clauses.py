"""Each clause that traffic can show fires in a golden case and not on its near miss, whatever else the network shows.

The lines are of the cases' expected.jsonl; that they are what is found, and all that is found, is tested for the cases
as they are, and here for the cases with their packets out of order, with the times of another zone or by another clock,
and with another app beside the one under test.
"""

import json
import re
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest

from captures.make import wire
from captures.make.cases._shop import JPUSH, OWN, PANGLE, STATIC, UMENG, post, value
from captures.make.messages import Call, Host, Phone, Reply, Session
from leaktap.config import DeviceProfile, Location, load_case, load_devices
from leaktap.consent import Timeline
from leaktap.examine import Examiner
from leaktap.model import Answer, Blind, Declared, Exchange, Fault, Finding, Inventory, Summary
from leaktap.pipeline import Pipeline
from leaktap.rulebook import rule_book
from leaktap.sources import Reading
from leaktap.sources import read as read_source
from tests import _recaptured as recaptured
from tests.test_captures import CAPTURES, CASES, NONE, device_of, differences, expected, found

PACKETS = [case for case in CASES if list((CAPTURES / case).glob("capture.pcap*"))]
BOOK = {f"{document.document}/{clause.id}": clause for document in rule_book() for clause in document.clauses}
CAN_FIRE = {name for name, clause in BOOK.items() if clause.evidence in ("direct", "case", "indicator")}

EARLY = [("shop", {"identifier": "imei", "phase": "before_notice"}), ("shop", {"phase": "consented"})]
UNASKED = [("shop", {"identifier": "mac_wifi"}), ("three-apps", {"identifier": "android_id"})]
UNNEEDED = [("necessity", {"identifier": "oaid"}), ("necessity", {"identifier": "phone"})]
UNNEEDED_ID = [("necessity", {"identifier": "biometric"}), ("necessity", {"identifier": "id_card"})]
OTHER_APP = [("policy", {"host": "log1.cmpassport.com"}), ("policy", {"host": "gd-stats.jpush.cn"})]
UNLISTED = [("policy", {"host": "gd-stats.jpush.cn"}), ("policy", {"host": "ulogs.umeng.com"})]
TARGETED = [
    ("personalisation", {"identifier": "search", "host": "log-api.pangolin-sdk-toutiao-b.com"}),
    ("personalisation", {"host": "ulogs.umeng.com"}),
    ("personalisation", {"identifier": "oaid"}),
]
SELF_START = [
    ("self-start", {"host": "gd-stats.jpush.cn"}),
    ("self-start", {"host": "ulogs.umeng.com", "phase": "not_running"}),
    ("self-start", {"phase": "consented"}),
]
SILENT = [
    ("download", {"form": ["apk"], "host": "sf6-fe-tos.pglstatp-toutiao.com"}),
    ("download", {"form": ["apk"], "host": "static.example-shop.cn"}),
]
DENIED = [("denied", {"identifier": "contacts"}), ("denied", {"identifier": "location"})]

ROWS = {
    "CAC-191-2019/1.2": [("no-notice", {"identifier": "oaid"}), ("shop", {"phase": "before_notice"})],
    "CAC-191-2019/2.1": [("policy", {"identifier": "serial"}), ("policy", {"identifier": "phone"})],
    "CAC-191-2019/2.2": [("new-version", {"identifier": "android_id"}), ("new-version", {"identifier": "mac_wifi"})],
    "CAC-191-2019/3.1": EARLY,
    "CAC-191-2019/3.2": [("refused", {"identifier": "android_id"}), ("refused", {"phase": "withdrawn"})],
    "CAC-191-2019/3.3": DENIED,
    "CAC-191-2019/3.6": TARGETED,
    "CAC-191-2019/3.8": [("refused", {"phase": "withdrawn"}), ("refused", {"phase": "refused"})],
    "CAC-191-2019/3.9": [
        ("policy", {"identifier": "android_id", "form": []}),
        ("policy", {"identifier": "android_id", "form": ["md5", "hex"]}),
        ("policy", {"identifier": "mac_wifi", "host": "api.example-shop.cn"}),
    ],
    "CAC-191-2019/4.1": UNNEEDED,
    "CAC-191-2019/4.3": [("new-version", {"identifier": "android_id"}), ("new-version", {"host": "gd-stats.jpush.cn"})],
    "CAC-191-2019/4.4": [("frequency", {"identifier": "location"}), ("frequency", {"identifier": "imei"})],
    "CAC-191-2019/5.1": UNASKED,
    "CAC-191-2019/5.3": OTHER_APP,
    "MIIT-337-2019/1-1": [("no-notice", {"identifier": "imei"}), ("no-notice", {"identifier": "oaid"})],
    "MIIT-337-2019/1-2": EARLY,
    "MIIT-337-2019/2-1": UNNEEDED,
    "MIIT-337-2019/2-2": [("frequency", {"identifier": "contacts"}), ("frequency", {"identifier": "imei"})],
    "MIIT-337-2019/2-3": UNNEEDED_ID,
    "MIIT-337-2019/3-1": UNASKED,
    "MIIT-337-2019/3-2": OTHER_APP,
    "MIIT-337-2019/4": TARGETED,
    "MIIT-164-2020/1": EARLY,
    "MIIT-164-2020/2": [("refused", {"background": True}), ("refused", {"background": False})],
    "MIIT-164-2020/3": UNASKED,
    "MIIT-164-2020/4": TARGETED,
    "MIIT-164-2020/6": SELF_START,
    "MIIT-164-2020/7": SILENT,
    "MIIT-164-2020/8": UNNEEDED_ID,
    "MIIT-26-2023/1.1.1": SILENT,
    "MIIT-26-2023/1.1.2": SILENT,
    "MIIT-26-2023/1.2.3": SELF_START,
    "MIIT-26-2023/1.3.1": UNNEEDED,
    "MIIT-26-2023/1.3.3": DENIED,
    "MIIT-26-2023/2.1.3": UNLISTED,
    "MIIT-26-2023/2.2.2": [("download", {"form": ["js"]}), ("download", {"form": ["apk"]})],
    "MIIT-26-2023/2.3.1": UNLISTED,
    "MIIT-26-2023/2.3.2": [
        ("sdk-greed", {"identifier": "serial", "host": "ulogs.umeng.com"}),
        ("sdk-greed", {"host": "gd-stats.jpush.cn"}),
        ("sdk-greed", {"host": "api.example-shop.cn"}),
    ],
    "MIIT-26-2023/2.4.1": SILENT,
    "MIIT-26-2023/2.4.2": [
        ("denied", {"identifier": "clipboard", "basis": "known"}),
        ("denied", {"identifier": "clipboard", "basis": "key"}),
        ("denied", {"identifier": "phone"}),
    ],
    "CAC-APP-2022/non-essential": [("necessity", {"identifier": "serial"}), ("necessity", {"identifier": "phone"})],
}
"""By clause: the line that fires it, and those that are as like it as can be and must not."""


def expected_lines(case, traits):
    lines = map(json.loads, (CAPTURES / case / "expected.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if traits.items() <= line.items()]


def test_every_clause_that_can_fire_has_its_lines():
    assert set(ROWS) == CAN_FIRE
    assert all(near for _, *near in ROWS.values())


@pytest.mark.parametrize("clause", ROWS)
def test_a_clause_fires_in_its_case_and_not_on_its_near_misses(clause):
    (case, traits), *near = ROWS[clause]
    assert any(clause in line["clauses"] for line in expected_lines(case, traits))
    for case, traits in near:
        lines = expected_lines(case, traits)
        assert lines and not any(clause in line["clauses"] for line in lines), (case, traits)


def test_nothing_else_is_accused_of():
    lines = [line for case in CASES for line in expected_lines(case, {})]
    assert {clause for line in lines for clause in line.get("clauses", ())} == CAN_FIRE


# What must change nothing.


@cache
def examiner_of(case):
    """Returns what looks into the exchanges of a case: times and clocks of its events are nothing to it."""
    about = load_case(CAPTURES / case / "case.yaml")
    return Examiner(about, load_devices(about.devices))


def seen(folder, examiner):
    """Returns what each capture in a folder shows, looked into."""
    files = sorted(folder.glob("capture.*"))
    return [[looked(item, examiner) for item in read_source(str(file), Reading())] for file in files]


seen_in = cache(lambda case: seen(CAPTURES / case, examiner_of(case)))


def looked(item, examiner):
    return examiner.examine(item) if isinstance(item, Exchange | Answer) else item


def judged(folder, items):
    """Returns the records of a capture that was looked into, by the case file in a folder."""
    case = load_case(folder / "case.yaml")
    timeline = Timeline(case.events, clock_offset=case.clock_offset)
    return list(Pipeline(case, [without_values(each) for each in load_devices(case.devices)], timeline).run(items))


def without_values(device):
    """Leaves a profile that tells whose a phone is: to compile what is not looked for again takes long."""
    kept = {name: values for name, values in device.identifiers.items() if name == "app_list"}
    return device.model_copy(update={"identifiers": kept, "location": (), "contacts": ()})


@pytest.fixture
def copy(tmp_path):
    """Returns a case's folder to be changed."""
    return lambda case: shutil.copytree(CAPTURES / case, tmp_path / case)


def check(case, records):
    assert differences(found(records), expected(case)) == NONE
    assert [record for record in records if isinstance(record, Fault)] == []
    clauses = Counter(clause for line in expected_lines(case, {}) for clause in line.get("clauses", ()))
    summary = records[-1]
    assert isinstance(summary, Summary)
    assert summary.clauses == clauses
    assert set(summary.unobservable) == {name for name, clause in BOOK.items() if clause.evidence == "none"}


def recapture(folder, change):
    """Leaves a case with one capture: its packets, changed."""
    (file,) = folder.glob("capture.pcap*")
    capture = change(recaptured.read(file))
    for other in folder.glob("capture.*"):
        other.unlink()
    recaptured.write(capture, folder / "capture.pcapng")


def moments(folder, change):
    """Writes the times of a case's events as `change` has them."""
    file = folder / "case.yaml"
    text, count = re.subn(
        r"(?<=at: )[0-9T:.-]+Z", lambda said: change(datetime.fromisoformat(said[0])), file.read_text(encoding="utf-8")
    )
    assert count
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_case_says_what_traffic_cannot_show(case):
    for items in seen_in(case):
        check(case, judged(CAPTURES / case, items))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("case", PACKETS)
def test_packets_in_another_order_change_nothing(case, seed, copy):
    folder = copy(case)
    recapture(folder, lambda capture: recaptured.troubled(capture, seed))
    (items,) = seen(folder, examiner_of(case))
    check(case, judged(folder, items))


@pytest.mark.parametrize("hours", [8, -5])
@pytest.mark.parametrize("case", CASES)
def test_another_time_zone_changes_nothing(case, hours, copy):
    folder = copy(case)
    zone = timezone(timedelta(hours=hours))
    moments(folder, lambda moment: moment.astimezone(zone).isoformat())
    assert f"{hours:+03}:00" in (folder / "case.yaml").read_text(encoding="utf-8")
    for items in seen_in(case):
        check(case, judged(folder, items))


@pytest.mark.parametrize("seconds", [37.5, -5400])
@pytest.mark.parametrize("case", CASES)
def test_a_clock_that_is_wrong_changes_nothing(case, seconds, copy):
    folder = copy(case)
    moments(folder, lambda moment: (moment + timedelta(seconds=seconds)).astimezone(UTC).isoformat())
    with (folder / "case.yaml").open("a", encoding="utf-8") as file:
        file.write(f"clock_offset: {seconds}\n")
    for items in seen_in(case):
        check(case, judged(folder, items))


def test_a_clock_that_is_not_set_right_would_change_something(copy):
    folder = copy("shop")
    moments(folder, lambda moment: (moment + timedelta(seconds=37.5)).isoformat())
    assert differences(found(judged(folder, seen_in("shop")[0])), expected("shop")) != NONE


# Another app beside the one under test.

GUEST = "com.example.radio"
TRACKS = "track.example-shop.cn"
OTHER_PHONE = Phone(ip="192.168.50.77", mac="90:f0:52:3e:8a:14")
OTHER_DEVICE = DeviceProfile(
    identifiers={
        "imei": "860461035827941",
        "mac_wifi": "90:f0:52:3e:8a:14",
        "android_id": "0d6b8e3175fa29c4",
        "oaid": "c36f05a98d21e7b4",
        "serial": "R58N90ABCDE",
        "phone": "19900000077",
    },
    location={"lat": 30.27415, "lon": 120.15515},
)
"""Nobody's in the case: a phone that happens to be there too."""

_HOSTS = {host: Host(f"192.0.2.{200 + n}", "") for n, host in enumerate((OWN, STATIC, TRACKS, UMENG, JPUSH, PANGLE))}
_NAMES = ("imei", "mac_wifi", "android_id", "oaid", "serial", "phone")


def guest(device, phone, agent):
    """What another app does: all that clauses speak of, all the time, to whomever the app under test talks to."""
    all_of_it = {name: value(device, name) for name in _NAMES if name in device.identifiers}
    sent = [
        post(at + 0.1 * n, host, "/all", all_of_it | {"search_keyword": "收音机"}, agent)
        for at in range(0, 110, 18)
        for n, host in enumerate((UMENG, JPUSH, PANGLE, OWN))
    ]
    (place,) = device.location or [Location(lat=31.23041, lon=121.47370)]
    spot = {"lat": f"{place.lat:.5f}", "lon": f"{place.lon:.5f}"}
    places = [post(61 + n / 4, TRACKS, "/l", spot, agent) for n in range(65)]
    code = Reply(headers=(("Content-Type", "application/octet-stream"),), body=b"dex\n035\0" + bytes(400))
    loaded = [Call(at, "GET", STATIC, "/patch", (("User-Agent", agent),), reply=code) for at in (2.0, 70.0, 104.0)]
    return Session(_HOSTS, (*sent, *places, *loaded), phone)


def recorded(session):
    """Returns the session as packets, on ports that no other connection of a case has."""
    talks, keylog = wire.converse(session, first=3000)
    packets = [recaptured.Packet(*packet) for talk in talks for packet in talk.packets]
    return recaptured.Capture(tuple(sorted(packets)), b"".join(line + b"\n" for line in keylog))


@pytest.mark.parametrize("how", ["another phone", "the same phone", "a user id of PCAPdroid"])
@pytest.mark.parametrize("case", PACKETS)
def test_another_app_changes_nothing_and_is_not_the_one_under_test(case, how, copy):
    folder, device, phone = copy(case), device_of(case), Phone()
    if how == "another phone":
        device, phone = OTHER_DEVICE, OTHER_PHONE
    alone = judged(folder, seen_in(case)[-1])
    agent = "okhttp/4.12.0" if "user id" in how else f"{GUEST}/42 (Linux; Android 14)"
    beside = recorded(guest(device, phone, agent))
    if "user id" in how:
        beside = recaptured.of_app(beside, 10_177, GUEST, "Radio")
    recapture(folder, lambda capture: recaptured.together(capture, beside))
    (items,) = seen(folder, examiner_of(case))
    records = judged(folder, items)
    theirs = [record for record in records if isinstance(record, Finding) and is_guest(record.app)]
    ours = [record for record in records if not (isinstance(record, Finding) and is_guest(record.app))]
    assert differences(found(ours), expected(case)) == NONE
    assert {record.device.name for record in theirs} == {device.name}
    assert {record.phase.name for record in theirs} == {"unknown"}
    assert {record.match.identifier for record in theirs} > {"imei", "search", "location", "code_download"}
    assert [record for record in theirs if record.clauses] == []
    assert records[-1].clauses == alone[-1].clauses
    assert told(records) == told(alone)


def is_guest(app):
    return app is not None and app.package == GUEST


def told(records):
    """Returns what the closing records say of the app under test and the others of the case."""
    inventory = Counter(
        (row.identifier, row.owner.sdk, row.owner.company, row.app and row.app.package, row.device.name, row.count,
         tuple(sorted(row.phases.items())))
        for row in records
        if isinstance(row, Inventory) and not is_guest(row.app)
    )  # fmt: skip
    declared = Counter(
        (row.subject, row.name, row.verdict, row.count, row.exchanges, row.per_hour, row.sdks, row.identifiers)
        for row in records
        if isinstance(row, Declared)
    )
    return inventory, declared, sum(isinstance(record, Blind) for record in records)
