"""Event logs of phones: their formats, what they tell of apps, and everything that is none."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import ConfigError, Log, parse_time
from leaktap.consent.logcat import is_line, logged

FILE = Path("events.log")
CHINA = datetime(2026, 11, 21, 9, tzinfo=timezone(timedelta(hours=8)))
START = parse_time("2026-11-21T10:00:00Z")
SHOP, HOME, CHAT = "com.example.shop", "com.example.home", "com.example.chat"


def read(text, near=None, **parts):
    lines = text.splitlines(keepends=True)
    return logged(enumerate(lines, 1), Log(file=FILE, **parts), near)


def log(*said: str) -> str:
    """Writes `3.5 am_proc_start: [...]` as lines of a log; `3.5/400` names the process."""
    lines = ["--------- beginning of events"]
    for one in said:
        place, _, rest = one.partition(" ")
        seconds, _, pid = place.partition("/")
        lines.append(f"2026-11-21 10:00:{float(seconds):06.3f} +0000  {pid or '1000'}  1234 I {rest}")
    return "\n".join(lines) + "\n"


def told(*said: str) -> list[tuple[float, str, str]]:
    return [((event.at - START) / 1e6, event.event, event.app) for event in read(log(*said))]


DIED = "I am_proc_died: [0,400,com.example.shop,900,15]"


@pytest.mark.parametrize(
    ("line", "parts", "time"),
    [
        (f"2026-11-21 10:00:03.125 +0000  1000  1234 {DIED}", {}, "2026-11-21T10:00:03.125Z"),
        (f"2026-11-21 18:00:03.125 +0800  1000  1234 {DIED}", {}, "2026-11-21T10:00:03.125Z"),
        (f"2026-11-21 18:00:03.125456 +0800  1000  1000  1234 {DIED}", {}, "2026-11-21T10:00:03.125456Z"),
        (f"2026-11-21 18:00:03.125 +0800 u0_a123  1000  1234 {DIED}", {}, "2026-11-21T10:00:03.125Z"),
        (f"1795255203.125  1000  1234 {DIED}", {}, "2026-11-21T10:00:03.125Z"),
        (f"         1795255203.125456  1000  1234 {DIED}", {}, "2026-11-21T10:00:03.125456Z"),
        (f"11-21 18:00:03.125  1000  1234 {DIED}", {"start": CHINA, "near": CHINA}, "2026-11-21T10:00:03.125Z"),
        (f"01-01 00:00:03.125  1000  1234 {DIED}", {"start": CHINA, "near": CHINA}, "2026-12-31T16:00:03.125Z"),
        (f"11-21 10:00:03.125 +0000  1000  1234 {DIED}", {"near": CHINA}, "2026-11-21T10:00:03.125Z"),
        (f"2026-11-21 18:00:03.125  1000  1234 {DIED}", {"start": CHINA}, "2026-11-21T10:00:03.125Z"),
        (
            "2026-11-21 10:00:03.125 +0000 I/am_proc_died( 1000): [0,400,com.example.shop,900,15]",
            {},
            "2026-11-21T10:00:03.125Z",
        ),
    ],
)
def test_formats(line, parts, time):
    assert is_line(line)
    assert [(event.at, event.event, event.app) for event in read(line + "\n", **parts)] == [
        (parse_time(time), "stop", SHOP)
    ]


@pytest.mark.parametrize(
    ("line", "parts", "words"),
    [
        (f"11-21 18:00:03.125  1000  1234 {DIED}", {}, "has no time zone: write the log with -v zone"),
        (f"11-21 18:00:03.125 +0800  1000  1234 {DIED}", {}, "has no year: write the log with -v year"),
        (f"2026-11-21 18:00:03.125  1000  1234 {DIED}", {}, "has no time zone"),
        (f"2026-02-30 18:00:03.125 +0000  1000  1234 {DIED}", {}, "02-30 18:00:03.125 is no time"),
        (f"2026-11-21 25:00:03.125 +0000  1000  1234 {DIED}", {}, "is no time"),
        (f"   12345.125  1000  1234 {DIED}", {}, "counts from the phone's start: write the log with -v epoch"),
        ("I/am_proc_died( 1000): [0,400,com.example.shop,900,15]", {}, "says no time: .* -v threadtime"),
        ("1795255203.125  1000  1234 I am_proc_died: [0,400]", {}, "am_proc_died: has 2 fields, not 3"),
        ("1795255203.125  1000  1234 I am_proc_died: [0,x,com.example.shop]", {}, "am_proc_died: .*'x'"),
        ("1795255203.125  1000  1234 I am_proc_start: ", {}, "has 0 fields"),
    ],
)
def test_errors_name_the_line(line, parts, words):
    with pytest.raises(ConfigError, match=rf"^events\.log:2: .*{words}"):
        read(f"--------- beginning of events\n{line}\n", **parts)


def test_a_last_line_that_was_cut_is_no_error():
    assert read("1795255203.125  1000  1234 I am_proc_died: [0,400") == []


@pytest.mark.parametrize(
    "line",
    [
        "1795255203.125  1000  1234 I ActivityManager: am_kill: [0,400,com.example.shop,900,why]",
        "1795255203.125  1000  1234 I wm_task_to_front: [0,51]",
        "1795255203.125  1000  1234 I am_pss  : [21625,1000,com.example.shop,4843520]",
        "\tat com.example.am_proc_start.run(Shop.java:1)",
        "",
    ],
)
def test_other_lines_tell_nothing(line):
    assert read(line + "\n") == []


START_SHOP = "am_proc_start: [0,400,10123,com.example.shop,pre-top-activity,{com.example.shop/com.example.shop.Main}]"
KILL = "am_kill: [0,400,com.example.shop,0,stop com.example.shop due to x]"
PUSH = "am_proc_start: [0,401,10123,com.example.shop:push,service,{com.example.shop/com.example.shop.Push}]"
SERVE = "am_proc_start: [0,400,10123,com.example.shop,broadcast,{com.example.shop/com.example.shop.Boot}]"
FRONT = "wm_resume_activity: [0,111,7,com.example.shop/.Main]"
AT_HOME = "wm_resume_activity: [0,222,1,com.example.home/.Home]"
PAUSE = "wm_pause_activity: [0,111,com.example.shop/.Main,userLeaving=true,pauseBackTasks]"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            [f"1 {START_SHOP}", f"2 {FRONT}", f"5 {PAUSE}", f"5.5 {AT_HOME}", f"9 {KILL}", f"9.1 {DIED[2:]}"],
            [
                (1, "launch", SHOP),
                (2, "foreground", SHOP),
                (5, "background", SHOP),
                (5.5, "foreground", HOME),
                (9, "stop", SHOP),
            ],
        ),
        ([f"1 {SERVE}"], [(1, "launch", SHOP), (1, "background", SHOP)]),
        ([f"1 {SERVE}", f"3 {FRONT}"], [(1, "launch", SHOP), (1, "background", SHOP), (3, "foreground", SHOP)]),
        ([f"1 {PUSH}"], [(1, "launch", SHOP)]),
        (
            [f"0 {AT_HOME}", f"1 {PUSH}"],
            [(0, "foreground", HOME), (1, "launch", SHOP), (1, "background", SHOP)],
        ),
        ([f"1 {FRONT}", f"2 {PUSH}"], [(1, "foreground", SHOP)]),
        (
            [f"1 {START_SHOP}", f"2 {PUSH}", f"3 {KILL}"],
            [(1, "launch", SHOP)],
        ),
        (
            [f"1 {START_SHOP}", f"2 {PUSH}", "3 am_uid_stopped: 10123"],
            [(1, "launch", SHOP), (3, "stop", SHOP)],
        ),
        ([f"1 {START_SHOP}", "3 am_uid_stopped: 10124"], [(1, "launch", SHOP)]),
        (
            [f"1 {START_SHOP}", f"2 {KILL}", f"3 {START_SHOP.replace('400', '402')}", f"4 {DIED[2:]}"],
            [(1, "launch", SHOP), (2, "stop", SHOP), (3, "launch", SHOP)],
        ),
        (
            [f"2 {FRONT}", f"5 {PAUSE}", f"5.1 {FRONT.replace('.Main', '.Second')}", f"5.2 {AT_HOME}"],
            [(2, "foreground", SHOP), (5.2, "background", SHOP), (5.2, "foreground", HOME)],
        ),
        ([f"2 {FRONT}", f"5 {PAUSE}"], [(2, "foreground", SHOP), (5, "background", SHOP)]),
        (
            [f"2 {FRONT}", f"5 {PAUSE}", "5.4 wm_stop_activity: [0,111,com.example.shop/.Main]", f"9 {FRONT}"],
            [(2, "foreground", SHOP), (5, "background", SHOP), (9, "foreground", SHOP)],
        ),
        ([f"5 {PAUSE}", f"6 {AT_HOME}"], [(5, "background", SHOP), (6, "foreground", HOME)]),
        (
            [f"1 {START_SHOP}", "2/400 wm_on_resume_called: [111,org.example.Main,RESUME_ACTIVITY]"],
            [(1, "launch", SHOP), (2, "foreground", SHOP)],
        ),
        (["2/400 wm_on_resume_called: [111,org.example.Main,RESUME_ACTIVITY]"], []),
        (
            [f"2 {FRONT.replace('wm_', 'am_')}", f"3 {PAUSE.replace('wm_', 'am_')}", "4 am_proc_died: [0,4,com.other]"],
            [(2, "foreground", SHOP), (3, "background", SHOP), (4, "stop", "com.other")],
        ),
        (["2 am_activity_launch_time: [0,1,com.example.shop/.Main,99,99]"], [(2, "foreground", SHOP)]),
        (["2 wm_set_resumed_activity: [0,com.example.shop/.Main,resumeTop]"], [(2, "foreground", SHOP)]),
        (["1 am_proc_died: [0,7,com.example.shop:push,0,1]", "2 am_proc_start: [0,1,1,zygote,x,y]"], []),
    ],
)
def test_what_a_log_tells(said, expected):
    assert told(*said) == expected


def test_events_are_of_the_logs_phone_and_clock():
    (event,) = read(log("2 am_proc_died: [0,7,com.example.shop,0,1]"), device="left", clock="capture")
    assert (event.device, event.clock) == ("left", "capture")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([START_SHOP, PUSH, SERVE, FRONT, AT_HOME, PAUSE, f"{DIED[2:]}", "am_uid_stopped: 10123"]),
            st.integers(0, 3),
        ),
        max_size=12,
    ),
    st.integers(-(10**9), 10**9),
)
def test_another_time_moves_every_event_by_as_much(said, shift):
    def at(base):
        moments, now = [], base
        for line, step in said:
            now += step
            moments.append(f"{now}.000  1000  1234 I {line}\n")
        return read("".join(moments))

    here, there = at(1_795_255_200), at(1_795_255_200 + abs(shift))
    assert [(event.at + abs(shift) * 1_000_000, event.event, event.app) for event in here] == [
        (event.at, event.event, event.app) for event in there
    ]
    assert [event.at for event in here] == sorted(event.at for event in here)


@given(st.text(), st.sampled_from(["am_proc_start: ", "wm_pause_activity: [", "am_kill: [0,1,com.a", ""]))
def test_any_text_is_read_or_refused(text, tag):
    try:
        read(f"1795255203.125  1000  1234 I {tag}{text}\n{text}", near=datetime(2026, 11, 21, tzinfo=UTC))
    except ConfigError as error:
        assert str(error).startswith("events.log:")
