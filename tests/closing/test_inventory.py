"""The inventory: what belongs in one row and what does not, and that it stays bounded."""

from dataclasses import replace

import pytest

from leaktap.closing import inventory
from leaktap.closing.inventory import Ledger, place
from leaktap.model import App, Device, Owner, Phase
from tests.sinks.samples import IMEI, TIME, finding

OWNER = Owner("third", "Umeng Analytics", "Umeng", "analytics", "host suffix umeng.example")


def rows(*findings):
    ledger = Ledger()
    for one in findings:
        ledger.add(one)
    return ledger.rows()


def test_a_row_says_what_is_asked_for():
    (row,) = rows(
        finding(1, time=TIME + 5, severity="low", form=("md5", "hex")),
        finding(2, time=TIME, severity="high", phase=Phase("consented", True)),
        finding(3, time=TIME + 9, severity="info", host="other.umeng.example"),
        replace(finding(4, time=TIME + 1), value_ref="v_other"),
    )
    assert (row.identifier, row.category, row.direction) == ("imei", "device_id", "request")
    assert (row.owner, row.app.package, row.device.name) == (OWNER, "com.example.shop", "lab-phone-3")
    assert row.hosts == {"log.umeng.example": 3, "other.umeng.example": 1}
    assert (row.count, row.values, row.first, row.last) == (4, 2, TIME, TIME + 9)
    assert (row.phases, row.background) == ({"before_consent": 3, "consented": 1}, 1)
    assert row.forms == {("md5", "hex"): 1, (): 3}
    assert (row.severity, row.confidence) == ("high", 0.99)
    assert row.findings == ("f0001", "f0002", "f0003", "f0004")


@pytest.mark.parametrize(
    "other",
    [
        finding(2, identifier="oaid"),
        finding(2, owner=replace(OWNER, sdk="Umeng Push")),
        finding(2, owner=replace(OWNER, company="Other")),
        finding(2, owner=replace(OWNER, purpose="advertising")),
        finding(2, owner=replace(OWNER, party="first")),
        finding(2, app=False),
        replace(finding(2), app=App("com.example.other")),
        replace(finding(2), device=Device("lab-phone-4")),
        replace(finding(2), direction="response"),
    ],
)
def test_unlike_findings_are_rows_of_their_own(other):
    assert [row.count for row in rows(finding(), other)] == [1, 1]


@pytest.mark.parametrize(
    "other",
    [
        finding(2, owner=replace(OWNER, basis="package", confidence=0.6, carrier="A CDN")),
        finding(2, host="elsewhere.example"),
        finding(2, phase=Phase("consented")),
        finding(2, value="3872b07eac71d316"),
        replace(finding(2), device=Device("lab-phone-3", "", "192.0.2.99")),
    ],
)
def test_like_findings_are_one_row(other):
    assert [row.count for row in rows(finding(), other)] == [2]


def test_where_nobody_is_known_the_host_is_the_recipient():
    unknown = Owner("unknown")
    found = [finding(n, owner=unknown, host=host) for n, host in enumerate(("a.example", "b.example", "a.example"))]
    assert [(row.hosts, row.count) for row in rows(*found)] == [({"a.example": 2}, 2), ({"b.example": 1}, 1)]


@pytest.mark.parametrize(
    ("host", "parts", "shown"),
    [
        (f"{IMEI}.track.example", {}, "*.track.example"),
        (f"a{IMEI}b.track.example", {}, "a*b.track.example"),
        ("3872b07eac71d316.t.example", {"value": "3872B07EAC71D316"}, "*.t.example"),
        ("deadbeefdeadbeef.t.example", {"form": ("md5",), "raw": b"deadbeefdeadbeef"}, "*.t.example"),
        ("track.example", {}, "track.example"),
        ("abc.example", {"value": "abc"}, "abc.example"),
    ],
)
def test_a_value_in_a_hosts_name_is_not_told(host, parts, shown):
    one = finding(host=host, owner=Owner("unknown"), **parts)
    assert place(one) == shown
    assert rows(one)[0].hosts == {shown: 1}


def test_hosts_that_differ_in_the_value_alone_are_one_recipient():
    values = [f"86753091234{n:04}" for n in range(50)]
    found = [finding(n, value=v, host=f"{v}.t.example", owner=Owner("unknown")) for n, v in enumerate(values)]
    (row,) = rows(*found)
    assert (row.count, row.hosts) == (50, {"*.t.example": 50})


def test_rows_are_bounded_and_nothing_is_lost(monkeypatch):
    monkeypatch.setattr(inventory, "MOST_ROWS", 5)
    found = [finding(n, host=f"h{n}.example", owner=Owner("unknown")) for n in range(300)]
    found += [finding(n, identifier="oaid", host=f"h{n}.example", owner=Owner("unknown")) for n in range(9)]
    got = rows(*found)
    assert sum(row.count for row in got) == 309 and len(got) == 7
    *_, rest, oaid = got
    assert (rest.identifier, rest.count, rest.app, rest.device) == ("imei", 295, None, Device())
    assert (oaid.identifier, oaid.count) == ("oaid", 9)
    assert len(rest.hosts) == 20 and len(rest.findings) == 10
