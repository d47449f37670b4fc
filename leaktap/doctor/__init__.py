"""What a live session needs of the machine: one file per check, each with `check`, found by where it lies."""

import sys

from leaktap.discover import discover
from leaktap.doctor._api import About, Verdict

__all__ = ["About", "Verdict", "examine"]


def examine(about: About) -> list[Verdict]:
    """Returns the verdicts of all checks, in the order of their names."""
    return [check(about) for check in discover(sys.modules[__name__], "check")]
