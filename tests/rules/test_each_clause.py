"""Every clause that can fire: the smallest story that fires it, and its near misses, which do not."""

from dataclasses import replace

import pytest

from leaktap.config import Baseline, Case
from leaktap.model import App, Owner, Phase
from leaktap.rulebook import rule_book
from leaktap.rules import Engine
from tests.rules._findings import FIRST, SECOND, THIRD, Events, finding, ids

CONSENTED = Phase("consented")
RUNNING = {"phase": CONSENTED}
ADS = Owner("third", "Some Ads", "Some Ltd", kind="ads")
LOGIN = Owner("third", "Some Login", "Some Ltd", kind="login")
POLICY = {
    "identifiers": {
        "oaid": {"max_per_hour": 2},
        "android_id": {"form": "md5"},
        "imei": {"collected": "false"},
        "mac_wifi": {"shared": "false"},
    },
    "sdks": ["Some Analytics"],
}
DECLARED = {"declared": POLICY}
NEEDED = {"necessary": ["phone"]}
BASELINE = {"baseline": Baseline("old", frozenset({("oaid", "Some Ltd", "")}))}
NO_NOTICE = Events(happened=("launch",))
OFF, ON = Events(on=False), Events(on=True)
OPENING = Events(opening=True)
CONTACTS_DENIED = Events(denied=("contacts",))
NEVER_NOTICED = {"phase": Phase("before_notice")}


def one(identifier="oaid", **about):
    return [finding(identifier, **(RUNNING | about))]


def many(identifier, count, seconds=1, **about):
    return [
        finding(identifier, time=n * seconds * SECOND, exchange=f"tcp.{n}:0", **(RUNNING | about)) for n in range(count)
    ]


def classes(*names, owner=THIRD, exchange=None):
    return [
        finding(name, owner=owner, phase=CONSENTED, exchange=exchange or f"tcp.{n}:0") for n, name in enumerate(names)
    ]


def code(kind, **about):
    return [finding("code_download", category="behaviour", form=(kind,), direction="response", time=100 * SECOND,
                    **(RUNNING | about))]  # fmt: skip


def own(phase="not_running", basis="User-Agent", **about):
    found = finding("oaid", phase=Phase(phase), time=100 * SECOND, **about)
    return [replace(found, app=App("com.example.shop", basis=basis))]


AT_90 = Events(actions=(90 * SECOND,))
OTHER = Events(other=("com.example.other", 98 * SECOND))
TESTED = {"app": {"package": "com.example.shop"}}
FIVE = ("imei", "mac_wifi", "android_id", "oaid", "imsi")
PLAIN = Events()
BEFORE = {"phase": Phase("before_consent")}

