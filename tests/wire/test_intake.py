from hypothesis import given
from hypothesis import strategies as st

from leaktap.model import MOST_FRAMES
from leaktap.wire._intake import Frames, Intake
from tests.wire._traffic import segment


def test_bytes_stop_at_a_gap():
    intake = Intake()
    for number, (data, lost) in enumerate([(b"ab", 0), (b"cd", 0), (b"gh", 2), (b"ij", 0), (b"z", 5)], 1):
        intake.push(segment(data, number, lost))
    assert (bytes(intake.data), intake.gap, intake.behind) == (b"abcd", True, 5)
    intake.drop(4)
    assert intake.skip() == 2
    assert (bytes(intake.data), intake.gap, intake.behind) == (b"ghij", True, 1)
    assert intake.frames(0, 4) == (3, 4)
    assert (intake.skip(), bytes(intake.data), intake.gap) == (5, b"ghijz", False)


def test_clear_drops_what_is_behind_gaps_too():
    intake = Intake()
    intake.push(segment(b"ab", 1))
    intake.push(segment(b"cd", 2, lost=1))
    assert intake.clear() == (4, (1, 2))
    assert (len(intake), intake.behind, intake.gap) == (0, 0, False)
    intake.push(segment(b"e", 3))
    assert bytes(intake.data) == b"e"


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 2)), max_size=20))
def test_nothing_is_lost_between_push_and_skip(parts):
    intake, got, gaps = Intake(), b"", 0
    for number, (data, lost) in enumerate(parts):
        intake.push(segment(data, number, lost))
    while True:
        got += bytes(intake.data)
        intake.drop(len(intake))
        if not intake.gap:
            break
        gaps += intake.skip()
    assert got == b"".join(data for data, _ in parts)
    assert gaps == sum(lost for _, lost in parts)
    assert intake.behind == 0


@given(st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=8))
def test_frames_are_the_first_and_the_last(groups):
    frames = Frames()
    for group in groups:
        frames.add(group)
    numbers = list(dict.fromkeys(number for group in groups for number in group))
    assert len(frames.numbers) <= MOST_FRAMES
    assert frames.numbers[:8] == tuple(numbers[:8])
    if len(numbers) <= MOST_FRAMES:
        assert frames.numbers == tuple(numbers)
