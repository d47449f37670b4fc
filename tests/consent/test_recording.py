"""Tables of a recording's times: times, events, and everything that is neither."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import ConfigError, Log, parse_time
from leaktap.consent.recording import is_heading, recorded

START = parse_time("2026-11-21T10:00:00Z")
ZONED = datetime.fromisoformat("2026-11-21T18:00:00+08:00")


def read(text, **parts):
    return recorded(enumerate(text.splitlines(keepends=True), 1), Log(file=Path("screen.csv"), **parts))


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-11-21T10:00:03.2Z", 3.2),
        ("2026-11-21T18:00:03.2+08:00", 3.2),
        ("0", 0),
        ("83.4", 83.4),
        ("01:23.4", 83.4),
        ("1:23", 83),
        ("00:01:23.4", 83.4),
        ("2:00:00.000001", 7200.000001),
    ],
)
def test_times(time, seconds):
    (event,) = read(f"time,event\n{time},consent\n", start=ZONED)
    assert event.at - START == pytest.approx(seconds * 1e6)


def test_the_start_may_stand_in_the_table():
    rows = ["2026-11-21T10:00:00Z,start", "", "1,launch,com.a", "2,permission contacts=denied", "3,action tap on it"]
    text = "\n".join(["time,event,app", *rows])
    first, second, third = read(text, device="left", clock="capture")
    assert (first.at, first.event, first.app, first.device, first.clock) == (
        START + 10**6,
        "launch",
        "com.a",
        "left",
        "capture",
    )
    assert (second.permission, third.action) == ({"contacts": "denied"}, "tap on it")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator):
    text = 'time,event\n"2026-11-21T10:00:00Z","consent"\n'.replace(",", separator)
    assert is_heading(text) and [event.event for event in read(text)] == ["consent"]


@pytest.mark.parametrize("line", ["timer,event", "event,time", "time", "", "--------- beginning of events"])
def test_no_heading(line):
    assert not is_heading(line)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,event\n1,launch", "2: 1 counts from a start that nobody says"),
        ("time,event\n2026-11-21T10:00:00,launch", "2: .* has no zone"),
        ("time,event\n\n10 o'clock,launch", "3: .* is no time"),
        ("time,event\n2026-11-21T10:00:00Z,lanch", "2: 'lanch' is no event, did you mean 'launch'"),
        ("time,event\n2026-11-21T10:00:00Z,", "2: '' is no event"),
        ("time,event\n2026-11-21T10:00:00Z,start\n01:75,launch", "3: '01:75' is no time"),
        ("time,event\n,launch", "2: '' is no time"),
        ("time,what\n", "1: 'what' is no column: use time, event, app"),
        ("time,app\n", "1: needs the columns"),
        ("time,event,event\n", "1: needs the columns"),
    ],
)
def test_errors_name_the_line(text, words):
    with pytest.raises(ConfigError, match=rf"^screen\.csv:{words}"):
        read(text)


@given(st.text(), st.text())
def test_any_text_is_read_or_refused(time, rest):
    try:
        read(f"time,event\n{time},{rest}\n{rest}", start=ZONED)
    except ConfigError as error:
        assert str(error).startswith("screen.csv:")