EARLY = ([({}, PLAIN, one(**BEFORE)), ({}, PLAIN, one(owner=FIRST, **NEVER_NOTICED))], [({}, PLAIN, one())])
EARLY_THIRD = (
    [({}, PLAIN, one(**BEFORE)), ({}, PLAIN, one(phase=Phase("refused"))), ({}, PLAIN, one(phase=Phase("withdrawn")))],
    [({}, PLAIN, one(owner=FIRST, **BEFORE)), ({}, PLAIN, one())],
)
UNNEEDED = (
    [(NEEDED, PLAIN, one())],
    [(NEEDED, PLAIN, one("phone")), ({}, PLAIN, one())],
)
UNNEEDED_ID = (
    [(NEEDED, PLAIN, one("id_card"))],
    [(NEEDED, PLAIN, one("phone")), ({"necessary": ["id_card"]}, PLAIN, one("id_card")), (NEEDED, PLAIN, one())],
)
TARGETED = (
    [({}, OFF, one("search", category="behaviour", owner=ADS))],
    [
        ({}, ON, one("search", category="behaviour", owner=ADS)),
        ({}, PLAIN, one("search", category="behaviour", owner=ADS)),
        ({}, OFF, one("search", category="behaviour", owner=THIRD)),
        ({}, OFF, one("oaid", owner=ADS)),
    ],
)
OTHER_APP = (
    [({}, PLAIN, one(owner=LOGIN, **BEFORE)), (DECLARED, PLAIN, one(owner=LOGIN))],
    [
        ({}, PLAIN, one(owner=LOGIN)),
        ({}, PLAIN, one(owner=ADS, **BEFORE)),
        ({"declared": POLICY | {"sdks": ["Some Login"]}}, PLAIN, one(owner=LOGIN)),
    ],
)
CHANGED = (
    [(BASELINE, PLAIN, one("imei")), (BASELINE | DECLARED, PLAIN, one("phone"))],
    [
        (BASELINE, PLAIN, one()),
        ({}, PLAIN, one("imei")),
        (BASELINE | {"declared": {"identifiers": {"imei": {}}}}, PLAIN, one("imei")),
    ],
)
SELF_START = (
    [(TESTED, PLAIN, own()), (TESTED, OTHER, own()), (TESTED, PLAIN, own(basis="case", owner=FIRST))],
    [(TESTED, PLAIN, own(basis="case")), (TESTED, PLAIN, own("consented"))],
)
UNLISTED = (
    [(DECLARED, PLAIN, one(owner=ADS))],
    [(DECLARED, PLAIN, one()), (DECLARED, PLAIN, one(owner=FIRST)), ({}, PLAIN, one(owner=ADS))],
)
SILENT = (
    [({}, PLAIN, code("apk"))],
    [({}, AT_90, code("apk")), ({}, PLAIN, code("apk", phase=Phase("unknown"))), ({}, PLAIN, one())],
)
DENIED = (
    [({}, CONTACTS_DENIED, one("contacts")), ({}, Events(denied=("android.permission.READ_SMS",)), one("sms"))],
    [({}, CONTACTS_DENIED, one("location")), ({}, PLAIN, one("contacts"))],
)

