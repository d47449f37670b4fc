"""Many inputs in several processes: each takes some hundreds and makes room for a fresh one.

An input is known by its number: the run's seed and the number say which capture is damaged, and how. A process that
dies or does not come back from C code costs one input, which is a failure.
"""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from fuzz.mutate import flipped, mutated
from fuzz.seeds import Seed
from fuzz.trial import SECONDS, Failure, Trial, peak

BATCH = 200
_GRACE = 240.0
"""Seconds by the clock that a process may be silent beyond its time: it may wait, or have to wait for others."""
_MOST_SAVED = 3
"""Inputs that are saved of one kind of failure."""


@dataclass(slots=True)
class Outcome:
    """What a run amounts to. `kinds` counts failures; `peak` is the largest memory of a process in MB."""

    seconds: float = 0.0
    inputs: int = 0
    bytes: int = 0
    peak: int = 0
    slowest: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    saved: list[Path] = field(default_factory=list)


def damaged(known: list[Seed], seed: int, number: int) -> tuple[Seed, bytes]:
    """Returns the input of a number, and the capture that it comes from; now and then its key log is damaged too."""
    chance = random.Random(f"{seed}:{number}")
    one, other = chance.choice(known), chance.choice(known)
    data = mutated(one.data, other.data, chance)
    return replace(one, keys=flipped(one.keys, chance)) if chance.random() < 0.03 else one, data


def run(known: list[Seed], seed: int, count: int, seconds: float, workers: int, folder: Path) -> Outcome:
    """Tries `count` inputs, or as many as `seconds` allow; saves the failing ones in `folder`."""
    began, outcome = time.monotonic(), Outcome()
    batches = iter(range(0, count, BATCH))
    busy: dict[Connection, _Worker] = {}
    while True:
        while len(busy) < workers and time.monotonic() - began < seconds:
            first = next(batches, None)
            if first is None:
                break
            worker = _Worker(known, seed, first, min(first + BATCH, count))
            busy[worker.ear] = worker
        if not busy:
            break
        for ear in wait(list(busy), 1.0):
            heard = busy[ear] if isinstance(ear, Connection) else None
            if heard is not None and not heard.listen(outcome, known, seed, folder):
                del busy[heard.ear]
                busy.update({again.ear: again for again in heard.rest(known, seed)})
        late = began + seconds
        for worker in busy.values():
            worker.watch(late)
    outcome.seconds = time.monotonic() - began
    return outcome


class _Worker:
    """A process that tries the inputs from one number to before another."""

    def __init__(self, known: list[Seed], seed: int, first: int, end: int) -> None:
        self.ear, mouth = multiprocessing.Pipe(duplex=False)
        self._next, self._end = first, end
        self._heard = time.monotonic()
        self._stopped = False
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_work, args=(mouth, known, seed, first, end), daemon=True)
        self._process.start()
        mouth.close()

    def listen(self, outcome: Outcome, known: list[Seed], seed: int, folder: Path) -> bool:
        """Takes what the process says; returns whether it goes on."""
        try:
            number, size, taken, most, failure = self.ear.recv()
        except EOFError:
            self._process.join()
            if self._next < self._end and not self._stopped and self._process.exitcode:
                failure = Failure(f"died with {self._process.exitcode}", "the process ended, or had to be ended")
                _note(outcome, known, seed, self._next, failure, folder)
                outcome.inputs += 1
                self._next += 1
            return False
        self._heard = time.monotonic()
        self._next = number + 1
        outcome.inputs += 1
        outcome.bytes += size
        outcome.peak = max(outcome.peak, most)
        outcome.slowest = max(outcome.slowest, taken)
        if failure is not None:
            _note(outcome, known, seed, number, failure, folder)
        return True

    def watch(self, late: float) -> None:
        """Ends a process that has been silent for too long, or is no longer needed."""
        now = time.monotonic()
        if now > late:
            self._stopped = True
        if self._stopped or now > self._heard + SECONDS + _GRACE:
            self._process.kill()

    def rest(self, known: list[Seed], seed: int) -> Iterator["_Worker"]:
        """Yields a worker for what this one has left."""
        if self._next < self._end and not self._stopped:
            yield _Worker(known, seed, self._next, self._end)


def _work(mouth: Connection, known: list[Seed], seed: int, first: int, end: int) -> None:
    """Tries inputs; ends after one that has taken too much memory, which would hide what the next one takes."""
    trial = Trial()
    for number in range(first, end):
        one, data = damaged(known, seed, number)
        began = time.process_time()
        failure = trial.run(data, one.keys)
        mouth.send((number, len(data), time.process_time() - began, peak(), failure))
        if failure is not None and failure.kind == "memory":
            break
    trial.close()


def _note(outcome: Outcome, known: list[Seed], seed: int, number: int, failure: Failure, folder: Path) -> None:
    """Counts a failure, and saves its input."""
    outcome.kinds[failure.kind] += 1
    if outcome.kinds[failure.kind] > _MOST_SAVED:
        return
    one, data = damaged(known, seed, number)
    place = folder / f"{seed}-{number}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "capture").write_bytes(data)
    if one.keys:
        (place / "keys.txt").write_bytes(one.keys)
    (place / "why.txt").write_text(f"{failure.kind}\n{one.name}, seed {seed}, number {number}\n\n{failure.story}")
    outcome.saved.append(place)
