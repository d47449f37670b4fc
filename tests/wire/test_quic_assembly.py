import random

from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire import quic_assembly
from leaktap.wire.quic_assembly import Assembly, Over

TEXT = bytes(range(256)) * 8


@given(st.lists(st.tuples(st.integers(0, 2047), st.integers(1, 400)), max_size=60), st.integers(0, 1 << 30))
def test_bytes_in_any_order_and_more_than_once(pieces, seed):
    chance, one = random.Random(seed), Assembly()
    got = b""
    pieces = [*pieces, *[(at, 100) for at in range(0, 2048, 100)]]
    chance.shuffle(pieces)
    for number, (at, size) in enumerate(pieces):
        one.push(at, TEXT[at : at + size], number, number)
        if chance.random() < 0.3 and (segment := one.take()):
            assert not segment.lost
            got += segment.data
    segment = one.take()
    got += segment.data if segment else b""
    assert got == TEXT and one.next == 2048 and not one.held and one.gap is None


@given(st.lists(st.integers(0, 19), max_size=20, unique=True), st.integers(0, 1 << 30))
def test_what_never_comes_is_counted(absent, seed):
    one, order = Assembly(), list(range(20))
    random.Random(seed).shuffle(order)
    for number in order:
        if number not in absent:
            one.push(number * 100, TEXT[number * 100 : number * 100 + 100], number, number)
    one.size = 2000
    read = lost = 0
    while True:
        segment = one.take()
        if segment is not None:
            lost += segment.lost
            read += len(segment.data)
            assert len(segment.offsets) == len(segment.frames) == len(segment.times)
        if one.complete:
            break
        one.skip()
    assert (read, lost) == (2000 - 100 * len(absent), 100 * len(absent))


def test_a_piece_remembers_its_packet():
    one = Assembly()
    one.push(3, b"def", 7, 70)
    one.push(0, b"abcd", 8, 80)
    segment = one.take()
    assert (segment.data, segment.offsets, segment.frames, segment.times) == (b"abcdef", [0, 4], [8, 7], [80, 70])


def test_bounds(monkeypatch):
    monkeypatch.setattr(quic_assembly, "_MOST_BEHIND", 10)
    one = Assembly()
    one.push(1 << 40, b"far", 1, 1)
    assert not one.held
    for number in range(1, 100):
        one.push(number * 10, b"x", number, number)
    assert one.held == 10 and one.crowded
    over = Over()
    for number in range(0, 200, 2):
        over.add(number)
        assert number in over
    assert len(over.above) <= 11 and 1 in over and 1000 not in over


def test_streams_that_are_over():
    over = Over()
    for number in (0, 2, 1, 5):
        over.add(number)
    assert [number in over for number in range(7)] == [True, True, True, False, False, True, False]
    assert over.below == 3
