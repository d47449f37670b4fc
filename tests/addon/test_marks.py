"""Marks outlive a session, and what is written of them says the same when it is read."""

import stat

import pytest

from leaktap.addon._marks import Marks
from leaktap.config import Case, Event
from leaktap.consent import case_events

EVENTS = [
    Event(at=1_795_255_203_250_001, event="launch", clock="capture"),
    Event(at=1_795_255_219_000_000, event="consent", app="com.example.shop", device="lab-phone", clock="capture"),
    Event(at=1_795_255_220_000_000, permission={"contacts": "denied", "sms": "granted"}, clock="capture"),
    Event(at=1_795_255_221_000_000, action='opens "the cart", then pays', clock="capture"),
]


def test_what_is_written_is_read_again(tmp_path):
    marks = Marks()
    marks.keep_in(tmp_path / "session.csv")
    for event in EVENTS:
        marks.add(event)
    assert list(case_events(Case(), [tmp_path / "session.csv"])) == EVENTS
    assert stat.S_IMODE((tmp_path / "session.csv").stat().st_mode) == 0o600


def test_nothing_is_written_before_there_is_a_mark(tmp_path):
    Marks().keep_in(tmp_path / "session.csv")
    assert not (tmp_path / "session.csv").exists()


def test_another_file_gets_all_marks_and_the_same_file_none_twice(tmp_path):
    marks = Marks()
    marks.keep_in(tmp_path / "one.csv")
    marks.add(EVENTS[0])
    marks.keep_in(tmp_path / "two.csv")
    marks.add(EVENTS[1])
    marks.keep_in(tmp_path / "one.csv")
    for name in ("one.csv", "two.csv"):
        assert list(case_events(Case(), [tmp_path / name])) == EVENTS[:2]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Marks().keep_in(tmp_path / "nowhere" / "session.csv")


def test_a_mark_that_cannot_be_kept_counts_all_the_same(tmp_path, caplog):
    (tmp_path / "folder").mkdir()
    marks = Marks()
    marks.keep_in(tmp_path / "folder")
    marks.add(EVENTS[0])
    assert marks.events == EVENTS[:1] and "the mark is not kept" in caplog.text
