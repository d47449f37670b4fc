"""Both languages say the same things, and have a word for every name that records use."""

import re
from typing import get_args

import pytest

from leaktap.attribution._catalogue import Kind
from leaktap.identifiers import classes
from leaktap.model import BLIND_REASONS, SEVERITIES, Basis, Party, PhaseName, Subject, Verdict
from leaktap.report._texts import Texts, language, languages, words, zone_at
from leaktap.results.compare import CHANGES

NAMES = {
    "severity": SEVERITIES,
    "phase": get_args(PhaseName.__value__),
    "party": get_args(Party.__value__),
    "basis": get_args(Basis.__value__),
    "subject": get_args(Subject.__value__),
    "verdict": get_args(Verdict.__value__),
    "kind": get_args(Kind.__value__),
    "blind_why": BLIND_REASONS,
    "change": CHANGES,
    "change_words": CHANGES,
    "class": classes(),
    "category": {identifier.category for identifier in classes().values()},
}


def shape(name):
    """The places of a language's texts and what each has to be filled in with."""
    return {
        (section, key): set(re.findall(r"{\w*}", text))
        for section, texts in words(name).items()
        for key, text in texts.items()
    }


def test_the_languages_have_the_same_texts_with_the_same_values():
    first, *others = languages()
    for other in others:
        assert shape(other) == shape(first)


@pytest.mark.parametrize("name", languages())
def test_no_text_is_empty(name):
    assert not [key for texts in words(name).values() for key, text in texts.items() if not text]


@pytest.mark.parametrize("name", languages())
@pytest.mark.parametrize("table", NAMES)
def test_every_name_of_the_records_has_a_word(name, table):
    assert set(NAMES[table]) <= words(name)[table].keys()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "fr_FR"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_picks_the_language(monkeypatch, variables, expected):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


@pytest.mark.parametrize(("n", "said"), [(1, "1 third party"), (2, "2 third parties"), (1234, "1,234 third parties")])
def test_numbers_pick_the_form(n, said):
    assert Texts("en").say("key.third", n) == said


@pytest.mark.parametrize(
    ("part", "said"), [(0, "0%"), (1, "100%"), (0.99999, "99.9%"), (0.00001, "0.1%"), (0.5, "50.0%")]
)
def test_shares_are_never_rounded_to_all_or_nothing(part, said):
    assert Texts("en").share(part) == said


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "never"])
def test_times_that_no_clock_shows_are_said_all_the_same(moment):
    assert Texts("zh", zone_at(moment)).moment(moment)
