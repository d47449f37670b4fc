"""Each direct clause fires on what breaks it and not on its near misses; nobody else's traffic accuses the app."""

from dataclasses import replace

import pytest

from leaktap.config import Case
from leaktap.model import Owner, Phase
from leaktap.rules import Engine
from tests.rules._findings import FIRST, SECOND, THIRD, Events, finding, ids


def judged(found, *, case=None, events=None, ended=True):
    return Engine(case or Case(), events or Events(), ended=ended).judge(found)


@pytest.mark.parametrize(
    ("phase", "owner", "fires"),
    [
        (
            "before_notice",
            THIRD,
            "CAC-191-2019/3.1 MIIT-337-2019/1-2 MIIT-164-2020/1 CAC-191-2019/5.1 MIIT-337-2019/3-1",
        ),
        ("before_consent", THIRD, "CAC-191-2019/3.1 MIIT-337-2019/1-2 MIIT-164-2020/1 MIIT-164-2020/3"),
        ("before_consent", FIRST, "CAC-191-2019/3.1 MIIT-337-2019/1-2 MIIT-164-2020/1"),
        ("before_consent", Owner("unknown"), "CAC-191-2019/3.1 MIIT-337-2019/1-2 MIIT-164-2020/1"),
        ("refused", FIRST, "CAC-191-2019/3.2"),
        ("refused", THIRD, "CAC-191-2019/3.2 CAC-191-2019/5.1 MIIT-337-2019/3-1 MIIT-164-2020/3"),
        ("withdrawn", FIRST, "CAC-191-2019/3.8"),
        ("not_running", FIRST, "MIIT-164-2020/6 MIIT-26-2023/1.2.3"),
    ],
)
def test_phase_clauses_fire(phase, owner, fires):
    assert set(fires.split()) <= ids(judged(finding(phase=Phase(phase), owner=owner)))


@pytest.mark.parametrize(
    ("phase", "owner", "silent"),
    [
        ("consented", THIRD, "CAC MIIT"),
        ("consented", FIRST, "CAC MIIT"),
        ("unknown", THIRD, "CAC MIIT"),
        ("before_consent", Owner("platform"), "CAC MIIT"),
        ("before_consent", FIRST, "CAC-191-2019/5 MIIT-337-2019/3 MIIT-164-2020/3 CAC-191-2019/3.2 CAC-191-2019/3.8"),
        ("before_consent", THIRD, "CAC-191-2019/3.2 CAC-191-2019/3.8 CAC-191-2019/4 MIIT-337-2019/2 MIIT-164-2020/2"),
        ("refused", FIRST, "CAC-191-2019/3.1 MIIT-337-2019/1 MIIT-164-2020/1 CAC-191-2019/3.8"),
        ("withdrawn", FIRST, "CAC-191-2019/3.1 CAC-191-2019/3.2"),
        ("not_running", FIRST, "CAC MIIT-337"),
    ],
)
def test_phase_clauses_stay_silent(phase, owner, silent):
    fired = ids(judged(finding(phase=Phase(phase), owner=owner)))
    assert [name for name in fired if name.startswith(tuple(silent.split()))] == []


def test_other_apps_and_responses_accuse_nobody():
    case = Case.model_validate({"app": {"package": "com.example.shop"}})
    assert ids(judged(finding(), case=case))
    assert not ids(judged(finding(app="com.other.app"), case=case))
    assert not ids(judged(finding(direction="response"), case=case))


def test_severity_falls_from_plain_to_hash_and_is_the_worst_of_all():
    def severity(form):
        hits = judged(finding(form=form)).clauses
        return {hit.id: hit.severity for hit in hits}["CAC-191-2019/5.1"]

    assert [severity(form) for form in ((), ("md5", "hex"), ("salt", "md5", "hex"))] == ["high", "medium", "low"]
    assert judged(finding(form=("md5", "hex"))).severity == "high"
    assert judged(finding(phase=Phase("refused"))).severity == "critical"
    assert judged(finding(phase=Phase("consented"))).severity == "info"
    assert judged(finding(phase=Phase("unknown"))).severity == "low"


