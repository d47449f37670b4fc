"""The session's process as mitmproxy sees it: putting something costs microseconds, and nobody ever waits for it.

All is done on mitmproxy's loop, by pipes that do not block: a thread would cost it a switch each time it wakes. Items
are sent at once while there are few, and gathered for some milliseconds when there are many. There is a bound to what
waits; what exceeds it becomes a `Blind`. Where the process dies, what it had in hand is told as not inspected, and
another takes its place.
"""

import asyncio
import logging
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from mitmproxy.flow import Flow

import leaktap
from leaktap.addon._frames import Frames, pack
from leaktap.addon._session import SOURCE, Item, Note, now, refused, size
from leaktap.addon._settings import Settings
from leaktap.addon._tally import Tally
from leaktap.addon._work import Batch, Begin, Done, Opened, Said
from leaktap.config import Event
from leaktap.model import Blind, Fault
from leaktap.sinks import SinkError

log = logging.getLogger("leaktap")

type Told = Callable[[Sequence[Note], dict[str, Flow], Tally], None]
"""Hears of findings, with the flows that they are of, and of what else was inspected or was not."""

MOST_ITEMS = 20_000
MOST_BYTES = 1 << 26
"""What may wait: 64 MB. A single item may be larger, if it is alone."""
_BATCH_BYTES, _BATCH_ITEMS = 1 << 20, 500
_GATHER = 0.02
"""Seconds in which items are gathered while they follow each other."""
_COST = 512
"""Bytes that an item costs beside its content."""
_MOST_REFUSED = 1000
_READ = 1 << 18
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
        """Starts the process and waits until its outputs are open. Nothing is sent before `attach`.

        Raises:
            SinkError: an output cannot be opened.
            OSError: the process cannot be started.
        """
        self._about, self._marks, self._told = about, list(marks), told
        self._waiting: deque[_Pair] = deque()
        self._flying: deque[_Flying] = deque()
        self._put_items = self._done_items = self._put_bytes = self._done_bytes = 0
        self._refused: dict[tuple[str, str], Blind] = {}
        self._numbers = count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent = 0.0
        self._died, self._began = 0, monotonic()
        self._opened, self._why = False, ""
        self._in = self._out = -1
        self._rest = memoryview(b"")
        self._closing = False
        self._start(about)
        self._open()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Says on which loop the process is spoken to."""
        self._loop = loop
        loop.add_reader(self._in, self._readable)
        self._schedule()

    @property
    def idle(self) -> bool:
        """Whether everything that was put is done."""
        return self._done_items == self._put_items and not self._refused

    @property
    def waiting(self) -> int:
        """How many items are not done."""
        return self._put_items - self._done_items

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
        """Lets what waits be inspected, for `seconds` at most, and the summary be written. Waits for that."""
        if self._refused:
            self._tell_refused()
        self._closing = True
        self._detach()
        until = monotonic() + seconds
        while self._in >= 0 and monotonic() < until + 1:
            if self._waiting and monotonic() > until:
                self._give_up()
            if self._out >= 0 and not (self._waiting or self._rest):
                self._out = _closed(self._out)
            readable, writable, _ = select.select([self._in], [self._out] if self._out >= 0 else [], [], 0.1)
            if readable:
                self._readable()
            if writable:
                self._pump()
        self._out, self._in = _closed(self._out), _closed(self._in)
        try:
            self._process.wait(max(until + 1 - monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            log.warning("leaktap: the outputs are not done yet; leaktap goes on with them on its own")

    def _append(self, item: Item, flow: Flow | None, bytes_: int) -> None:
        self._put_items += 1
        self._put_bytes += bytes_
        self._waiting.append((item, flow))
        if self._timer is None:
            self._schedule()

    def _schedule(self) -> None:
        """Has what waits be sent: at once, or a little later if something was sent just now."""
        if self._loop is not None and self._opened and self._waiting and self._timer is None:
            delay = _GATHER if self._loop.time() - self._sent < _GATHER else 0
            self._timer = self._loop.call_later(delay, self._send)

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
        """Starts a process; the first message to it is on its way.

        Raises:
            OSError: it cannot be started.
        """
        place = str(Path(leaktap.__file__).parents[1])
        code = f"import sys; sys.path.append({place!r}); from leaktap.addon._work import main; main()"
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(theirs_in), str(theirs_out)],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._out, self._in = _closed(self._out), _closed(self._in)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)
        self._opened = False
        self._frames = Frames()
        self._rest = memoryview(pack(Begin(about, tuple(self._marks))))

    def _open(self) -> None:
        """Waits until the outputs are open.

        Raises:
            SinkError: one cannot be opened.
        """
        self._why = "leaktap's own process ended while it began"
        while self._in >= 0 and not self._opened:
            readable, writable, _ = select.select([self._in], [self._out] if self._rest else [], [])
            if writable:
                self._pump()
            if readable:
                self._readable(again=False)
        if not self._opened:
            raise SinkError(self._why)

    def _send(self) -> None:
        """Sends what waits, as far as the pipe takes it."""
        self._timer = None
        assert self._loop is not None
        self._sent = self._loop.time()
        if self._out < 0:
            return
        if self._pump():
            self._loop.remove_writer(self._out)
        else:
            self._loop.add_writer(self._out, self._send)

    def _pump(self) -> bool:
        """Writes until nothing waits, and says so, or until the pipe is full."""
        while self._rest or (self._waiting and self._opened):
            if not self._rest:
                flying = self._batch()
                self._flying.append(flying)
                self._rest = memoryview(pack(Batch(flying.number, flying.items)))
            try:
                self._rest = self._rest[os.write(self._out, self._rest) :]
            except BlockingIOError:
                return False
            except OSError:
                self._rest = memoryview(b"")  # it is dead, and reading will tell
                return True
        return True

    def _batch(self) -> _Flying:
        pairs: list[_Pair] = []
        bytes_ = 0
        while self._waiting and len(pairs) < _BATCH_ITEMS and bytes_ < _BATCH_BYTES:
            pairs.append(self._waiting.popleft())
            bytes_ += size(pairs[-1][0]) + _COST
        return _Flying(next(self._numbers), tuple(pairs), bytes_)

    def _give_up(self) -> None:
        """Puts one word in the place of all that waits: there is no time for it."""
        left = len(self._waiting)
        bytes_ = sum(size(item) for item, _ in self._waiting)
        self._waiting.clear()
        why = f"{left} messages waited at the end"
        self._waiting.append((Blind(now(), "limit", "http", bytes=bytes_, source=SOURCE, detail=why), None))

    def _readable(self, again: bool = True) -> None:
        """Hears what the process says; at its end starts another, `again`, unless that is the end of all."""
        try:
            data = os.read(self._in, _READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        for message in self._frames.feed(data):
            self._heard(message)
        if data:
            return
        self._detach()
        self._out, self._in = _closed(self._out), _closed(self._in)
        self._opened = False
        code = self._ended()
        if self._closing and code == 0:
            return
        if again:
            self._died = 1 if monotonic() - self._began > _LONGEST_PAUSE else self._died + 1
            self._bury(code)
            if self._loop is not None and not self._closing:
                self._loop.call_later(
                    min(2.0 ** (self._died - 2), _LONGEST_PAUSE) if self._died > 1 else 0, self._again
                )

    def _ended(self) -> int:
        """Returns the exit code of the process, which has closed its pipe."""
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _again(self) -> None:
        """Starts another process in the place of one that died."""
        if self._closing or self._loop is None:
            return
        try:
            self._start(replace(self._about, kept=frozenset(self._about.outputs)))
        except OSError as error:
            log.error(f"leaktap: its own process cannot be started ({error.strerror})")
            self._loop.call_later(_LONGEST_PAUSE, self._again)
            return
        self._loop.add_reader(self._in, self._readable)
        self._send()

    def _detach(self) -> None:
        """Forgets the pipes on the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is not None and not self._loop.is_closed():
            for descriptor, remove in ((self._in, self._loop.remove_reader), (self._out, self._loop.remove_writer)):
                if descriptor >= 0:
                    remove(descriptor)

    def _bury(self, code: int) -> None:
        """Notes what a dead process had in hand."""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        why = f"leaktap's own process ended ({how}): what it had in hand was not inspected, and it begins anew"
        log.error(f"leaktap: {why}")
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
        self._done_items -= len(told)  # they are to be done as well
        self._done_bytes -= len(told) * _COST
        self._waiting.extendleft((item, None) for item in reversed(told))

    def _heard(self, message: Opened | Done | Said) -> None:
        match message:
            case Said():
                log.log(message.level, message.text)
            case Opened():
                self._opened, self._why = not message.why, message.why
                self._began = monotonic()
                self._schedule()
            case Done():
                flying = self._flying.popleft()
                self._done_items += len(flying.pairs)
                self._done_bytes += flying.bytes
                if message.notes or message.tally:
                    flows = {flow.id: flow for _, flow in flying.pairs if flow} if message.notes else {}
                    self._told(message.notes, flows, message.tally)


def _closed(descriptor: int) -> int:
    """Closes a descriptor, if it is one, and returns what is none."""
    if descriptor >= 0:
        with suppress(OSError):
            os.close(descriptor)
    return -1
