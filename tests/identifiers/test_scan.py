import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._mixed import MARKS
from leaktap.identifiers._scan import MOST_HITS, MOST_SPOTS, Hints, Scanner, literal


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


NEEDLES = [
    b"needle",
    b"5f4dcc3b5aa765d6",
    b"q1W2e3\nR4t5",
    b"x" * 40 + b"1a2b3c",
    "名字".encode(),
    "名字".encode()[1:5],
    b"\x80",
    b"\xbf\xbf\xbf\xbf",
    b"\xe5\x90",
    b"\xff\x01a1b2",
    b"\xc3(",
    b"a\0b\0",
]
EVERY = Scanner(NEEDLES, [b"a1b2c3d4e5f6"], [], [rb"%[0-9a-f]{2}", literal(b"0Ab1" * 20)])


def found(data, before=0):
    """Returns the needles in some data, by looking for each of them; so much is `before` it."""
    ends = ((number, at + len(needle)) for number, needle in enumerate(NEEDLES) for at in range(len(data) + 1)
            if data.startswith(needle, at))  # fmt: skip
    lower = data.lower()
    word = ((len(NEEDLES), at + 12) for at in range(len(data)) if lower.startswith(b"a1b2c3d4e5f6", at))
    return sorted((number, before + end) for number, end in (*ends, *word))


PIECES = [*NEEDLES, b"A1b2C3d4E5f6", b" ", b"a", b"1", b"word", "中文".encode(), b"\n", b"\xf0", b"\0"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), st.integers(0, 5000), st.booleans())
def test_every_needle_is_found_wherever_it_is_searched_for(data, before, broken):
    """In text and in what is none, in short and in long data."""
    data = b" " * before + data + (b"\xff" if broken else b"")
    assert EVERY.hits(data) == (found(data), False)
    spots = EVERY.spots(data)
    assert spots == EVERY.spots(data, data.translate(MARKS))
    assert sorted(spot for spot in spots if spot[0] <= len(NEEDLES)) == found(data)


def test_a_long_hint_is_told_by_a_piece_of_it():
    number = len(NEEDLES) + 2
    for before in (0, 3000):
        spots = EVERY.spots(b"." * before + b"0Ab1" * 20 + b"." * before)
        assert spots and {spot[0] for spot in spots} == {number}
        assert all(before < end <= before + 80 for _, end in spots)


def test_what_stands_in_two_places_is_not_put_together():
    """Of two mixed places only what stands between them would make the needle."""
    ends = b"q1W2e3" + b" " * 500 + b"R4t5" + b" " * 5000
    assert EVERY.hits(ends) == ([], False)


def test_hints_that_take_long_are_written_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    written = []

    def write():
        written.append(1)
        return [b"hid+en"]

    for _ in range(2):
        assert Scanner([], [], [], [b"x"], Hints(b"h", write)).spots(b"x hiddden") == [(0, 1), (1, 9)]
    assert written == [1]
    assert Scanner([], [], [], [b"x"], Hints(b"other", write)).spots(b"x") == [(0, 1)]
    assert written == [1, 1]


@pytest.mark.parametrize("before", [(1 << 20) + more for more in (-100, -40, -20, -16, -8, -1, 0, 30, 63, 64, 70)])
def test_where_long_data_is_looked_at_piece_by_piece(before):
    data = b" " * before + NEEDLES[1] + b"-" + NEEDLES[3] + b" " * 300 + NEEDLES[2] + b" " * (1 << 20)
    assert EVERY.hits(data) == (found(data[before:], before), False)


@pytest.mark.parametrize("at", [0, 1_048_575, 2_100_000])
def test_a_byte_that_is_no_text_is_told_wherever_it_is(at):
    """A character may lie across the pieces in which a long text is looked at."""
    text = ("典" * 700_000).encode()
    assert EVERY.hits(text) == ([], False)
    assert (9, at + len(NEEDLES[9])) in EVERY.hits(text[:at] + NEEDLES[9] + text[at:])[0]
