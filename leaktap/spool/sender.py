"""The thread that empties a queue: oldest first, again and again with growing pauses until the receiver has it.

Each receiver has its own thread, so a slow one delays nobody. When the disk is full, rows wait in memory behind those
in the file, up to a bound; what finds no room there either is counted and told. Nothing is dropped without a word.
"""

import atexit
import random
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from leaktap.spool._api import Receiver, Row, SendError
from leaktap.spool.store import Store, StoreError

_FIRST, _LONGEST = 0.25, 60.0
"""Seconds of the first pause and of the longest, of which a random half is taken off."""
_LONGEST_ASKED = 600.0
_LOOK = 1.0
"""Seconds after which the queue is looked at again unasked: other processes add to it."""
_SETTLE = 1.0
_MOST_TOLD = 20
_MEMORY = 16 << 20
"""Bytes that may wait in memory when the disk takes none."""


class Sender:
    """A queue with its receiver and its thread. `put` may be called by several threads; it never waits for either."""

    def __init__(self, store: Store, receiver: Receiver, name: str, tell: Callable[[str], None]) -> None:
        """Takes what `tell` is told of as one line: an outage, a full disk, a row that is refused."""
        self._store, self._receiver, self._name, self._tell = store, receiver, name, tell
        self._memory: deque[Row] = deque()
        self._memory_size = self._lost = 0
        self._news = Condition()
        self._sent = 0
        self._unnoted = False
        self._fresh = self._hurried = False
        self._deadline: float | None = None
        self._down = self._ended = self._later = False
        self._outages = 0
        self._settled = 0.0
        self._thread = Thread(target=self._run, name=f"leaktap-{name}", daemon=True)

    def start(self) -> None:
        """Begins to send, if it has not yet; so do the first `put` and `end`, for a process may have to fork before."""
        if self._thread.ident is None:
            self._thread.start()

    def put(self, id_: str, body: bytes) -> None:
        """Queues a row: it outlives the process, or `tell` has been told that it may not."""
        with self._news:
            if self._memory or not self._stored(id_, body):
                self._keep(Row(0, id_, body))
            self._fresh = True
            self._news.notify()
        self.start()

    def end(self, seconds: float) -> None:
        """Lets the thread go on for so long at most, or until the queue is empty."""
        with self._news:
            self._hurried |= self._deadline is None
            self._deadline = min(self._deadline or monotonic() + seconds, monotonic() + seconds)
            self._fresh = True
            self._news.notify()
        self.start()

    def close(self, *, later: bool = False) -> int:
        """Waits for the end that `end` has set and returns how many rows still wait.

        With `later` it is the end of the process that waits for it, and 0 is returned.
        """
        assert self._deadline is not None
        if later:
            with self._news:
                self._later = True
                if self._ended:
                    self._store.close()
            atexit.register(self._join)
            return 0
        self._join()
        if self._thread.is_alive():
            return self._store.waiting() + len(self._memory)
        left = self._store.waiting() + len(self._memory)
        self._store.close()
        return left

    def _join(self) -> None:
        self._thread.join(max(0.0, (self._deadline or 0.0) - monotonic()) + _LOOK / 2)

    def _stored(self, id_: str, body: bytes) -> bool:
        try:
            self._store.put(id_, body)
        except StoreError as error:
            self._tell(f"{error}; findings wait in memory meanwhile and do not outlive this run")
            return False
        return True

    def _keep(self, row: Row) -> None:
        size = len(row.body)
        if self._memory_size + size <= _MEMORY:
            self._memory.append(row)
            self._memory_size += size
            return
        if not self._lost:
            self._tell("disk and memory are full: from now on records are not queued, and will not be sent")
        self._lost += 1

    def _run(self) -> None:
        failures = 0
        try:
            while not self._over():
                if not self._store.lock():
                    self._wait(_LOOK)  # another process sends; it sends ours too
                    if self._deadline is not None and not self._head():
                        return
                    continue
                self._settle()
                rows = self._head()
                if not rows:
                    if self._deadline is not None:
                        return
                    self._wait(_LOOK)
                    continue
                failures = self._attempt(rows, failures)
        except (StoreError, OSError) as error:
            self._tell(f"{error}; sending stops")
        finally:
            self._receiver.close()
            self._store.shrink()
            self._store.unlock()
            with self._news:
                self._ended = True
                if self._later:
                    self._store.close()

    def _attempt(self, rows: list[Row], failures: int) -> int:
        """Sends rows and returns how often sending has failed in succession."""
        try:
            self._receiver.send(rows)
        except Exception as caught:  # noqa: BLE001 (a bug must not end the sending: it is told and tried again)
            error = caught if isinstance(caught, SendError) else SendError(f"{self._name}: {type(caught).__name__}")
            if error.refused and len(rows) > 1:
                return next(filter(None, (self._attempt([row], failures) for row in rows)), 0)
            if error.refused:
                self._tell(f"{error}: record {rows[0].id} is set aside; leaktap deliver --refused sends it again")
                self._set_aside(rows[0], str(error))
                return 0
            if not self._down:
                self._down = True
                self._outage(str(error))
            self._store.settle()
            pause = min(error.wait, _LONGEST_ASKED) or min(_FIRST * 2**failures, _LONGEST) * random.uniform(0.5, 1)
            self._wait(pause, patient=True)
            return min(failures + 1, 16)
        self._done(rows)
        self._down = False
        if self._receiver.pause:
            self._wait(self._receiver.pause, patient=True)
        return 0

    def _outage(self, why: str) -> None:
        self._outages += 1
        if self._outages <= _MOST_TOLD:
            more = "; further outages are not told" if self._outages == _MOST_TOLD else ""
            self._tell(f"{why}; records wait in the spool and are sent when it is back{more}")

    def _head(self) -> list[Row]:
        """Returns what to send next: the file's rows, then those in memory."""
        if rows := self._store.head(self._receiver.most, self._sent):
            return rows
        with self._news:
            self._fresh = False
            if self._memory and not self._store.head(1, self._sent):
                return [self._memory[index] for index in range(min(len(self._memory), self._receiver.most))]
        return self._store.head(self._receiver.most, self._sent)

    def _done(self, rows: list[Row]) -> None:
        if rows[-1].seq:
            self._sent = rows[-1].seq
            self._note(lambda: self._store.done(self._sent))
        else:
            self._forget(len(rows))

    def _set_aside(self, row: Row, why: str) -> None:
        if row.seq:
            self._sent = row.seq
            self._note(lambda: self._store.set_aside(row, why))
        else:
            self._forget(1)

    def _note(self, action: Callable[[], None]) -> None:
        """Writes down what has arrived; on a full disk that can wait, and is told once."""
        try:
            action()
        except StoreError as error:
            if not self._unnoted:
                self._tell(f"{error}; what has arrived cannot be noted, and may be sent again by the next run")
            self._unnoted = True
        else:
            self._unnoted = False

    def _forget(self, count: int) -> None:
        with self._news:
            for _ in range(count):
                self._memory_size -= len(self._memory.popleft().body)

    def _settle(self) -> None:
        """From time to time brings the file to the disk, and what waits in memory to the file."""
        if monotonic() - self._settled < _SETTLE:
            return
        self._settled = monotonic()
        self._store.settle()
        with self._news:
            if self._memory:
                try:
                    self._store.put_all(self._memory)
                except StoreError:
                    return  # still no room; that is known
                self._memory.clear()
                self._memory_size = 0
        if self._lost and not self._memory:
            self._tell(f"{self._lost} records found no room and will not be sent")
            self._lost = 0

    def _over(self) -> bool:
        return self._deadline is not None and monotonic() >= self._deadline

    def _wait(self, seconds: float, *, patient: bool = False) -> None:
        """Waits for something new; `patient` also when there is, unless the end has just been set."""
        until = monotonic() + seconds
        with self._news:
            while (now := monotonic()) < until and not self._over():
                if self._hurried if patient else self._fresh:
                    break
                stop = until if self._deadline is None else min(until, self._deadline)
                self._news.wait(stop - now)
            if patient:
                self._hurried = False
            else:
                self._fresh = False
