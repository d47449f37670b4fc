"""The timeline: each rule of its docstring as a table, and a naive replay as the judge."""

import sys
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.config import Event
from leaktap.consent import Timeline
from leaktap.consent.logged import Logged
from leaktap.model import Phase

NAMES = (
    "install",
    "launch",
    "notice",
    "consent",
    "refuse",
    "withdraw",
    "background",
    "foreground",
    "stop",
    "uninstall",
)


def events(script: str) -> list[Event]:
    """Reads `launch@5 consent@7:com.a`."""
    made = []
    for word in script.split():
        name, _, rest = word.partition("@")
        at, _, app = rest.partition(":")
        made.append(Event(at=int(at), event=name, app=app))
    return made


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", {0: "unknown", 10**18: "unknown"}),
        (
            "launch@3 notice@4 consent@19",
            {2: "not_running", 3: "before_notice", 4: "before_consent", 18: "before_consent", 19: "consented"},
        ),
        ("consent@19 launch@3 notice@4", {2: "not_running", 3: "before_notice", 4: "before_consent", 19: "consented"}),
        ("launch@3 consent@9", {2: "not_running", 3: "before_consent", 9: "consented"}),
        ("consent@9", {0: "before_consent", 8: "before_consent", 9: "consented"}),
        ("refuse@9", {8: "before_consent", 9: "refused"}),
        ("notice@9", {8: "before_notice", 9: "before_consent"}),
        ("launch@3", {2: "not_running", 3: "before_notice", 99: "before_notice"}),
        ("launch@3 background@5", {4: "before_notice", 5: "before_notice"}),
        ("launch@3 consent@5 notice@9", {3: "before_notice", 5: "consented", 9: "consented"}),
        ("launch@1 refuse@5 consent@9", {1: "before_consent", 5: "refused", 9: "consented"}),
        ("launch@1 consent@5 refuse@9", {5: "consented", 9: "refused"}),
        ("launch@1 consent@5 withdraw@9 consent@12", {5: "consented", 9: "withdrawn", 12: "consented"}),
        ("withdraw@9", {8: "unknown", 9: "withdrawn"}),
        ("launch@1 withdraw@9", {0: "not_running", 1: "unknown", 9: "withdrawn"}),
        ("withdraw@9 consent@12", {8: "unknown", 9: "withdrawn", 12: "consented"}),
        ("launch@1 consent@5 stop@9 launch@12", {5: "consented", 9: "not_running", 11: "not_running", 12: "consented"}),
        ("launch@1 notice@2 stop@3 launch@5 consent@7", {2: "before_consent", 3: "not_running", 5: "before_consent"}),
        ("launch@1 consent@5 stop@9 withdraw@12", {9: "not_running", 12: "withdrawn"}),
        ("launch@1 stop@2 notice@5", {1: "before_notice", 2: "not_running", 5: "before_consent"}),
        ("launch@1 stop@2 foreground@5 background@6", {2: "not_running", 5: "not_running", 6: "not_running"}),
        ("stop@5", {4: "unknown", 5: "not_running"}),
        ("background@5", {4: "unknown", 5: "unknown"}),
        ("consent@5 stop@9", {4: "before_consent", 5: "consented", 9: "not_running"}),
        ("install@1", {0: "unknown", 1: "not_running"}),
        ("install@1 consent@5", {0: "unknown", 1: "not_running", 5: "consented"}),
        (
            "install@1 launch@2 notice@3 consent@4 uninstall@6 install@7 launch@8 notice@9",
            {0: "not_running", 1: "not_running", 2: "before_notice", 4: "consented", 6: "not_running"}
            | {7: "not_running", 8: "before_notice", 9: "before_consent"},
        ),
        (
            "launch@1 notice@2 consent@3 install@5 launch@6 consent@8",
            {1: "before_notice", 3: "consented", 5: "not_running", 6: "consented", 8: "consented"},
        ),
        (
            "launch@1 consent@3 install@5 launch@6 notice@7 consent@8",
            {
                1: "before_consent",
                3: "consented",
                5: "not_running",
                6: "consented",
                7: "before_consent",
                8: "consented",
            },
        ),
        ("launch@1 consent@3 install@5 launch@6 notice@7 refuse@8 notice@9", {7: "before_consent", 9: "refused"}),
        ("launch@1 refuse@3 install@5 launch@6 notice@7", {3: "refused", 6: "refused", 7: "before_consent"}),
        ("launch@1 install@5 launch@6 notice@7", {1: "before_notice", 6: "before_notice", 7: "before_consent"}),
        ("launch@1 consent@3 install@5 consent@6 notice@7", {6: "consented", 7: "consented"}),
        ("install@1 install@1 launch@2 notice@3 consent@4 install@5 launch@6", {3: "before_consent", 6: "consented"}),
        ("launch@1 consent@3 uninstall@4 install@5 launch@6 notice@7", {6: "before_notice", 7: "before_consent"}),
        ("stop@5 launch@9 consent@10", {4: "before_consent", 5: "not_running", 9: "before_consent", 10: "consented"}),
        ("background@5 launch@9 consent@10", {4: "before_consent", 5: "before_consent", 10: "consented"}),
        ("launch@1 consent@3 uninstall@5 launch@7", {3: "consented", 5: "not_running", 7: "before_notice"}),
        ("launch@5 notice@5 consent@5", {4: "not_running", 5: "consented"}),
        ("consent@5 withdraw@5", {4: "before_consent", 5: "withdrawn"}),
        ("withdraw@5 consent@5", {4: "unknown", 5: "consented"}),
        ("launch@1 stop@5 launch@5", {4: "before_notice", 5: "before_notice"}),
        ("launch@1 launch@5 stop@5", {5: "not_running"}),
        ("launch@-5 consent@-1", {-6: "not_running", -5: "before_consent", -1: "consented"}),
    ],
)
def test_phase_names(script, expected):
    timeline = Timeline(events(script))
    assert {at: timeline.phase(at).name for at in expected} == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("launch@1 background@5 foreground@9", {4: False, 5: True, 8: True, 9: False}),
        ("launch@1 background@5 launch@9", {8: True, 9: False}),
        ("launch@1 background@5 stop@7 launch@9", {5: True, 7: False, 9: False}),
        ("launch@1 background@5 consent@7", {5: True, 7: True}),
        ("launch@1 background@5 install@7", {7: False}),
        ("launch@1 stop@2 background@5 launch@9", {5: False, 9: False}),
        ("background@5 foreground@7", {4: False, 5: True, 7: False}),
        ("launch@1 foreground@5", {5: False}),
    ],
)
def test_background(script, expected):
    timeline = Timeline(events(script))
    assert {at: timeline.phase(at).background for at in expected} == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("launch@1 notice@3 consent@5", {0: "", 1: "launch", 2: "launch", 3: "notice", 5: "consent", 9: "consent"}),
        ("launch@1 consent@5 launch@7 consent@8", {7: "consent", 8: "consent"}),
        ("launch@1 consent@5 background@7 foreground@8", {6: "consent", 7: "background", 8: "foreground"}),
        ("launch@1 consent@5 stop@7 launch@9", {7: "stop", 9: "launch"}),
        ("stop@5 uninstall@6", {4: "", 5: "stop", 6: "stop"}),
        ("consent@5", {4: "", 5: "consent"}),
    ],
)
def test_the_event_that_began_the_phase(script, expected):
    timeline = Timeline(events(script))
    assert {at: timeline.phase(at).event for at in expected} == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("consent@100", {0: 100, 99: 1, 100: 0, 101: -1, 350: -250}),
        ("consent@100 consent@200", {100: 0, 101: 99, 200: 0, 201: -1}),
        ("launch@1 refuse@5", {0: None, 9: None}),
        ("consent@100 uninstall@150 install@160 launch@170", {120: -20, 180: -80}),
        ("", {0: None}),
    ],
)
def test_the_distance_to_the_consent(script, expected):
    timeline = Timeline(events(script))
    assert {at: timeline.phase(at).to_consent for at in expected} == expected


