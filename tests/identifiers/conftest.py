import pytest

from leaktap.identifiers.matcher import Matcher


@pytest.fixture(scope="session")
def stranger():
    """A matcher that knows no device."""
    return Matcher()
