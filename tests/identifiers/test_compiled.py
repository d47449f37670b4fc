"""The cache of compiled databases: loaded where it fits, made anew where it does not, never in the way."""

import threading

import hyperscan
import pytest

from leaktap.cache import folder
from leaktap.identifiers._compiled import Expression, compiled

ABC = [Expression(7, rb"\x61bc", 0), Expression(2, b"x.z", hyperscan.HS_FLAG_CASELESS)]


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


def never():
    pytest.fail("it is in the cache")


def test_what_is_loaded_finds_what_was_compiled(cache):
    first = compiled([b"abc"], lambda: [ABC, [], ABC[:1]])
    (file,) = cache.iterdir()
    second = compiled([b"abc"], never)
    assert [*cache.iterdir()] == [file]
    for databases in (first, second):
        assert hits(databases[0], b"abc XyZ") == [(2, 7), (7, 3)]
        assert databases[1] is None
        assert hits(databases[2], b"abc XyZ") == [(7, 3)]


def test_it_is_the_users_alone(cache):
    compiled([b"secret"], lambda: [ABC])
    assert cache.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in cache.iterdir()] == [0o600]


@pytest.mark.parametrize("other", [[b"abd"], [b"abc", b""], [b"ab", b"c"], []])
def test_what_is_made_of_anything_else_is_another_file(cache, other):
    compiled([b"abc"], lambda: [ABC])
    compiled(other, lambda: [ABC])
    assert len([*cache.iterdir()]) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:4],
        lambda data: data[:50],
        lambda data: data[:-9] + bytes(9),
        lambda data: data + bytes(3),
        lambda data: b"\xff" * 8 + data[8:],
    ],
)
def test_a_damaged_file_is_made_anew(cache, damage):
    compiled([b"abc"], lambda: [ABC])
    (file,) = cache.iterdir()
    good = file.read_bytes()
    file.write_bytes(damage(good))
    (database,) = compiled([b"abc"], lambda: [ABC])
    assert hits(database, b"abc") == [(7, 3)]
    assert file.read_bytes() == good


def test_a_cache_that_cannot_be_written_changes_nothing(cache):
    cache.parent.joinpath("leaktap").write_text("in the way")
    (database,) = compiled([b"abc"], lambda: [ABC])
    assert hits(database, b"abc") == [(7, 3)]


def test_a_relative_cache_folder_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / ".cache" / "leaktap"
