"""The cache of compiled databases: loaded where it fits, made anew where it does not, never in the way."""

import threading

import hyperscan
import pytest

from leaktap.cache import folder
from leaktap.identifiers._compiled import compiled


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    for thread in threading.enumerate():
        if thread.name == "leaktap compile":  # of a matcher that another test made
            thread.join()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "leaktap"


def hits(database, data):
    found = []
    database.scan(
        data, match_event_handler=lambda n, _s, e, _f, _c: found.append((n, e)), scratch=hyperscan.Scratch(database)
    )
    return sorted(found)


def test_what_is_loaded_finds_what_was_compiled(cache):
    first = compiled([rb"\x61bc", b"x.z"], [0, hyperscan.HS_FLAG_CASELESS])
    (file,) = cache.iterdir()
    second = compiled([rb"\x61bc", b"x.z"], [0, hyperscan.HS_FLAG_CASELESS])
    assert [*cache.iterdir()] == [file]
    assert hits(first, b"abc XyZ") == hits(second, b"abc XyZ") == [(0, 3), (1, 7)]


def test_it_is_the_users_alone(cache):
    compiled([b"secret"], [0])
    assert cache.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in cache.iterdir()] == [0o600]


@pytest.mark.parametrize(
    "other",
    [([b"abd"], [0]), ([b"abc"], [hyperscan.HS_FLAG_CASELESS]), ([b"abc", b"d"], [0, 0]), ([b"a", b"bc"], [0, 0])],
)
def test_other_expressions_are_another_file(cache, other):
    compiled([b"abc"], [0])
    compiled(*other)
    assert len([*cache.iterdir()]) == 2


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:50], lambda data: data[:-9] + bytes(9)])
def test_a_damaged_file_is_made_anew(cache, damage):
    compiled([b"abc"], [0])
    (file,) = cache.iterdir()
    good = file.read_bytes()
    file.write_bytes(damage(good))
    assert hits(compiled([b"abc"], [0]), b"abc") == [(0, 3)]
    assert file.read_bytes() == good


def test_a_cache_that_cannot_be_written_changes_nothing(cache):
    cache.parent.joinpath("leaktap").write_text("in the way")
    assert hits(compiled([b"abc"], [0]), b"abc") == [(0, 3)]


def test_a_relative_cache_folder_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / ".cache" / "leaktap"
