"""Python's collector of cycles in mitmproxy's process: it looks at less, and while the phones are silent.

Where it looks through everything, the proxy stands still: some 100 ms with 200 connections, every 2,000 requests. What
was loaded when the proxy began stays for good, so it is set aside; and as soon as nothing happens for a moment, what
has gathered is collected, so that this seldom falls due while phones wait. https://docs.python.org/3/library/gc.html.
"""

import gc
from asyncio import AbstractEventLoop, TimerHandle

_LOOK = 0.2
"""Seconds between two looks whether something happens."""
_CALM = 100
"""Objects by which their number may change meanwhile, if nothing happens: a request is some hundred."""
_DUE = 10
"""How often the youngest must have been collected since, for all to be: some hundred requests."""
_SHARE = 0.01
"""Of the time, at most, for all that is kept may be much: a user interface keeps every flow."""


class Collector:
    """The collector, as long as the addon is there."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        """Sets aside what is loaded, if nobody has done so, and begins to look."""
        if not gc.get_freeze_count():
            gc.collect()
            gc.freeze()
        self._loop = loop
        self._done = self._seen = _collected()
        self._objects, self._next = gc.get_count()[0], 0.0
        self._timer: TimerHandle = loop.call_later(_LOOK, self._look)

    def close(self) -> None:
        """Looks no longer."""
        self._timer.cancel()

    def _look(self) -> None:
        """Collects, if there is something to collect and nothing happens."""
        seen, objects = _collected(), gc.get_count()[0]
        calm = seen == self._seen and abs(objects - self._objects) < _CALM
        began = self._loop.time()
        if calm and seen - self._done >= _DUE and began >= self._next and gc.isenabled():
            gc.collect()
            self._done, ended = seen, self._loop.time()
            self._next = ended + (ended - began) / _SHARE
        self._seen, self._objects = seen, gc.get_count()[0]
        self._timer = self._loop.call_later(_LOOK, self._look)


def _collected() -> int:
    """Returns how often the youngest objects were collected."""
    count: int = gc.get_stats()[0]["collections"]
    return count