STORIES = {
    "CAC-191-2019/1.2": (
        [({}, NO_NOTICE, one(**NEVER_NOTICED))],
        [({}, PLAIN, one(**NEVER_NOTICED)), ({}, Events(happened=()), one(**BEFORE))],
    ),
    "CAC-191-2019/2.1": (
        [(DECLARED, PLAIN, one("phone")), (DECLARED, PLAIN, one(owner=ADS)), (DECLARED, PLAIN, one("imei"))],
        [(DECLARED, PLAIN, one()), ({}, PLAIN, one("phone"))],
    ),
    "CAC-191-2019/2.2": (
        [*CHANGED[0], (BASELINE, PLAIN, one(owner=replace(THIRD, company="Other Ltd")))],
        [*CHANGED[1], (BASELINE, PLAIN, one(owner=replace(FIRST, company="Example Ltd")))],
    ),
    "CAC-191-2019/3.1": EARLY,
    "CAC-191-2019/3.2": ([({}, PLAIN, one(phase=Phase("refused")))], [({}, PLAIN, one(**BEFORE))]),
    "CAC-191-2019/3.3": (
        [*DENIED[0], (DECLARED, PLAIN, one("phone"))],
        [*DENIED[1], (DECLARED, PLAIN, one())],
    ),
    "CAC-191-2019/3.6": TARGETED,
    "CAC-191-2019/3.8": ([({}, PLAIN, one(phase=Phase("withdrawn")))], [({}, PLAIN, one(phase=Phase("refused")))]),
    "CAC-191-2019/3.9": (
        [
            (DECLARED, PLAIN, one("imei")),
            (DECLARED, PLAIN, one("mac_wifi")),
            (DECLARED, PLAIN, one("android_id")),
            (DECLARED, PLAIN, many("oaid", 3)),
        ],
        [
            (DECLARED, PLAIN, one("mac_wifi", owner=FIRST)),
            (DECLARED, PLAIN, one("android_id", form=("salt", "md5", "hex"))),
            (DECLARED, PLAIN, many("oaid", 3, seconds=1800)),
            (DECLARED, PLAIN, one("phone")),
        ],
    ),
    "CAC-191-2019/4.1": UNNEEDED,
    "CAC-191-2019/4.3": CHANGED,
    "CAC-191-2019/4.4": (
        [({}, PLAIN, many("location", 61)), ({}, PLAIN, many("imei", 13))],
        [({}, PLAIN, many("location", 60)), ({}, PLAIN, many("imei", 13, seconds=300)), ({}, PLAIN, many("oaid", 61))],
    ),
    "CAC-191-2019/5.1": EARLY_THIRD,
    "CAC-191-2019/5.3": OTHER_APP,
    "MIIT-337-2019/1-1": (
        [({}, NO_NOTICE, one("imei", **NEVER_NOTICED))],
        [({}, PLAIN, one("imei", **NEVER_NOTICED)), ({}, NO_NOTICE, one("oaid", **NEVER_NOTICED))],
    ),
    "MIIT-337-2019/1-2": EARLY,
    "MIIT-337-2019/2-1": UNNEEDED,
    "MIIT-337-2019/2-2": (
        [({}, PLAIN, many("location", 61)), ({}, PLAIN, many("contacts", 13))],
        [({}, PLAIN, many("location", 61, seconds=61)), ({}, PLAIN, many("contacts", 12))],
    ),
    "MIIT-337-2019/2-3": UNNEEDED_ID,
    "MIIT-337-2019/3-1": EARLY_THIRD,
    "MIIT-337-2019/3-2": OTHER_APP,
    "MIIT-337-2019/4": TARGETED,
    "MIIT-164-2020/1": EARLY,
    "MIIT-164-2020/2": (
        [({}, PLAIN, one(phase=Phase("consented", background=True))), *UNNEEDED[0]],
        [({}, PLAIN, one(phase=Phase("unknown", background=True))), *UNNEEDED[1]],
    ),
    "MIIT-164-2020/3": EARLY_THIRD,
    "MIIT-164-2020/4": TARGETED,
    "MIIT-164-2020/6": SELF_START,
    "MIIT-164-2020/7": (SILENT[0] + [({}, PLAIN, code("dex"))], SILENT[1]),
    "MIIT-164-2020/8": UNNEEDED_ID,
    "MIIT-26-2023/1.1.1": SILENT,
    "MIIT-26-2023/1.1.2": SILENT,
    "MIIT-26-2023/1.2.3": SELF_START,
    "MIIT-26-2023/1.3.1": UNNEEDED,
    "MIIT-26-2023/1.3.3": DENIED,
    "MIIT-26-2023/2.1.3": UNLISTED,
    "MIIT-26-2023/2.2.2": (
        [
            ({}, AT_90, code("js")),
            (BASELINE, PLAIN, [*code("dex"), *one("imei", time=101 * SECOND)]),
            (BASELINE, PLAIN, [*code("so"), *one(time=101 * SECOND, owner=replace(THIRD, company="Other Ltd"))]),
        ],
        [
            ({}, AT_90, code("apk")),
            (BASELINE, PLAIN, [*code("dex"), *one(time=101 * SECOND)]),
            (BASELINE, PLAIN, [*code("dex"), *one("imei", time=99 * SECOND)]),
            (BASELINE, PLAIN, [*code("apk"), *one("imei", time=101 * SECOND)]),
        ],
    ),
    "MIIT-26-2023/2.3.1": UNLISTED,
    "MIIT-26-2023/2.3.2": (
        [({}, PLAIN, classes(*FIVE)), ({}, PLAIN, classes(*FIVE[:4], exchange="tcp.9:0"))],
        [
            ({}, PLAIN, classes(*FIVE[:4])),
            ({}, PLAIN, classes(*FIVE[:3], exchange="tcp.9:0")),
            ({}, PLAIN, classes(*FIVE, owner=FIRST)),
            ({}, PLAIN, classes(*FIVE, owner=Owner("third"))),
        ],
    ),
    "MIIT-26-2023/2.4.1": (SILENT[0] + [({}, PLAIN, code("js"))], SILENT[1]),
    "MIIT-26-2023/2.4.2": (
        [({}, PLAIN, one("clipboard")), ({}, PLAIN, one("location")), ({}, PLAIN, one("contacts", owner=FIRST))],
        [({}, PLAIN, one("phone")), ({}, PLAIN, one("location", owner=Owner("platform")))],
    ),
    "CAC-APP-2022/non-essential": (
        [(NEEDED, PLAIN, one(**BEFORE)), (NEEDED, OPENING, one())],
        [(NEEDED, PLAIN, one()), (NEEDED, OPENING, one("phone")), ({}, OPENING, one(**BEFORE))],
    ),
}
ROWS = [
    (clause, fires, *story) for clause, stories in STORIES.items() for fires in (True, False)
    for story in stories[not fires]
]  # fmt: skip


