"""A process that no test has used: what is measured of it, or of those that it forks, hangs on nothing but the code."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def fresh() -> Iterator[Executor]:
    """Starts one: it does what it is handed, one thing after the other, and has a single thread to do it with."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        yield process
