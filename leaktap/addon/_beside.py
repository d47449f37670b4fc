"""The session's process as mitmproxy sees it: putting something costs microseconds, and nobody ever waits for it.

One thread sends items, at once while there are few and gathered for some milliseconds when there are many; another
hears what was found. There is a bound to what waits; what exceeds it becomes a `Blind`. Where the process dies, what it
had in hand is told as not inspected, and another takes its place.
"""

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from time import monotonic, sleep
from typing import BinaryIO, NamedTuple

from mitmproxy.flow import Flow

import leaktap
from leaktap.addon._frames import pack, read
from leaktap.addon._session import SOURCE, Item, Note, now, refused, size
from leaktap.addon._settings import Settings
from leaktap.addon._work import Batch, Begin, Done, Opened, Said
from leaktap.config import Event
from leaktap.model import Blind, Fault
from leaktap.sinks import SinkError

log = logging.getLogger("leaktap")

type Told = Callable[[Sequence[Note], dict[str, Flow]], None]
"""Hears of findings, with the flows that they are of; called by a thread."""

MOST_ITEMS = 20_000
MOST_BYTES = 1 << 26
"""What may wait: 64 MB. A single item may be larger, if it is alone."""
_BATCH_BYTES, _BATCH_ITEMS = 1 << 20, 500
_GATHER = 0.02
"""Seconds in which items are gathered while they follow each other."""
_COST = 512
"""Bytes that an item costs beside its content."""
_MOST_REFUSED = 1000
_LONGEST_PAUSE = 60.0


type _Pair = tuple[Item, Flow | None]


class _Flying(NamedTuple):
    """A batch that was sent and not answered."""

    number: int
    pairs: tuple[_Pair, ...]
    bytes: int

    @property
    def items(self) -> tuple[Item, ...]:
        """What is to be inspected."""
        return tuple(item for item, _ in self.pairs)


