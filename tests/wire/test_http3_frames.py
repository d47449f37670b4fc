import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.http2_frames import BadFrame
from leaktap.wire.http2_headers import MOST_BLOCK
from leaktap.wire.http3_frames import DATA, HEADERS, SETTINGS, WEBTRANSPORT, FrameReader
from tests.wire._traffic import segment


def read(*parts):
    """The frames of (bytes, lost before them), with DATA joined: a list of (kind, payload or lost bytes)."""
    reader, made = FrameReader(), []
    for data, lost in parts:
        reader.push(segment(data, lost=lost))
        while True:
            frame = reader.next()
            if frame is None:
                if not reader.intake.gap:
                    break
                frame = reader.step_over()
                if frame is None:
                    continue
            what = frame.lost or frame.payload
            if (
                made
                and made[-1][0] == DATA == frame.kind
                and isinstance(what, bytes)
                and isinstance(made[-1][1], bytes)
            ):
                made[-1] = DATA, made[-1][1] + what
            else:
                made.append((frame.kind, what))
        reader.sweep()
    return made


WHOLE = b"\x01\x03abc" + b"\x00\x05hello" + b"\x21\x02xx" + b"\x04\x00" + b"\x40\x00\x40\x01!" + b"\x00\x00"
FRAMES = [(HEADERS, b"abc"), (DATA, b"hello"), (SETTINGS, b""), (DATA, b"!")]


@given(st.lists(st.integers(0, len(WHOLE)), max_size=8))
def test_cut_anywhere(cuts):
    edges = [0, *sorted(cuts), len(WHOLE)]
    parts = [(WHOLE[start:end], 0) for start, end in itertools.pairwise(edges) if start < end]
    assert read(*parts) == FRAMES


@pytest.mark.parametrize(
    ("parts", "made"),
    [
        ([(b"\x00\x05he", 0), (b"\x01\x00", 3)], [(DATA, b"he"), (DATA, 3), (HEADERS, b"")]),
        ([(b"\x00\x05", 0), (b"o", 4)], [(DATA, 4), (DATA, b"o")]),
        ([(b"\x21\x05he", 0), (b"\x01\x00", 3)], [(HEADERS, b"")]),
        ([(b"\x40\x41\x00rest", 0)], [(WEBTRANSPORT, b"")]),
        ([(b"\x01\x05ab", 0)], []),
        ([(b"\x40", 0)], []),
    ],
)
def test_gaps_and_ends(parts, made):
    assert read(*parts)[: len(made)] == made


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([(b"\x00\x05he", 0), (b"\x01\x00", 4)], "truncated"),
        ([(b"\x01\x05he", 0), (b"lo!", 3)], "truncated"),
        ([(b"", 0), (b"\x01\x00", 3)], "truncated"),
        ([(b"\x40", 0), (b"\x01\x00", 1)], "truncated"),
        ([(b"\x02\x00", 0)], "unreadable"),
        ([(b"\x06\x01a", 0)], "unreadable"),
        ([(b"\x01\x80" + (MOST_BLOCK + 1).to_bytes(3), 0)], "limit"),
    ],
)
def test_frames_that_make_no_sense(parts, why):
    with pytest.raises(BadFrame) as error:
        read(*parts)
    assert error.value.why == why


@given(st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 3)), max_size=6))
def test_any_bytes(parts):
    with contextlib.suppress(BadFrame):
        read(*parts)
