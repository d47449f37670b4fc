"""The end of a pipe that is written to in portions: what waits is neither joined nor copied, nobody waits."""

import os
from collections import deque
from collections.abc import Iterable

_MOST_AT_ONCE = 64
"""Pieces in one call; the least that a system may allow is 16, and all that are known allow 1024 (IOV_MAX)."""


class Outlet:
    """Bytes on their way into a pipe that does not block."""

    def __init__(self, descriptor: int) -> None:
        """Begins with nothing."""
        self._descriptor = descriptor
        self._pieces: deque[memoryview] = deque()
        self.broken = False
        """Whether nobody reads any more: what is added goes nowhere."""

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._pieces)

    def add(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Has pieces be written behind those that wait."""
        if not self.broken:
            self._pieces.extend(memoryview(piece) for piece in pieces if len(piece))

    def send(self, most: int) -> int:
        """Writes what the pipe takes now, `most` bytes at most, and returns how many."""
        portion, size = [], 0
        for piece in self._pieces:
            portion.append(piece[: most - size])
            size += len(portion[-1])
            if size >= most or len(portion) == _MOST_AT_ONCE:
                break
        if not portion:
            return 0
        try:
            written = os.writev(self._descriptor, portion)
        except BlockingIOError:
            return 0
        except OSError:
            self.broken = True
            self._pieces.clear()
            return 0
        self._drop(written)
        return written

    def _drop(self, count: int) -> None:
        """Forgets what was written."""
        while count:
            piece = self._pieces.popleft()
            if len(piece) > count:
                self._pieces.appendleft(piece[count:])
                return
            count -= len(piece)
