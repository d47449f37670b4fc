"""What all tests share: names of parameters that are the same in every process, and no regard to how long it takes.

Examples of hypothesis are the same in every run, so that a run fails by what was changed and not by chance.
`make test PYTEST_ARGS=--hypothesis-profile=others` draws others each time.
"""

import gzip
import signal

from hypothesis import HealthCheck, settings

from leaktap.decoders import LIMITS

_SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("others", derandomize=False, **_SLOW)
settings.register_profile("same", derandomize=True, database=None, **_SLOW)
settings.load_profile("same")

object.__setattr__(LIMITS, "seconds", 60.0)  # a message's time; who tests that it ends says limits of their own

gzip.compress.__kwdefaults__["mtime"] = 0  # as it is from Python 3.14 on: what is packed twice is the same

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell has it that begins tests in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val, argname):
    """Names long values by their argument alone: what is packed or made anew each time is called the same."""
    long = 60 if isinstance(val, str) else 16
    return argname if isinstance(val, (bytes, str)) and len(val) > long else None
