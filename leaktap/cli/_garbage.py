"""When Python searches for garbage: not while a command begins, and seldom from then on.

What is made at the beginning stays, and next to nothing of what a run makes refers to itself in a circle: the searches
would take a twentieth of its time and find nothing.
"""

import gc
from collections.abc import Callable
from functools import wraps

_OFTEN = 20_000
"""How many objects more there are when the young ones are searched."""


def sparing[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Makes a command that begins without searches; it says by `settled` when it has begun."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        before = gc.get_threshold()
        gc.disable()
        try:
            return command(*args, **kwargs)
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)
            gc.enable()

    return run


def settled() -> None:
    """Leaves what there is out of all searches to come."""
    gc.freeze()
    gc.set_threshold(_OFTEN, *gc.get_threshold()[1:])
    gc.enable()