def test_boundaries_are_of_one_microsecond():
    noon = 1_795_262_400_000_000
    timeline = Timeline([Event(at="2026-11-21T12:00:00.000001Z", event="consent")])
    assert timeline.phase(noon) == Phase("before_consent", False, "", 1)
    assert timeline.phase(noon + 1) == Phase("consented", False, "consent", 0)
    assert timeline.phase(noon + 2) == Phase("consented", False, "consent", -1)


def test_before_consent_is_before_whatever_happens():
    timeline = Timeline(events("launch@1 consent@5"), before_consent=True)
    assert {timeline.phase(at) for at in (0, 3, 9)} == {Phase("before_consent")}
    assert Timeline(before_consent=True).phase(7, "com.a") == Phase("before_consent")


def test_two_apps_do_not_hear_each_other():
    timeline = Timeline(events("launch@1:com.a launch@2:com.b notice@3 consent@5:com.a stop@8:com.b"))
    assert [timeline.phase(6, app).name for app in ("com.a", "com.b")] == ["consented", "before_consent"]
    assert [timeline.phase(8, app).name for app in ("com.a", "com.b")] == ["consented", "not_running"]
    assert timeline.phase(1, "com.b").name == "not_running"
    assert timeline.phase(9, "com.c") == timeline.phase(9) == Phase("before_consent", False, "notice", None)
    assert [timeline.knows(app) for app in ("com.a", "com.b", "com.c", "")] == [True, True, False, False]
    assert timeline.has("consent", "com.a") and not timeline.has("consent", "com.b") and not timeline.has("consent")
    assert timeline.has("notice") and timeline.has("notice", "com.b") and timeline.has("notice", "com.c")
    assert not timeline.has("")


