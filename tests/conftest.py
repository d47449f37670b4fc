"""What all tests share: names of parameters that are the same in every process, and no regard to how long it takes."""

from hypothesis import settings

settings.register_profile("without regard to time", deadline=None)
settings.load_profile("without regard to time")


def pytest_make_parametrize_id(val, argname):
    """Names long values by their argument alone: what is packed or made anew each time is called the same."""
    long = 60 if isinstance(val, str) else 16
    return argname if isinstance(val, (bytes, str)) and len(val) > long else None
