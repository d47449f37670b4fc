"""A process's share: every pair of hosts belongs to exactly one, and to the same one in every process."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.share import WHOLE, Share

ENDS = st.tuples(*[st.integers(0, 2**64 - 1)] * 4)


@given(ENDS, st.integers(1, 9))
def test_every_pair_of_hosts_has_one_share(ends, of):
    assert sum(Share(number, of).has(ends) for number in range(of)) == 1


@given(ENDS)
def test_one_share_is_all(ends):
    assert WHOLE.has(ends) and WHOLE.first


@pytest.mark.parametrize(("number", "first"), [(0, True), (1, False), (2, False)])
def test_the_first_tells_what_concerns_the_whole(number, first):
    assert Share(number, 3).first is first


def test_processes_agree():
    code = "from leaktap.share import Share; print([Share(1, 3).has((0, n, 0, n * n)) for n in range(200)])"
    said = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}
    here = f"{[Share(1, 3).has((0, n, 0, n * n)) for n in range(200)]}\n"
    assert said == {here.encode()} and "True" in here and "False" in here