class Beside:
    """A session in a process of its own."""

    def __init__(self, about: Settings, marks: Iterable[Event], told: Told) -> None:
        """Starts the process and waits until its outputs are open.

        Raises:
            SinkError: an output cannot be opened.
        """
        self._about, self._marks, self._told = about, list(marks), told
        self._waiting: deque[_Pair] = deque()
        self._flying: deque[_Flying] = deque()
        self._lock, self._wake, self._up = Lock(), Signal(), Signal()
        self._put_items = self._done_items = self._put_bytes = self._done_bytes = 0
        self._refused: dict[tuple[str, str], Blind] = {}
        self._numbers = count()
        self._closing = False
        self._until = 0.0
        self._start(about)
        self._threads = [Thread(target=work, name="leaktap", daemon=True) for work in (self._send, self._hear)]
        for thread in self._threads:
            thread.start()

    @property
    def idle(self) -> bool:
        """Whether everything that was put is done."""
        return self._done_items == self._put_items and not self._refused

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def put(self, item: Item, flow: Flow | None = None) -> None:
        """Hands over an item, whose findings belong on `flow`. Only mitmproxy's loop calls this."""
        bytes_ = size(item) + _COST
        held = self._put_bytes - self._done_bytes
        if held and (held + bytes_ > MOST_BYTES or self._put_items - self._done_items >= MOST_ITEMS):
            self._refuse(item)
            return
        if self._refused:
            self._tell_refused()
        self._append(item, flow, bytes_)

    def mark(self, event: Event) -> None:
        """Makes an event part of the timeline, from the items on that are put now."""
        self._marks.append(event)
        self._append(event, None, _COST)

    def close(self, seconds: float) -> None:
        """Lets what waits be inspected, for `seconds` at most, and the summary be written."""
        if self._refused:
            self._tell_refused()
        self._until = monotonic() + seconds
        self._closing = True
        self._wake.set()
        try:
            self._process.wait(seconds + 1)
        except subprocess.TimeoutExpired:
            log.warning("leaktap: the outputs are not done yet; leaktap goes on with them on its own")
        for thread in self._threads:
            thread.join(1)

    def _append(self, item: Item, flow: Flow | None, bytes_: int) -> None:
        self._put_items += 1
        self._put_bytes += bytes_
        self._waiting.append((item, flow))
        if not self._wake.is_set():
            self._wake.set()

    def _refuse(self, item: Item) -> None:
        """Notes what there is no room for, added up by host."""
        blind = refused(item)
        if blind is None:
            return
        key = blind.protocol, blind.host if len(self._refused) < _MOST_REFUSED else ""
        known = self._refused.get(key)
        self._refused[key] = replace(known, bytes=known.bytes + blind.bytes) if known else replace(blind, host=key[1])

    def _tell_refused(self) -> None:
        """Puts what was noted, now that there is room."""
        blinds, self._refused = self._refused, {}
        for blind in blinds.values():
            self._append(blind, None, _COST)

    def _start(self, about: Settings) -> None:
        """Starts a process.

        Raises:
            SinkError: an output cannot be opened.
            OSError: it cannot be started.
        """
        place = str(Path(leaktap.__file__).parents[1])
        code = f"import sys; sys.path.append({place!r}); from leaktap.addon._work import main; main()"
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(theirs_in), str(theirs_out)],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._out: BinaryIO = os.fdopen(ours_out, "wb", buffering=0)
        self._in: BinaryIO = os.fdopen(ours_in, "rb")
        try:
            self._write(pack(Begin(about, tuple(self._marks))))
            while not isinstance(opened := read(self._in), Opened):
                self._heard(opened)
        except (EOFError, OSError):
            opened = Opened("leaktap's own process ended while it began")
        if opened.why:
            self._out.close()
            self._in.close()
            raise SinkError(opened.why)
        self._up.set()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._out.write(view) or 0 :]

    def _send(self) -> None:
        """Sends batches until the end (a thread)."""
        sent = 0.0
        while not (self._closing and not self._waiting):
            self._wake.wait()
            if not self._closing and monotonic() - sent < _GATHER:
                sleep(_GATHER)
            self._wake.clear()
            sent = monotonic()
            while self._waiting:
                if self._closing and monotonic() > self._until:
                    self._give_up()
                if not self._up.wait(_GATHER):
                    if self._closing and monotonic() > self._until:
                        return
                    continue
                flying = self._batch()
                frame = pack(Batch(flying.number, flying.items))
                with self._lock:
                    self._flying.append(flying)
                try:
                    self._write(frame)
                except OSError:
                    self._take_back(flying)
        with suppress(OSError):
            self._out.close()

    def _batch(self) -> _Flying:
        pairs: list[_Pair] = []
        bytes_ = 0
        while self._waiting and len(pairs) < _BATCH_ITEMS and bytes_ < _BATCH_BYTES:
            pairs.append(self._waiting.popleft())
            bytes_ += size(pairs[-1][0]) + _COST
        return _Flying(next(self._numbers), tuple(pairs), bytes_)

    def _take_back(self, flying: _Flying) -> None:
        """Takes back a batch that did not reach the process, which is dead, unless it was told as lost already."""
        self._up.clear()
        with self._lock:
            if flying not in self._flying:
                return
            self._flying.remove(flying)
        self._waiting.extendleft(reversed(flying.pairs))

    def _give_up(self) -> None:
        """Puts one word in the place of all that waits: there is no time for it."""
        left = len(self._waiting)
        bytes_ = sum(size(item) for item, _ in self._waiting)
        self._waiting.clear()
        why = f"{left} messages waited at the end"
        self._waiting.append((Blind(now(), "limit", "http", bytes=bytes_, source=SOURCE, detail=why), None))

    def _hear(self) -> None:
        """Hears what was found until the process ends, and starts another where that is not the end (a thread)."""
        died = 0
        while True:
            try:
                while True:
                    began = monotonic()
                    self._heard(read(self._in))
                    died = 0 if monotonic() - began > _LONGEST_PAUSE else died
            except (EOFError, OSError):
                code = self._process.wait()
            self._up.clear()
            if self._closing and code == 0:
                return
            died += 1
            self._bury(code)
            if self._closing:
                return
            sleep(min(2.0 ** (died - 2), _LONGEST_PAUSE) if died > 1 else 0)
            try:
                self._start(replace(self._about, kept=frozenset(self._about.outputs)))
            except (SinkError, OSError) as error:
                log.error(f"leaktap: {error}")

    def _bury(self, code: int) -> None:
        """Notes what a dead process had in hand."""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        why = f"leaktap's own process ended ({how}): what it had in hand was not inspected, and it begins anew"
        log.error(f"leaktap: {why}")
        with self._lock:
            lost, self._flying = list(self._flying), deque()
        blinds: dict[tuple[str, str], Blind] = {}
        for flying in lost:
            self._done_items += len(flying.pairs)
            self._done_bytes += flying.bytes
            for item in flying.items:
                if blind := refused(item):
                    known = blinds.get((blind.protocol, blind.host))
                    bytes_ = blind.bytes + (known.bytes if known else 0)
                    blinds[blind.protocol, blind.host] = replace(known or blind, bytes=bytes_, detail=why)
        told: list[Item] = [Fault("source", SOURCE, why), *blinds.values()]
        self._done_items -= len(told)  # they are to be done as well, and only this thread counts here
        self._done_bytes -= len(told) * _COST
        self._waiting.extendleft((item, None) for item in reversed(told))
        self._wake.set()

    def _heard(self, message: Done | Said) -> None:
        if isinstance(message, Said):
            log.log(message.level, message.text)
            return
        with self._lock:
            flying = self._flying.popleft()
        if message.notes:
            self._told(message.notes, {flow.id: flow for _, flow in flying.pairs if flow})
        self._done_items += len(flying.pairs)
        self._done_bytes += flying.bytes
