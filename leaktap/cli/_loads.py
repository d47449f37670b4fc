"""What is to be read, weighed by a process of its own while the run begins, so that several can share it evenly."""

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from leaktap.share import Ends
from leaktap.sources import loads

_MOST = 4096
"""Of how many pairs of hosts it is told what they are worth, the largest ones."""


class Loads:
    """Begins at once with the inputs at these paths."""

    def __init__(self, inputs: Sequence[str]) -> None:
        """Starts the process."""
        context = multiprocessing.get_context("fork")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_weigh, args=(there, inputs), daemon=True)
        self._process.start()
        there.close()

    def result(self) -> dict[Ends, int]:
        """Returns what is known by now, and ends the process."""
        found: dict[Ends, int] = {}
        with suppress(OSError):  # it is done
            self._pipe.send(None)
        with suppress(EOFError, OSError):  # it died
            found = self._pipe.recv()
        self._pipe.close()
        self._process.kill()
        self._process.join()
        return found


def _weigh(pipe: Connection, inputs: Sequence[str]) -> None:
    """Weighs until all is read, or somebody asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    total: Counter[Ends] = Counter()
    for part in loads(inputs):
        total.update(part)
        if pipe.poll():
            break
    with suppress(OSError):
        pipe.send(dict(total.most_common(_MOST)))
    sys.stdout = sys.stderr = None  # what they hold is the parent's to write
    os._exit(0)
