"""Marks in comments: what is one, what only looks like one, and what is none."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import EventName, to_time
from leaktap.marks import SIGN, marks
from leaktap.model import Fault, Mark

NOW = 1_795_000_000_000_000
AT = to_time(datetime(2026, 11, 21, 2, 0, 3, tzinfo=UTC))
WHERE = "a.pcapng: packet 7"


def read(comment, time=NOW):
    return list(marks(comment, time, WHERE))


@pytest.mark.parametrize("event", get_args(EventName.__value__))
def test_every_event(event):
    assert read(f"leaktap: {event}") == [Mark(NOW, event, where=WHERE)]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("leaktap:consent", Mark(NOW, "consent", where=WHERE)),
        ("  Leaktap:  Consent \t", Mark(NOW, "consent", where=WHERE)),
        ("seen it\nleaktap: refuse\r\nas said", Mark(NOW, "refuse", where=WHERE)),
        ("leaktap: consent app=com.example.shop", Mark(NOW, "consent", "com.example.shop", WHERE)),
        ("leaktap: launch device=lab-3 app=a.b", Mark(NOW, "launch", "a.b", WHERE, device="lab-3")),
        ("leaktap: consent at=2026-11-21T10:00:03+08:00", Mark(AT, "consent", where=WHERE)),
        (
            "leaktap: permission contacts=denied camera=granted app=a.b",
            Mark(NOW, "", "a.b", WHERE, (("contacts", "denied"), ("camera", "granted"))),
        ),
        ("leaktap: action opens the shop's door=2", Mark(NOW, where=WHERE, action="opens the shop's door=2")),
    ],
)
def test_marks(comment, expected):
    assert read(comment) == [expected]


@pytest.mark.parametrize(
    "comment", ["", "u-10123", "consent", "leaktap", "the leaktap: consent", "LEAKTAP: consent", "leaktap : consent"]
)
def test_what_is_no_mark(comment):
    assert read(comment) == []


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("leaktap:", "'' is no event: use one of install, launch, notice, consent"),
        ("leaktap: consnet", "'consnet' is no event, did you mean 'consent'?: use one of install"),
        ("leaktap: consent?", "did you mean 'consent'?"),
        ("leaktap: consent com.example.shop", "'com.example.shop' is no KEY=VALUE"),
        ("leaktap: consent app=", "'app=' is no KEY=VALUE"),
        ("leaktap: consent apps=a.b", "'apps' is no key, did you mean 'app'?: use one of app, device, at"),
        ("leaktap: consent contacts=denied", "'contacts' is no key"),
        ("leaktap: consent at=10:00", "is no time"),
        ("leaktap: consent at=2026-11-21T10:00:03", "has no zone"),
        ("leaktap: permission", "write it as permission contacts=denied"),
        ("leaktap: permission app=a.b", "write it as permission contacts=denied"),
        ("leaktap: permission contacts=no", "'no' is no answer: use granted or denied"),
        ("leaktap: action", "write what the user did"),
    ],
)
def test_what_looks_like_a_mark(comment, said):
    (fault,) = read(comment)
    assert (fault.stage, fault.where) == ("mark", WHERE)
    assert said in fault.why


def test_a_comment_without_a_moment_needs_one():
    (fault,) = read("leaktap: consent", None)
    assert isinstance(fault, Fault) and "add at=" in fault.why
    (mark,) = read("leaktap: consent at=2026-11-21T10:00:03+08:00", None)
    assert mark == Mark(AT, "consent", where=WHERE)


def test_what_is_said_of_a_comment_is_one_short_line():
    (fault,) = read("leaktap: \x1b[2J" + "x" * 100_000)
    assert len(fault.why) < 700 and fault.why.isprintable()


@given(st.text() | st.lists(st.sampled_from(["leaktap:", "consent", "permission", "a=granted", "at=", "\n", " "])))
def test_any_comment(comment):
    text = comment if isinstance(comment, str) else " ".join(comment)
    for found in read(text):
        assert isinstance(found, (Mark, Fault)) and SIGN in text.encode("utf-8", "replace")