def test_an_unsure_finding_is_only_an_indicator():
    sure, unsure = (judged(finding(confidence=c)).clauses[0] for c in (0.9, 0.5))
    assert (sure.evidence, sure.severity) == ("direct", "high")
    assert (unsure.evidence, unsure.severity) == ("indicator", "medium")


@pytest.mark.parametrize("phase", ["before_consent", "consented", "refused"])
def test_background(phase):
    assert "MIIT-164-2020/2" in ids(judged(finding(phase=Phase(phase, background=True))))
    assert "MIIT-164-2020/2" not in ids(judged(finding(phase=Phase(phase))))


def test_no_notice_at_all():
    never = Events(happened=("launch",))
    clause = "MIIT-337-2019/1-1"
    assert clause in ids(judged(finding(phase=Phase("before_notice")), events=never))
    assert "CAC-191-2019/1.2" in ids(judged(finding("oaid", phase=Phase("before_notice")), events=never))
    assert clause not in ids(judged(finding("oaid", phase=Phase("before_notice")), events=never))
    assert clause not in ids(judged(finding(phase=Phase("before_notice"))))
    for happened in ((), ("launch", "consent"), ("launch", "notice")):
        fired = ids(judged(finding(), events=Events(happened=happened)))
        assert not fired & {clause, "CAC-191-2019/1.2"}, (
            "without a record of the app's life nothing is known of a notice"
        )
    assert clause not in ids(judged(finding(phase=Phase("unknown")), events=Events(happened=())))


def test_no_notice_in_a_live_session_is_said_at_its_end():
    engine = Engine(Case(), Events(happened=("launch",)), ended=False)
    found = engine.judge(finding(phase=Phase("before_notice"), exchange="flow:7"))
    assert "MIIT-337-2019/1-1" not in ids(found)
    (hit,) = engine.finish()
    assert (hit.id, hit.proof) == ("MIIT-337-2019/1-1", ("flow:7",))


def test_frequency_slides_and_names_its_proof():
    engine = Engine(Case(), Events())
    times = [*range(0, 12 * 60, 60), 3601, 3602]
    fired = [
        next((hit for hit in found.clauses if hit.id == "CAC-191-2019/4.4"), None)
        for n, t in enumerate(times)
        for found in [engine.judge(finding(phase=Phase("consented"), time=t * SECOND, exchange=f"tcp.{n}:0"))]
    ]
    assert fired[:12] == [None] * 12
    assert fired[12] is None, "the first minute has left the hour: twelve remain"
    assert fired[13] is not None
    assert fired[13].proof == tuple(f"tcp.{n}:0" for n in range(1, 14))


def test_frequency_counts_exchanges_not_values_and_each_recipient_by_itself():
    engine = Engine(Case(), Events())
    for n in range(60):
        other = engine.judge(finding(phase=Phase("consented"), time=n * SECOND, exchange=f"tcp.{n}:0",
                                     owner=replace(THIRD, company=f"Company {n}")))  # fmt: skip
    for _ in range(60):
        same = engine.judge(finding(phase=Phase("consented"), time=60 * SECOND))
    assert "CAC-191-2019/4.4" not in ids(same) | ids(other)


def test_frequency_survives_another_order():
    engine = Engine(Case(), Events())
    order = [*range(6, 13), *range(6)]
    found = [engine.judge(finding(phase=Phase("consented"), time=n * SECOND, exchange=f"tcp.{n}:0")) for n in order]
    late = engine.judge(finding(phase=Phase("consented"), time=13 * SECOND, exchange="tcp.13:0"))
    assert "CAC-191-2019/4.4" in ids(late)
    assert "CAC-191-2019/4.4" not in ids(found[6])


def test_a_package_of_classes():
    engine = Engine(Case(), Events())
    names = ["imei", "mac_wifi", "android_id", "oaid", "imsi"]
    found = [
        engine.judge(finding(name, phase=Phase("consented"), exchange=f"tcp.{n}:0")) for n, name in enumerate(names)
    ]
    fired = ["MIIT-26-2023/2.3.2" in ids(item) for item in found]
    assert fired == [False] * 4 + [True]
    assert found[-1].clauses[0].proof == tuple(f"tcp.{n}:0" for n in range(5))
    first_party = Engine(Case(), Events())
    assert not any(ids(first_party.judge(finding(name, phase=Phase("consented"), owner=FIRST))) for name in names)


