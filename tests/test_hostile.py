"""Bodies that ask for too much get no more than there is, and what was not read is said."""

import pytest

from fuzz.payloads import MEGABYTES, PAYLOADS, costs
from leaktap.identifiers.matcher import MOST_MATCHES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_body_takes_no_more_than_it_may(name):
    ((_, cost),) = costs([name])
    assert cost.megabytes <= MEGABYTES
    assert cost.matches <= MOST_MATCHES
    assert not [why for why in cost.faults if why.startswith("pipeline") or " in decoder " in why]
    assert not PAYLOADS[name].limited or any(why.startswith("limit: ") for why in cost.blinds)
