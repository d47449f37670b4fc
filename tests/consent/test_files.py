"""Files of events, told apart by what is in them, and brought into the timeline of a case."""

import pytest

from leaktap.config import Case, ConfigError, Event, Log, load_case, parse_time
from leaktap.consent import Timeline, case_events

LOG = (
    "--------- beginning of events\n"
    "2026-11-21 18:00:03.000 +0800  1000  1234 I am_proc_start: [0,400,10123,com.example.shop,pre-top-activity,{x/y}]\n"
    "2026-11-21 18:00:30.000 +0800  1000  1234 I am_proc_died: [0,400,com.example.shop,900,15]\n"
)
TABLE = "time,event\n2026-11-21T10:00:00Z,start\n4,notice\n19,consent\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_case_with_a_log_and_a_table(tmp_path, encoding, end):
    (tmp_path / "events.log").write_bytes(LOG.replace("\n", end).encode(encoding))
    (tmp_path / "screen.csv").write_bytes(TABLE.replace("\n", end).encode(encoding))
    (tmp_path / "case.yaml").write_text("app: {package: com.example.shop}\nlogs: [events.log, {file: screen.csv}]\n")
    timeline = Timeline(case_events(load_case(tmp_path / "case.yaml")))
    base = parse_time("2026-11-21T10:00:00Z")
    seconds = {2: "not_running", 3: "before_notice", 4: "before_consent", 19: "consented", 30: "not_running"}
    phases = {at: timeline.phase(base + at * 10**6, "com.example.shop").name for at in seconds}
    assert phases == seconds


def test_the_phones_clock_counts_for_logs_too(tmp_path):
    (tmp_path / "screen.csv").write_text(TABLE)
    log = Log(file=tmp_path / "screen.csv")
    at = parse_time("2026-11-21T10:00:16Z")
    timeline = Timeline(case_events(Case(logs=(log,))), clock_offset={"": 3.0})
    assert [timeline.phase(at - 1).name, timeline.phase(at).name] == ["before_consent", "consented"]


def test_the_year_is_that_of_the_cases_events(tmp_path):
    (tmp_path / "events.log").write_text(LOG.replace("2026-", ""))
    case = Case(events=(Event(at="2027-01-02T00:00:00Z", event="launch"),))
    events = case_events(case, [tmp_path / "events.log"])
    assert events[1].at == parse_time("2026-11-21T10:00:03Z")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file: check the path"),
        (b"", r"1: is neither a log of adb logcat -b events nor a table that begins with time,event"),
        (b"\x00\xff" * 5000, r"1: is neither"),
        (b"{}\n", r"1: is neither"),
        (b"x" * 10**6, r"1: is neither"),
    ],
)
def test_what_is_no_such_file(tmp_path, content, words):
    if content is not None:
        (tmp_path / "events.log").write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        case_events(Case(), [tmp_path / "events.log"])


def test_a_log_needs_its_phone_where_each_has_its_offset(tmp_path):
    (tmp_path / "events.log").write_text(LOG)
    case = Case(clock_offset={"left": 3})
    with pytest.raises(ConfigError, match=r"events\.log: clock_offset has none for its phone"):
        case_events(case, [tmp_path / "events.log"])
    log = Log(file=tmp_path / "events.log", device="left")
    assert case_events(case.model_copy(update={"logs": (log,)}))
