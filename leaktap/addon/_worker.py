"""One thread for what takes long, behind a queue that never makes anybody wait: what does not fit is refused."""

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

type Job = Callable[[], None]

MOST_JOBS = 256
MOST_BYTES = 1 << 26
"""Bytes that may wait: 64 MB. One job may be larger, if it is alone."""


class Worker:
    """Runs jobs one by one, in order. They must not raise."""

    def __init__(self) -> None:
        """Starts no thread before there is a job."""
        self._jobs: deque[tuple[Job, int]] = deque()
        self._changed = Condition()
        self._bytes = 0
        self._busy = self._closed = False
        self._thread: Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        with self._changed:
            return not self._busy and not self._jobs

    def put(self, job: Job, size: int) -> bool:
        """Takes a job over `size` bytes, or refuses it."""
        with self._changed:
            if self._closed or len(self._jobs) >= MOST_JOBS or (self._jobs and self._bytes + size > MOST_BYTES):
                return False
            self._jobs.append((job, size))
            self._bytes += size
            self._changed.notify_all()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="leaktap", daemon=True)
                self._thread.start()
            return True

    def close(self, seconds: float) -> int:
        """Waits for the jobs, `seconds` at most, and returns how many were given up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy and not self._jobs, seconds)
            left = len(self._jobs) + self._busy
            self._jobs.clear()
            self._closed = True
            self._changed.notify_all()
            return left

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                job, size = self._jobs.popleft()
                self._busy = True
            try:
                job()
            finally:
                with self._changed:
                    self._bytes -= size
                    self._busy = False
                    self._changed.notify_all()
