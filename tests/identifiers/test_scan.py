import threading

import pytest

from leaktap.identifiers._scan import MOST_HITS, MOST_SPOTS, Scanner, literal


def scanner(hints=()):
    return Scanner([b"needle", b"\x00\xff("], [rb"name="], [rb"[0-9]{3}x"], hints)


@pytest.mark.parametrize(
    ("data", "hits"),
    [
        (b"", []),
        (b"nothing", []),
        (b"a needle here, a needle there", [(0, 8), (0, 23)]),
        (b"Needle", []),
        (b"a\x00\xff(b", [(1, 4)]),
        (b"NAME=1", [(2, 5)]),
        (b"1234x", [(3, 5)]),
        (b"name=123x needle", [(0, 16), (2, 5), (3, 9)]),
    ],
)
def test_what_ends_where(data, hits):
    assert scanner().hits(data) == (hits, False)
    assert sorted(scanner().spots(data)) == hits


def test_hints_count_for_spots_alone():
    hinted = scanner([rb"%[0-9a-f]{2}"])
    assert hinted.spots(b"a%2fb") == [(4, 4)] and hinted.spots(b"a%zz") == []
    assert hinted.hits(b"a%2f needle") == ([(0, 11)], False)


def test_without_expressions_there_is_nothing():
    nothing = Scanner([], [], [], [])
    assert nothing.spots(b"x") == [] and nothing.hits(b"x") == ([], False)


def test_a_flood_of_one_thing_does_not_hide_another():
    hits, _ = scanner().hits(b"name=" * (MOST_HITS * 2) + b"needle")
    assert MOST_HITS < len(hits) < MOST_HITS + 5
    assert hits[0] == (0, MOST_HITS * 10 + 6)


def test_too_many_places_are_not_told():
    assert len(scanner().spots(b"needle" * MOST_SPOTS) or ()) == MOST_SPOTS
    assert scanner().spots(b"needle" * (MOST_SPOTS + 1)) is None


def test_any_byte_may_stand_in_a_needle():
    every = bytes(range(256))
    assert literal(b"a\x00") == rb"\x61\x00"
    assert Scanner([every], [], [], []).hits(b"." + every + b".") == ([(0, 257)], False)


def test_threads_that_begin_together():
    shared = scanner()
    barrier = threading.Barrier(4)
    found = []

    def work():
        barrier.wait()
        found.append(shared.hits(b"x" * 1_000_000 + b"needle"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [([(0, 1_000_006)], False)] * 4
