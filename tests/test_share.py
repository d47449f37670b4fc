"""A process's share: every pair of hosts belongs to exactly one, and to the same one in every process."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.share import WHOLE, Share, shares

ENDS = st.tuples(*[st.integers(0, 2**64 - 1)] * 4)


@given(ENDS, st.integers(1, 9))
def test_every_pair_of_hosts_has_one_share(ends, of):
    assert sum(Share(number, of).has(ends) for number in range(of)) == 1


@given(st.dictionaries(ENDS, st.integers(0, 1000)), st.integers(1, 5), ENDS)
def test_a_plan_gives_every_pair_to_one_share_and_none_much_more_than_its_part(loads, of, other):
    parts = shares(of, loads)
    for ends in (*loads, other):
        assert sum(part.has(ends) for part in parts) == 1
    done = [sum(load for ends, load in loads.items() if part.has(ends)) for part in parts]
    assert max(done) - min(done) <= max(loads.values(), default=0)


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