@pytest.mark.parametrize(("clause", "fires", "case", "events", "found"), ROWS)
def test_it_fires_on_what_breaks_it_and_not_on_its_near_misses(clause, fires, case, events, found):
    engine = Engine(Case.model_validate(case), events, documents=rule_book())
    judged = [engine.judge(one) for one in found]
    assert (clause in ids(judged[-1])) == fires
    assert not fires or all(hit.why and hit.remedy for hit in judged[-1].clauses)


def test_every_clause_that_can_fire_has_its_story():
    book = {f"{doc.document}/{clause.id}" for doc in rule_book() for clause in doc.clauses if clause.when}
    assert book == set(STORIES)
    assert all(fires and near for fires, near in STORIES.values())


@pytest.mark.parametrize(
    ("case", "events", "found", "clause", "words", "proof"),
    [
        (TESTED, OTHER, own(), "MIIT-164-2020/6", "com.example.other was brought up 2 s before", ()),
        ({}, PLAIN, one(**BEFORE), "CAC-191-2019/3.1", "oaid (plain) to the SDK Some Analytics of Some Ltd", ()),
        ({}, PLAIN, classes(*FIVE), "MIIT-26-2023/2.3.2", "5 classes in the session, more than 4: android_id, imei,",
         tuple(f"tcp.{n}:0" for n in range(5))),
        ({}, PLAIN, many("imei", 14), "MIIT-337-2019/2-2", "14 requests within 1 h, more than 12",
         tuple(f"tcp.{n}:0" for n in range(1, 14))),
        (BASELINE, PLAIN, [*code("dex", exchange="tcp.3:0"), *one("imei", time=101 * SECOND)], "MIIT-26-2023/2.2.2",
         "the class is new since the baseline, after the app loaded code", ("tcp.3:0",)),
        (DECLARED, PLAIN, one("android_id"), "CAC-191-2019/3.9", "android_id (plain)", ()),
        ({}, PLAIN, code("apk"), "MIIT-26-2023/1.1.1", "apk code from the SDK Some Analytics", ()),
    ],
)  # fmt: skip
def test_a_hit_says_why_and_names_its_proof(case, events, found, clause, words, proof):
    engine = Engine(Case.model_validate(case), events, documents=rule_book())
    last = [engine.judge(one) for one in found][-1]
    (hit,) = [hit for hit in last.clauses if hit.id == clause]
    assert words in hit.why
    assert hit.proof == proof


def test_a_recipient_that_is_not_sure_makes_an_indicator_where_it_matters():
    engine = Engine(Case(), PLAIN, documents=rule_book())
    (unsure,) = [engine.judge(found) for found in one(owner=replace(THIRD, confidence=0.5), **BEFORE)]
    hits = {hit.id: (hit.severity, hit.evidence) for hit in unsure.clauses}
    assert hits["CAC-191-2019/5.1"] == ("medium", "indicator")
    assert hits["CAC-191-2019/3.1"] == ("high", "direct")


def test_who_received_it_does_not_change_what_was_judged_before():
    engine = Engine(Case(), PLAIN, documents=rule_book())
    first, again = (engine.judge(found) for _ in range(2) for found in one(**BEFORE))
    assert first == again