def test_devices_are_told_apart_where_the_question_names_one():
    timeline = Timeline([Event(at=1, event="launch"), Event(at=5, event="consent", device="left")])
    assert timeline.phase(6, device="left").name == "consented"
    assert timeline.phase(6, device="right").name == "before_notice"
    assert timeline.phase(6).name == "consented"


def test_permissions():
    timeline = Timeline(
        [
            Event(at=5, permission={"contacts": "denied", "location": "granted"}),
            Event(at=7, permission={"location": "denied"}, app="com.a"),
            Event(at=9, event="launch", permission={"contacts": "granted"}),
            Event(at=12, event="stop"),
            Event(at=13, event="install"),
            Event(at=14, event="uninstall"),
            Event(at=14, event="install", permission={"camera": "denied"}),
        ]
    )
    assert [sorted(timeline.denied(at)) for at in (4, 5, 8, 9, 12, 14)] == [
        [],
        ["contacts"],
        ["contacts"],
        [],
        [],
        ["camera"],
    ]
    assert [sorted(timeline.denied(at, "com.a")) for at in (6, 7, 9, 13, 14)] == [
        ["contacts"],
        ["contacts", "location"],
        ["location"],
        ["location"],
        ["camera"],
    ]


def test_permissions_and_actions_say_nothing_of_consent():
    timeline = Timeline([Event(at=5, permission={"contacts": "denied"}), Event(at=6, action="tap")])
    assert timeline.phase(4) == timeline.phase(9) == Phase("unknown")


@pytest.mark.parametrize(
    ("event", "acted"),
    [
        ({"action": "tap"}, True),
        ({"permission": {"contacts": "granted"}}, True),
        ({"event": "consent"}, True),
        ({"event": "launch"}, True),
        ({"event": "notice"}, False),
        ({"event": "background"}, False),
        ({"event": "stop"}, False),
    ],
)
def test_deeds_of_the_user(event, acted):
    timeline = Timeline([Event(at=100, **event)])
    assert [timeline.acted(at, 10) for at in (99, 100, 110, 111)] == [False, acted, acted, False]


def test_marks_come_in_at_their_moment_and_after_those_that_were_there():
    timeline = Timeline(events("launch@1"))
    assert timeline.phase(6).name == "before_notice"
    for event in events("consent@5 notice@3"):
        timeline.mark(event)
    assert [timeline.phase(at).name for at in (2, 3, 5)] == ["before_notice", "before_consent", "consented"]
    timeline.mark(Event(at=5, event="withdraw"))
    assert timeline.phase(5).name == "withdrawn"
    timeline.mark(Event(at=6, event="consent", app="com.a"))
    assert [timeline.phase(7, app).name for app in ("com.a", "")] == ["consented", "withdrawn"]


