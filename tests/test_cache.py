"""The user's cache: what is kept comes back whole, belongs to the user alone, and is never in the way."""

import pytest

from leaktap import cache


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "leaktap"


def test_what_is_kept_comes_back(place):
    assert cache.kept("a.one") is None
    cache.keep("a.one", b"first")
    cache.keep("a.one", b"second")
    assert cache.kept("a.one") == b"second"
    assert [each.name for each in place.iterdir()] == ["a.one"]


def test_it_is_the_users_alone(place):
    cache.keep("a.one", b"secret")
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "a.one").stat().st_mode & 0o777 == 0o600


def test_the_oldest_of_an_ending_go(place):
    cache.keep("a.other", b"12345")
    for number in range(5):
        cache.keep(f"{number}.one", b"1234", room=15)
    assert sorted(each.name for each in place.iterdir()) == ["2.one", "3.one", "4.one", "a.other"]
    cache.keep("large.one", b"1234567890123456", room=15)
    assert sorted(each.name for each in place.iterdir()) == ["a.other", "large.one"]


def test_what_was_used_last_stays(place):
    for name in ("a.one", "b.one"):
        cache.keep(name, b"1234", room=8)
    cache.kept("a.one")
    cache.keep("c.one", b"1234", room=8)
    assert sorted(each.name for each in place.iterdir()) == ["a.one", "c.one"]


def test_a_cache_that_cannot_be_written_changes_nothing(place):
    place.write_text("in the way")
    cache.keep("a.one", b"lost")
    assert cache.kept("a.one") is None


@pytest.mark.parametrize("parts", [[b"ab", b"c"], [b"a", b"b", b"c"], [b"abc"], [b"abcd"], []])
def test_other_parts_are_another_name(parts):
    assert cache.name(parts, "x") == cache.name(iter(parts), "x") != cache.name([b"a", b"bc"], "x")
    assert cache.name(parts, "x").endswith(".x")
