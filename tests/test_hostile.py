"""Bodies that ask for too much get no more than there is, and what was not read is said."""

import pytest

from fuzz.payloads import MEGABYTES, PAYLOADS, costs
from leaktap.identifiers.matcher import MOST_MATCHES
from tests._fresh import fresh


def cost_of(name):
    ((_, cost),) = costs([name])
    return cost


@pytest.fixture(scope="module")
def process():
    with fresh() as made:
        yield made


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_body_takes_no_more_than_it_may(name, process):
    cost = process.submit(cost_of, name).result()
    assert cost.megabytes <= MEGABYTES
    assert cost.matches <= MOST_MATCHES
    assert not [why for why in cost.faults if why.startswith("pipeline") or " in decoder " in why]
    assert not PAYLOADS[name].limited or any(why.startswith("limit: ") for why in cost.blinds)