@pytest.mark.parametrize(
    ("kind", "actions", "fires", "silent"),
    [
        ("apk", (), "MIIT-164-2020/7 MIIT-26-2023/1.1.1 MIIT-26-2023/1.1.2 MIIT-26-2023/2.4.1", "MIIT-26-2023/2.2.2"),
        ("apk", (90 * SECOND,), "", "MIIT"),
        ("dex", (), "MIIT-164-2020/7 MIIT-26-2023/2.2.2 MIIT-26-2023/2.4.1 MIIT-26-2023/1.1.1", "CAC"),
        ("js", (90 * SECOND,), "MIIT-26-2023/2.2.2", "MIIT-164-2020/7"),
    ],
)
def test_code_downloads(kind, actions, fires, silent):
    download = finding("code_download", category="behaviour", form=(kind,), direction="response", time=100 * SECOND)
    fired = ids(judged(download, events=Events(actions=actions)))
    assert set(fires.split()) <= fired
    assert [name for name in fired if name.startswith(silent)] == []
    assert [name for name in fired if name.startswith("CAC")] == [], "code is no personal information"


DECLARED = {
    "app": {"package": "com.example.shop"},
    "declared": {
        "identifiers": {"oaid": {"form": "plain", "max_per_hour": 2}, "android_id": {"form": "md5"}},
        "sdks": ["Some Analytics"],
    },
    "necessary": ["oaid", "android_id"],
}


@pytest.mark.parametrize(
    ("found", "fires", "silent"),
    [
        (finding("oaid"), "", "CAC-191-2019/2.1 CAC-191-2019/3.3 CAC-191-2019/4.1 MIIT-26-2023/2.1.3 CAC-191-2019/3.9"),
        (finding("imei"), "CAC-191-2019/2.1 CAC-191-2019/3.3 CAC-191-2019/4.1 MIIT-337-2019/2-1", "MIIT-26-2023/2.1.3"),
        (finding("oaid", owner=Owner("third", "Other")), "CAC-191-2019/2.1 MIIT-26-2023/2.1.3", "CAC-191-2019/4.1"),
        (finding("oaid", owner=FIRST), "", "MIIT-26-2023/2.1.3 CAC-191-2019/2.1"),
        (finding("android_id"), "CAC-191-2019/3.9", "CAC-191-2019/2.1"),
        (finding("android_id", form=("md5", "hex")), "", "CAC-191-2019/3.9"),
    ],
)  # fmt: skip
def test_declared_against_seen(found, fires, silent):
    fired = ids(judged(replace(found, phase=Phase("consented")), case=Case.model_validate(DECLARED)))
    assert set(fires.split()) <= fired
    assert not fired & set(silent.split())
    assert not ids(judged(replace(found, phase=Phase("consented"))))


def test_more_often_than_declared():
    engine = Engine(Case.model_validate(DECLARED), Events())
    fired = [
        "CAC-191-2019/3.9"
        in ids(engine.judge(finding("oaid", phase=Phase("consented"), time=n, exchange=f"tcp.{n}:0")))
        for n in range(4)
    ]
    assert fired == [False, False, True, True]


def test_denied_permission():
    events = Events(denied=("contacts",))
    assert "MIIT-26-2023/1.3.3" in ids(judged(finding("contacts", phase=Phase("consented")), events=events))
    assert "MIIT-26-2023/1.3.3" not in ids(judged(finding("location", phase=Phase("consented")), events=events))
    assert "MIIT-26-2023/1.3.3" not in ids(judged(finding("contacts", phase=Phase("consented"))))


def test_what_nothing_shows_is_named():
    engine = Engine(Case(), Events())
    assert "CAC-191-2019/1.1" in engine.unobservable
    assert "MIIT-337-2019/8" in engine.unobservable
    assert "CAC-191-2019/3.1" not in engine.unobservable
    assert not set(engine.unobservable) & set(engine.unjudged)
