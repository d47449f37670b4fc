"""Several processes share the inputs: each examines the connections that fall to it, one puts together what they found.

Every worker reads all packets and goes on with its share of the connections. After each window of a capture it sends a
batch: what it found, in order, and how far it is. Batches of the same window are merged in that order, so that the
records are those of a single process. Workers that are far ahead wait, for the pipe between is short.
"""

import heapq
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from leaktap.cli._inputs import Numbered, seen
from leaktap.cli._loads import Loads
from leaktap.closing.declared import Meetings
from leaktap.examine import Examined, Examiner, Quiet
from leaktap.model import Answer, Exchange, Fault, Mark, Message, Progress, Seen
from leaktap.share import Share, shares
from leaktap.sources import Reading
from leaktap.wire.order import Place, place

type Item = Seen | Examined | Quiet

type Batch = tuple[int, list[Item]]
"""The number of the input, and what a window of it showed."""


def examined(
    inputs: Sequence[str], reading: Reading, examiner: Examiner, jobs: int, loads: Loads | None = None
) -> Iterator[tuple[int, Item]]:
    """Starts `jobs` workers, and returns what they found in the inputs, each thing with the input's index.

    Each has about as much to do, as far as `loads` can tell.
    Where processes are forked they have the examiner as it is; elsewhere each makes one like it.
    """
    forks = sys.platform == "linux"
    context = multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
    examiner.warm()
    workers = []
    for share in shares(jobs, loads.result() if loads else {}):
        here, there = context.Pipe(duplex=False)
        part = replace(reading, share=share)
        process = context.Process(target=_work, args=(there, inputs, part, examiner), daemon=True)
        process.start()
        there.close()
        workers.append(_Worker(here, process))
    return _together(workers, inputs, reading)


def _together(workers: list["_Worker"], inputs: Sequence[str], reading: Reading) -> Iterator[tuple[int, Item]]:
    agreed: dict[Fault, int] = {}
    try:
        for index, path in enumerate(inputs):
            reading_it = list(workers)
            while reading_it and not reading.stop.asked:
                with reading.stop.waiting():
                    batches = [worker.batch(index) for worker in reading_it]
                reading_it = [worker for worker, batch in zip(reading_it, batches, strict=True) if batch is not None]
                for item in _merged([batch for batch in batches if batch is not None]):
                    if not isinstance(item, Fault) or item.stage != "keys" or _agree(agreed, item, len(workers)):
                        yield index, item
            for worker in workers:
                if worker.died:
                    why = f"a reader died ({worker.died}): its share was not read to the end"
                    yield index, Fault("source", path, why)
                    worker.died = ""
    except KeyboardInterrupt:
        if not reading.stop.asked:
            raise
    finally:
        for worker in workers:
            worker.end()


def _agree(agreed: dict[Fault, int], fault: Fault, of: int) -> bool:
    """Tells whether all workers have said this: each reads all keys, but uses those of its share."""
    agreed[fault] = agreed.get(fault, 0) + 1
    return agreed[fault] == of


def _merged(batches: Sequence[list[Item]]) -> Iterable[Item]:
    some = [batch for batch in batches if batch]
    return some[0] if len(some) == 1 else heapq.merge(*some, key=_place)


def _place(item: Item) -> Place:
    """Returns where in a batch something belongs: `wire` tells things in this order."""
    match item:
        case Mark():
            return -1, 0, "", 0, ""
        case Examined():
            return place(item.exchange)
        case Quiet():
            return 3, 0, "", 0, ""
        case Progress():
            return 4, 0, "", 0, ""
        case _:
            return place(item)


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker as seen from here. `died` says how, where it ended before it was done."""

    pipe: Connection
    process: BaseProcess
    died: str = ""
    _next: Batch | None = None
    _done: bool = field(default=False)

    def batch(self, index: int) -> list[Item] | None:
        """Returns the next batch of an input; None where there are no more of this one."""
        if self._next is None and not self._done:
            try:
                data = self.pipe.recv_bytes()
            except EOFError:
                self.process.join()
                code = self.process.exitcode or 0
                self.died = f"signal {-code}" if code < 0 else f"exit code {code}"
                data = b""
            self._done = not data
            self._next = pickle.loads(data) if data else None
        if self._next is None or self._next[0] != index:
            return None
        items, self._next = self._next[1], None
        return items

    def end(self) -> None:
        """Ends the process, whatever it is at."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _work(pipe: Connection, inputs: Sequence[str], reading: Reading, examiner: Examiner) -> None:
    """Does a worker's share."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError, ConnectionResetError):
        for batch in _batches(seen(inputs, reading), examiner, reading.share):
            pipe.send_bytes(pickle.dumps(batch, protocol=5))
        pipe.send_bytes(b"")
    sys.stdout = sys.stderr = None  # what they hold is the parent's to write
    os._exit(0)


def _batches(items: Iterator[Numbered], examiner: Examiner, share: Share) -> Iterator[Batch]:
    """Examines exchanges and gathers what was found, up to each word on how far the source is."""
    batch: list[Item] = []
    quiet: dict[str, _Counts] = {}
    last = 0
    for index, item in items:
        if index != last:
            yield last, _closed(batch, quiet)
            batch, last = [], index
        if isinstance(item, Exchange | Answer):
            done = examiner.examine(item)
            if done.found:
                batch.append(replace(done, exchange=_bare(done.exchange)))
            else:
                quiet.setdefault(done.exchange.origin.source, _Counts()).add(done)
        elif not isinstance(item, Progress):
            batch.append(item)
        else:
            yield index, [*_closed(batch, quiet), *([item] if share.first else [])]
            batch = []
    yield last, _closed(batch, quiet)


@dataclass(slots=True)
class _Counts:
    """Counts exchanges of an input in which nothing was found."""

    exchanges: int = 0
    bytes: int = 0
    met: Meetings = field(default_factory=Meetings)

    def add(self, done: Examined) -> None:
        self.exchanges += done.asked
        self.bytes += done.bytes
        self.met.add(done.met)


def _closed(batch: list[Item], quiet: dict[str, _Counts]) -> list[Item]:
    """Returns a batch with the exchanges in which nothing was found, and forgets these."""
    counts = [Quiet(source, count.exchanges, count.bytes, count.met.all()) for source, count in quiet.items()]
    quiet.clear()
    return [*batch, *counts]


def _bare(exchange: Exchange) -> Exchange:
    """Returns an exchange without its bodies, which nobody needs once they are examined."""

    def bare(message: Message) -> Message:
        return replace(message, body=b"")

    response = exchange.response
    return replace(exchange, request=bare(exchange.request), response=response and bare(response))