def test_marks_from_many_threads_are_all_there():
    timeline = Timeline()

    def work(offset: int) -> None:
        for at in range(offset, 400, 4):
            timeline.mark(Event(at=at, event="consent" if at % 2 else "withdraw", app=f"com.a{offset}"))
            assert timeline.phase(at, f"com.a{offset}").event

    threads = [Thread(target=work, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [timeline.phase(400, f"com.a{offset}").name for offset in range(4)] == ["withdrawn", "consented"] * 2


def naive(script: list[Event], time: int, app: str) -> tuple[str, bool]:
    """Reads the rules one by one, from the beginning, for one moment."""
    heard = [e for e in sorted(script, key=lambda e: e.at) if e.event and e.app in ("", app)]
    fresh = True
    told = []
    for event in heard:
        told.append("update" if event.event == "install" and not fresh else event.event)
        fresh = event.event == "uninstall"
    past = [name for name, e in zip(told, heard, strict=True) if e.at <= time]
    future = told[len(past) :]
    runs = [e.event for e in heard if e.event in ("launch", "stop", "background", "foreground")]
    running, background, answer, updated = runs[:1] != ["launch"], False, "", False
    for name in past:
        if name in ("install", "uninstall") or (name == "notice" and updated):
            answer = ""
        if name in ("install", "uninstall", "update", "notice", "consent", "refuse", "withdraw"):
            updated = name == "update"
        if name in ("install", "uninstall", "update", "stop"):
            running = background = False
        elif name == "launch":
            running, background = True, False
        elif name in ("notice", "consent", "refuse", "withdraw"):
            running = True
        elif running:
            background = name == "background"
        if name in ("consent", "refuse", "withdraw"):
            answer = {"consent": "consented", "refuse": "refused", "withdraw": "withdrawn"}[name]
    if not running:
        return "not_running", False
    if answer:
        return answer, background
    cuts = [place for place, name in enumerate(past) if name in ("install", "uninstall")]
    so_far = past[cuts[-1] :] if cuts else past
    ends = [place for place, name in enumerate(future) if name in ("install", "uninstall")]
    to_come = future[: ends[0]] if ends else future
    if "notice" in so_far:
        return "before_consent", background
    for place, name in enumerate(to_come):
        if name == "notice":
            return "before_notice", background
        if name == "update" and {"consent", "refuse", "withdraw"} & set(to_come[:place]):
            break
    for name in to_come:
        if name in ("consent", "refuse"):
            return "before_consent", background
        if name == "withdraw":
            return "unknown", background
    kept = {"install", "update", "launch"} & {*so_far, *to_come}
    return ("before_notice" if kept else "unknown"), background


scripts = st.lists(
    st.builds(
        lambda at, name, app: Event(at=at, event=name, app=app),
        st.integers(0, 12),
        st.sampled_from(NAMES),
        st.sampled_from(["", "", "com.a", "com.b"]),
    ),
    max_size=10,
)


@settings(max_examples=400)
@given(scripts, st.sampled_from(["", "com.a", "com.b", "com.c"]))
def test_like_a_naive_replay(script, app):
    whole, marked = Timeline(script), Timeline(script[:3])
    for event in script[3:]:
        marked.mark(event)
    for time in range(-1, 14):
        phase = whole.phase(time, app)
        assert (phase.name, phase.background) == naive(script, time, app)
        assert marked.phase(time, app) == phase


def steps(work):
    """Counts the lines of Python that are run."""
    count, before = 0, sys.gettrace()

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_a_question_takes_as_much_with_many_events_and_ever_new_names_as_with_few():
    def asked(events):
        told = [Event(at=at * 10, event=NAMES[at % len(NAMES)], app=f"com.a{at % 3}") for at in range(events)]
        timeline = Timeline(told)
        for package in ("com.a1", "com.other"):
            timeline.phase(0, package)
        asks = [(at * 10, f"com.other{at}" if at % 2 else "com.a1") for at in range(1000)]
        return steps(lambda: [timeline.phase(*question) for question in asks]) / len(asks)

    assert 5 < asked(1000) < 40
    assert asked(1000) < 2 * asked(10)


def names(timeline, *times, app="", device=""):
    return [timeline.phase(at, app, device).name for at in times]


SECOND = 1_000_000


def test_the_phones_clock_is_brought_to_the_captures():
    told = [Event(at=13 * SECOND, event="notice"), Event(at=19 * SECOND, event="consent")]
    for offset in (3.0, -3.0, 0.0):
        timeline = Timeline(told, clock_offset={"": offset})
        shift = round(offset * SECOND)
        at = 19 * SECOND - shift
        assert names(timeline, 13 * SECOND - shift - 1, at - 1, at) == ["before_notice", "before_consent", "consented"]
        assert timeline.phase(at - 1).to_consent == 1
        assert timeline.clock_offset == {"": offset} and not timeline.measures


def test_each_phone_has_its_offset_and_the_captures_clock_none():
    told = [
        Event(at=20, event="consent", device="left"),
        Event(at=20, event="consent", device="right"),
        Event(at=5, event="notice", clock="capture"),
    ]
    timeline = Timeline(told, clock_offset={"left": 4e-6, "right": -4e-6})
    assert names(timeline, 4, 5, 15, 16, device="left") == ["before_notice", *["before_consent"] * 2, "consented"]
    assert names(timeline, 4, 5, 23, 24, device="right") == ["before_notice", *["before_consent"] * 2, "consented"]


@pytest.mark.parametrize(
    ("marks", "offset", "consented"),
    [
        ([], {}, 100),
        ([Event(at=60, event="launch")], {"": 30e-6}, 70),
        ([Event(at=60, event="launch"), Event(at=99, event="launch")], {"": 30e-6}, 70),
        ([Event(at=99, event="launch"), Event(at=60, event="launch")], {"": 30e-6}, 70),
        ([Event(at=61, event="notice"), Event(at=60, event="launch")], {"": 30e-6}, 70),
        ([Event(at=150, action="tap")], {"": -55e-6}, 155),
        ([Event(at=150, action="swipe")], {}, 100),
        ([Event(at=150, event="stop")], {}, 100),
        ([Event(at=60, event="launch", app="com.a")], {}, 100),
        ([Event(at=60, event="launch", device="left")], {}, 100),
    ],
)
def test_the_offset_is_measured_from_the_first_mark_like_an_event(marks, offset, consented):
    told = [Event(at=90, event="launch"), Event(at=92, event="launch"), Event(at=95, action="tap")]
    timeline = Timeline([*told, Event(at=100, event="consent")], clock_offset=None)
    for mark in marks:
        timeline.mark(mark)
    assert timeline.measures and timeline.clock_offset == pytest.approx(offset)
    at = consented
    assert names(timeline, at - 1, at) == ["before_consent", "consented"]


def test_an_offset_is_measured_for_each_phone():
    told = [Event(at=10, event="consent", device=phone) for phone in ("left", "right")]
    timeline = Timeline(told, clock_offset=None)
    timeline.mark(Event(at=7, event="consent", device="left"))
    assert timeline.clock_offset == {"left": 3e-6}
    assert names(timeline, 6, 7, device="left") == ["before_consent", "consented"]
    assert names(timeline, 9, 10, device="right") == ["before_consent", "consented"]
    timeline.mark(Event(at=14, event="consent", device="right"))
    assert names(timeline, 13, 14, device="right") == ["before_consent", "consented"]


@settings(max_examples=200)
@given(scripts, st.integers(-(10**15), 10**15), st.data())
def test_shifting_everything_changes_nothing(script, shift, data):
    plain = Timeline(script)
    later = [event.model_copy(update={"at": event.at + shift}) for event in script]
    offset = Timeline(later, clock_offset={"": shift / SECOND})
    moved = Timeline(later)
    queues = {event.at: [e for e in script if e.at == event.at] for event in script}
    order = data.draw(st.permutations([event.at for event in script]))
    stable = Timeline(queues[at].pop(0) for at in order)
    for time in range(-1, 14):
        phase = plain.phase(time, "com.a")
        assert offset.phase(time, "com.a") == moved.phase(time + shift, "com.a") == phase
        assert stable.phase(time, "com.a") == phase


def test_an_update_keeps_what_was_answered_to_permissions():
    denied = Event(at=2, permission={"contacts": "denied"})
    timeline = Timeline([*events("install@1 launch@1 install@5 uninstall@9"), denied])
    assert [sorted(timeline.denied(at)) for at in (1, 2, 5, 8, 9)] == [[], *[["contacts"]] * 3, []]


def logged(script: str) -> list[Event]:
    return [Logged(at=event.at, event=event.event, app=event.app) for event in events(script)]


@pytest.mark.parametrize(
    ("told", "log", "expected"),
    [
        ("", "launch@3 stop@9", {2: "not_running", 3: "unknown", 9: "not_running"}),
        ("", "foreground@3 stop@9 launch@11", {2: "unknown", 9: "not_running", 11: "unknown"}),
        ("launch@4", "launch@3", {2: "not_running", 3: "before_notice", 5: "before_notice"}),
        ("consent@6", "launch@3 stop@9 launch@12", {2: "not_running", 3: "before_consent", 9: "not_running"}),
        ("notice@5", "launch@3", {3: "before_notice", 5: "before_consent"}),
    ],
)
def test_a_log_tells_how_the_app_ran_and_not_what_the_tester_noted(told, log, expected):
    timeline = Timeline([*events(told), *logged(log)])
    assert {at: timeline.phase(at).name for at in expected} == expected
    assert timeline.has("launch") == ("launch" in told)


def test_apps_of_a_log_are_not_of_the_case():
    timeline = Timeline([*events("consent@5:com.a"), *logged("launch@1:com.b background@1:com.b foreground@7:com.b")])
    assert [timeline.knows(app) for app in ("com.a", "com.b")] == [True, False]
    assert timeline.phase(3, "com.b") == Phase("unknown", True, "background")
    assert [timeline.acted(at, 0) for at in (1, 5, 7)] == [False, True, True]


def test_what_was_denied_on_one_phone_is_not_on_another():
    left = Event(at=1, permission={"contacts": "denied"}, device="left")
    told = Timeline([left, Event(at=2, permission={"location": "denied"}, device="right")])
    assert [sorted(told.denied(3, "", phone)) for phone in ("left", "right")] == [["contacts"], ["location"]]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("launch@1", {0: None, 5: None}),
        ("personalisation_off@3", {2: None, 3: False, 9: False}),
        ("personalisation_off@3 personalisation_on@6", {5: False, 6: True}),
        ("install@1 personalisation_off@3 install@5", {3: False, 5: False}),
        ("install@1 personalisation_off@3 uninstall@5 install@6", {3: False, 5: None, 7: None}),
        ("personalisation_off@3:com.a", {4: None}),
    ],
)
def test_personalisation(script, expected):
    timeline = Timeline(events(script))
    assert {time: timeline.personalised(time) for time in expected} == expected


@pytest.mark.parametrize(
    ("script", "actions", "opening"),
    [
        ("launch@3", [7], {2: False, 3: True, 6: True, 7: False, 9: False}),
        ("launch@3", [], {3: False, 9: False}),
        ("launch@3 stop@5", [7], {4: False, 6: False}),
        ("launch@3 stop@5 launch@6", [8], {4: False, 6: True, 7: True, 8: False}),
        ("launch@3", [1], {3: False}),
    ],
)
def test_the_app_opens_until_the_first_action(script, actions, opening):
    timeline = Timeline([*events(script), *(Event(at=at, action="taps") for at in actions)])
    assert {time: timeline.opening(time) for time in opening} == opening


@pytest.mark.parametrize(
    ("time", "within", "package", "found"),
    [
        (10, 5, "com.a", ("com.b", 8)),
        (10, 1, "com.a", None),
        (10, 9, "com.b", ("com.a", 4)),
        (7, 5, "com.a", None),
        (8, 0, "com.a", ("com.b", 8)),
    ],
)
def test_which_other_app_was_brought_up(time, within, package, found):
    timeline = Timeline(events("launch@2 launch@4:com.a launch@8:com.b stop@9:com.b"))
    assert timeline.launched(time, within, package) == found
