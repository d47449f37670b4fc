"""Declared against observed, both ways, with near misses: other apps, the system, responses, the edge of the hour."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.closing.declared import HOUR, Comparison, Meetings, meeting
from leaktap.config import Case
from leaktap.model import App, Blind, Device, Owner
from leaktap.policy import Product
from tests.sinks.samples import TIME, finding

SHOP = App("com.example.shop", "Example Shop", "case")
UMENG = Owner("third", "Umeng Analytics", "Umeng", "analytics", kind="analytics")
PUSH = Owner("third", "Umeng Push", "Umeng", "push", kind="push")
SOLO = Owner("third", "Solo", "Solo Ltd", "payment", kind="pay")
FIRST = Owner("first", company="Example Ltd")
PRODUCTS = [
    Product("Umeng Analytics", "Umeng", ("Umeng Analytics", "友盟统计"), ("Umeng", "友盟+"), "analytics"),
    Product("Umeng Push", "Umeng", ("Umeng Push", "友盟推送"), ("Umeng", "友盟+"), "push"),
]


def comparison(identifiers=None, sdks=()):
    declared = {"identifiers": identifiers or {}, "sdks": list(sdks)}
    return Comparison(Case.model_validate({"app": {"package": SHOP.package}, "declared": declared}), PRODUCTS)


def leak(number=1, owner=FIRST, at=0, app=SHOP, **parts):
    one = finding(number, owner=owner, time=TIME + at, **parts)
    return replace(one, app=app, exchange=replace(one.exchange, id=f"x{number}"))


def send(room, *findings):
    for one in findings:
        room.met(meeting(SHOP.package, one.time, one.exchange.id, one.app, one.owner))
        room.add(one)
    return room.rows(1.0, {})


def verdicts(rows):
    return {(row.subject, row.name, row.verdict) for row in rows}


@pytest.mark.parametrize(
    ("identifiers", "sdks", "found", "expected"),
    [
        ({}, [], [leak()], {("identifier", "imei", "undeclared")}),
        ({"imei": {}}, [], [leak()], {("identifier", "imei", "as_declared")}),
        ({"imei": {}}, [], [], {("identifier", "imei", "unseen")}),
        ({"oaid": {}}, [], [leak()], {("identifier", "imei", "undeclared"), ("identifier", "oaid", "unseen")}),
        ({"imei": {"form": "md5"}}, [], [leak()], {("identifier", "imei", "weaker")}),
        ({"imei": {"form": "md5"}}, [], [leak(form=("md5", "hex"))], {("identifier", "imei", "as_declared")}),
        ({"imei": {"form": "plain"}}, [], [leak()], {("identifier", "imei", "as_declared")}),
        ({"imei": {"collected": "false"}}, [], [leak()], {("identifier", "imei", "undeclared")}),
        ({"imei": {"collected": "false"}}, [], [], {("identifier", "imei", "as_declared")}),
        ({"imei": {"shared": "false"}}, [], [leak()], {("identifier", "imei", "as_declared")}),
        ({"imei": {"max_per_hour": 1}}, [], [leak(1), leak(2, at=9)], {("identifier", "imei", "more_often")}),
        ({"imei": {"max_per_hour": 2}}, [], [leak(1), leak(2, at=9)], {("identifier", "imei", "as_declared")}),
        ({"imei": {"max_per_hour": 1}}, [], [leak(1), leak(1)], {("identifier", "imei", "as_declared")}),
        ({"imei": {"max_per_hour": 1}}, [], [leak(1), leak(2, at=HOUR)], {("identifier", "imei", "as_declared")}),
        ({"imei": {"max_per_hour": 1}}, [], [leak(1), leak(2, at=HOUR - 1)], {("identifier", "imei", "more_often")}),
        (
            {"imei": {"max_per_hour": 0, "form": "md5"}},
            [],
            [leak()],
            {("identifier", "imei", "weaker"), ("identifier", "imei", "more_often")},
        ),
        (
            {"imei": {}},
            [],
            [leak(owner=UMENG)],
            {("identifier", "imei", "as_declared"), ("sdk", "Umeng Analytics", "undeclared")},
        ),
        (
            {"imei": {}},
            ["友盟统计SDK"],
            [leak(owner=UMENG)],
            {("identifier", "imei", "as_declared"), ("sdk", "友盟统计SDK", "as_declared")},
        ),
        (
            {"imei": {}},
            ["友盟统计SDK"],
            [leak(owner=PUSH)],
            {
                ("identifier", "imei", "as_declared"),
                ("sdk", "友盟统计SDK", "unseen"),
                ("sdk", "Umeng Push", "undeclared"),
            },
        ),
        (
            {"imei": {"shared": "false"}},
            ["Umeng"],
            [leak(1), leak(2, owner=UMENG)],
            {("identifier", "imei", "undeclared"), ("sdk", "Umeng", "as_declared")},
        ),
        # Near misses: what is not the tested app's own sending.
        (
            {"imei": {}},
            ["Umeng"],
            [leak(app=App("com.example.other"), owner=UMENG)],
            {("identifier", "imei", "unseen"), ("sdk", "Umeng", "unseen")},
        ),
        ({}, [], [leak(owner=Owner("platform", "MIUI", "Xiaomi"))], set()),
        ({}, [], [replace(leak(owner=UMENG), direction="response", owner=FIRST)], set()),
        ({}, [], [leak(app=App("com.example.other"))], set()),
        ({}, [], [leak(app=None)], {("identifier", "imei", "undeclared")}),
    ],
)
def test_verdicts(identifiers, sdks, found, expected):
    assert verdicts(send(comparison(identifiers, sdks), *found)) == expected


def test_without_a_declaration_there_are_no_rows():
    room = Comparison(Case(), PRODUCTS)
    assert send(room, leak(owner=UMENG)) == []


def test_a_row_of_a_class_carries_what_proves_it():
    room = comparison({"imei": {"form": "md5"}})
    (row,) = send(room, leak(1, at=7, form=("md5", "hex")), leak(2, at=9, owner=UMENG), leak(3, at=5))[:1]
    assert (row.verdict, row.form, row.count, row.exchanges, row.forms) == ("weaker", "md5", 2, 2, {(): 2})
    assert row.recipients == ("Umeng Analytics", "Example Ltd")
    assert (row.first, row.last, row.proof, row.findings) == (TIME + 5, TIME + 9, ("x3", "x2"), ("f0003", "f0002"))


def test_more_often_counts_requests_to_one_recipient_within_an_hour():
    times = [0, 10, 20, HOUR + 5, HOUR + 30, 5 * HOUR]
    room = comparison({"imei": {"max_per_hour": 2}})
    found = [leak(n, at=at) for n, at in enumerate(times)]
    found += [leak(n + 10, at=at, owner=UMENG) for n, at in enumerate((1, 2))]
    row = next(row for row in send(room, *found) if row.verdict == "more_often")
    assert (row.per_hour, row.max_per_hour, row.proof) == (3, 2, ("x0", "x1", "x2"))


@given(st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=30, unique=True))
def test_the_busiest_hour_does_not_depend_on_the_order(times):
    most = max(sum(end - HOUR < time <= end for time in times) for end in times)
    found = [leak(number, at=at) for number, at in enumerate(times)]
    for order in (found, found[::-1], sorted(found, key=lambda one: one.time)):
        (row,) = send(comparison({"imei": {}}), *order)
        assert row.per_hour == most


@pytest.mark.parametrize("other", [{"device": Device("lab-phone-4")}, {"owner": UMENG}])
def test_another_phone_or_recipient_has_its_own_count(other):
    room = comparison({"imei": {"max_per_hour": 1}}, ["Umeng"])
    rows = send(room, leak(1), replace(leak(2, at=3), **other))
    assert ("identifier", "imei", "as_declared") in verdicts(rows)


def test_an_sdk_is_seen_without_anything_personal():
    room = comparison(sdks=["Umeng"])
    room.met(meeting(SHOP.package, TIME, "x1", SHOP, UMENG))
    room.met(meeting(SHOP.package, TIME + 5, "x2", None, SOLO))
    undeclared, declared = room.rows(1.0, {})
    assert (undeclared.name, undeclared.verdict, undeclared.company) == ("Solo", "undeclared", "Solo Ltd")
    assert (undeclared.count, undeclared.exchanges, undeclared.proof) == (0, 1, ("x2",))
    assert (declared.name, declared.verdict, declared.sdks) == ("Umeng", "as_declared", ("Umeng Analytics",))


@pytest.mark.parametrize(
    ("app", "owner"),
    [
        (App("com.example.other"), UMENG),
        (SHOP, Owner("platform", "MIUI", "Xiaomi")),
        (SHOP, Owner("unknown", "A CDN", "Carrier", kind="cdn")),
        (SHOP, FIRST),
    ],
)
def test_what_is_no_meeting_with_an_sdk(app, owner):
    assert meeting(SHOP.package, TIME, "x1", app, owner) == ()


def test_sdks_under_one_name_are_one_row():
    rows = send(
        comparison({"imei": {}, "oaid": {}}, ["友盟"]), leak(1, owner=UMENG), leak(2, owner=PUSH, identifier="oaid")
    )
    row = rows[-1]
    assert (row.name, row.sdks, row.identifiers) == ("友盟", ("Umeng Analytics", "Umeng Push"), ("imei", "oaid"))
    assert (row.count, row.exchanges, row.findings) == (2, 2, ("f0001", "f0002"))


def test_never_seen_says_what_could_not_be_looked_into():
    room = comparison({"imei": {}}, ["Umeng", "Solo"])
    room.blind(Blind(TIME, "no_key", "tls", "ulogs.umeng.example", owner=UMENG))
    room.blind(Blind(TIME, "no_key", "tls", "cdn.example", owner=Owner("unknown")))
    room.blind(Blind(TIME, "pinned", "tls", owner=None))
    imei, solo, umeng = room.rows(0.4, {"no_key": 2, "pinned": 1})
    assert {row.verdict for row in (imei, solo, umeng)} == {"unseen"}
    assert {row.coverage.inspected_share for row in (imei, solo, umeng)} == {0.4}
    assert imei.coverage.blind == {"no_key": 2, "pinned": 1}
    assert (solo.coverage.blind, umeng.coverage.blind) == ({}, {"no_key": 1})


def test_what_breaks_the_policy_comes_first():
    found = [leak(1, owner=UMENG), leak(2, identifier="oaid"), leak(3, identifier="meid")]
    rows = send(comparison({"imei": {}, "imsi": {}, "oaid": {"form": "md5"}}, ["Solo"]), *found)
    order = ["undeclared", "weaker", "unseen", "as_declared", "undeclared", "unseen"]
    assert [row.verdict for row in rows] == order


def test_meetings_add_up_however_they_are_cut():
    owners = itertools.cycle([UMENG, SOLO, UMENG])
    seen = [meeting(SHOP.package, TIME + 7 * n % 500, f"x{n}", SHOP, next(owners)) for n in range(200)]
    whole, first, second = Meetings(), Meetings(), Meetings()
    for n, one in enumerate(seen):
        whole.add(one)
        (first if n % 3 else second).add(one)
    second.add(first.all())
    assert sorted(second.all(), key=str) == sorted(whole.all(), key=str)
    assert all(len(met.earliest) == 50 for met in whole.all())


def test_memory_is_bounded():
    room = comparison({"imei": {"max_per_hour": 1}})
    for n in range(5000):
        room.add(leak(n, owner=Owner("third", f"S{n}", f"C{n}"), at=n))
        room.met(meeting(SHOP.package, TIME, f"x{n}", SHOP, Owner("third", f"S{n}")))
    rows = room.rows(1.0, {})
    assert len(json.dumps([len(row.proof) + len(row.recipients) for row in rows])) < 100_000
    assert max(len(row.recipients) for row in rows) <= 50 and len(rows) < 4100
