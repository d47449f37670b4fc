"""Garbage is not searched for while a command begins, seldom from then on, and as before afterwards."""

import gc

import pytest

from leaktap.cli._garbage import settled, sparing


def test_searches_begin_when_the_command_says_so():
    seen = []

    @sparing
    def command(word, end=""):
        seen.append(gc.isenabled())
        settled()
        seen.append((gc.isenabled(), gc.get_freeze_count() > 0, gc.get_threshold()[0] > before[0]))
        return word + end

    before = gc.get_threshold()
    assert command("a", end="b") == "ab"
    assert seen == [False, (True, True, True)]
    assert (gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()) == (True, 0, before)


def test_a_command_that_fails_leaves_nothing_behind():
    @sparing
    def command():
        raise ValueError

    before = gc.get_threshold()
    with pytest.raises(ValueError):
        command()
    assert (gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()) == (True, 0, before)
