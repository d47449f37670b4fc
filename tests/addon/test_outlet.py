"""Writing to a pipe in portions: whatever the pieces and however slow the reader, the same bytes come out, uncopied."""

import os
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from leaktap.addon._outlet import Outlet


@given(st.lists(st.binary(max_size=300), max_size=150), st.integers(1, 400))
def test_what_goes_in_comes_out_in_portions(pieces, most):
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    outlet, out = Outlet(ours), b""
    outlet.add(pieces)
    while outlet:
        written = outlet.send(most)
        assert 0 < written <= most
        out += os.read(theirs, most)
    assert out == b"".join(pieces) and outlet.send(most) == 0
    os.close(theirs)
    os.close(ours)


def test_a_full_pipe_is_waited_for_by_nobody():
    chance = Random(1)
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    body, out = chance.randbytes(1_000_000), b""
    outlet = Outlet(ours)
    outlet.add([body, b"end"])
    while outlet:
        if not outlet.send(1 << 17):
            out += os.read(theirs, 1 << 16)
    os.close(ours)
    while data := os.read(theirs, 1 << 16):
        out += data
    os.close(theirs)
    assert out == body + b"end"


def test_a_body_is_not_copied():
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    body = bytes(1_000_000)
    outlet = Outlet(ours)
    outlet.add([b"head", body])
    outlet.send(1000)
    assert [piece.obj for piece in outlet._pieces] == [body] and outlet._pieces[0].obj is body
    os.close(theirs)
    os.close(ours)


def test_what_nobody_reads_goes_nowhere():
    theirs, ours = os.pipe()
    os.close(theirs)
    outlet = Outlet(ours)
    outlet.add([b"x" * 100])
    assert outlet.send(10) == 0 and outlet.broken and not outlet
    outlet.add([b"y"])
    assert not outlet and outlet.send(10) == 0
    os.close(ours)
