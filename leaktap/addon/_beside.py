"""The session's process as mitmproxy sees it: putting something costs microseconds, and nobody ever waits for it.

All is done on mitmproxy's loop, by pipes that do not block: a thread would cost it a switch each time it wakes. Items
are sent at once while there are few, and gathered for some milliseconds when there are many; a portion is written at a
time, and the loop goes on in between. Where the process dies, what it had in hand is told as not inspected, and another
takes its place. Where another session is to take its place, it comes to its end by itself.
"""

import asyncio
import logging
import select
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic

from mitmproxy.flow import Flow

from leaktap.addon._child import Child
from leaktap.addon._items import Item
from leaktap.addon._queue import Queue
from leaktap.addon._session import Note
from leaktap.addon._settings import Settings
from leaktap.addon._tally import Tally
from leaktap.addon._work import Begin, Done, Found, Opened, Said
from leaktap.config import Event
from leaktap.sinks import SinkError

log = logging.getLogger("leaktap")

type Told = Callable[[Sequence[Note], dict[str, Flow], Tally], None]
"""Hears of findings, with the flows that they are of and that still are, and of what else was inspected or was not."""

STEP = 1 << 17
"""Bytes that are written before mitmproxy's loop goes on."""
_GATHER = 0.2
"""Seconds in which items are gathered while they follow each other: each portion wakes both processes."""
_LONGEST_PAUSE = 60.0
_HURRY = 1.5
"""Seconds before the end of its time at which a session inspects no more and only counts what is left."""
_LATE = 10.0
"""Seconds behind the end of its time in which a session that only begins then is handed what waits for it."""
_LEAVE = 30.0
"""Seconds that a session has to come to its end by itself."""
_LOOK = 0.05
"""Seconds between two looks whether a process has ended that has closed its pipe."""
_DEAD = 2.0
"""Seconds after which it is ended."""


class Beside:
    """A session in a process of its own."""

    def __init__(self, about: Settings, marks: Iterable[Event], told: Told, after: Iterable["Beside"] = ()) -> None:
        """Starts the process and waits until its outputs are open. Nothing is sent before `attach`.

        Where there are sessions to begin `after`, which may write to the same outputs, nothing is waited for: the
        process is started when they have come to their end.

        Raises:
            SinkError: an output cannot be opened.
            OSError: the process cannot be started.
        """
        self._about, self._marks, self._told = about, list(marks), told
        self.queue = Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent, self._writing = 0.0, False
        self._died, self._began = 0, monotonic()
        self._opened, self._why = False, ""
        self._child: Child | None = None
        self._closing = self.ended = False
        self._then: list[Callable[[], None]] = []
        self._after = [session for session in after if not session.ended]
        if not self._after:
            self._start()
            self._open()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Says on which loop the process is spoken to."""
        self._loop = loop
        for session in self._after:
            session.then(self._free)
        if self._child:
            loop.add_reader(self._child.incoming, self._readable)
            self._schedule()
        else:
            self._free()

    def then(self, call: Callable[[], None]) -> None:
        """Has something be called when the session has come to its end."""
        self._then.append(call)

    @property
    def idle(self) -> bool:
        """Whether everything that was put is done."""
        return self.queue.idle

    @property
    def waiting(self) -> int:
        """How many items are not done."""
        return self.queue.waiting

    @property
    def pid(self) -> int:
        """The number of the process, 0 where there is none."""
        return self._child.pid if self._child else 0

    def put(self, item: Item, flow: Flow | None = None) -> None:
        """Hands over an item, whose findings belong on `flow`. Only mitmproxy's loop calls this."""
        self.queue.put(item, flow)
        if self._timer is None:
            self._schedule()

    def mark(self, event: Event) -> None:
        """Makes an event part of the timeline, from the items on that are put now."""
        self._marks.append(event)
        self.queue.must(event)
        if self._timer is None:
            self._schedule()

    def leave(self) -> None:
        """Lets the session come to its end by itself: it inspects what waits and writes the summary."""
        self._last()
        if not self._after:
            self._hasten()

    def close(self, seconds: float) -> None:
        """Brings the session to its end within `seconds`, and waits for it: what is not inspected then is counted."""
        until = monotonic() + seconds
        for session in list(self._after):
            session.close(max(until - monotonic(), 0.0))
        self._last()
        self._detach()
        if self._child is None and not self.ended:
            with suppress(OSError):
                self._start()
        hurried = False
        while self._child and self._child.incoming >= 0 and monotonic() < until + (_LATE if self._held else 1):
            if self._opened and not hurried and monotonic() > until - _HURRY:
                self._child.hurry()
                hurried = True
            while self._write() and not self._child.outlet:
                """Goes on to the next portion."""
            self._finish()
            blocked = [self._child.outgoing] if self._child.outlet else []
            readable, _, _ = select.select([self._child.incoming], blocked, [], 0.1)
            if readable and not self._hear():
                break
        if self._child:
            self._child.close()
            code = self._child.code(max(until + 1 - monotonic(), 0.1))
            if code is None:
                self._let_go()
            elif code:
                self._bury(code)
        self._end()

    def _start(self) -> None:
        """Starts a process; outputs that were open already are not emptied.

        Raises:
            OSError: it cannot be started.
        """
        about = replace(self._about, kept=frozenset(self._about.outputs)) if self._died else self._about
        self._opened, self._writing = False, False
        self._child = Child(Begin(about, tuple(self._marks)))

    def _open(self) -> None:
        """Waits until the outputs are open.

        Raises:
            SinkError: one cannot be opened.
        """
        assert self._child
        self._why = "leaktap's own process ended while it began"
        there = True
        while there and not self._opened:
            self._write()
            blocked = [self._child.outgoing] if self._child.outlet else []
            readable, _, _ = select.select([self._child.incoming], blocked, [])
            there = not readable or self._hear()
        if not self._opened:
            self._child.close()
            if self._child.code(1) is None:
                self._child.kill()
            raise SinkError(self._why)

    def _again(self) -> None:
        """Starts a process where there is none."""
        if self._child or self.ended or self._loop is None:
            return
        try:
            self._start()
        except OSError as error:
            log.error(f"leaktap: its own process cannot be started ({error.strerror})")
            self._loop.call_later(_LONGEST_PAUSE, self._again)
            return
        assert self._child
        self._loop.add_reader(self._child.incoming, self._readable)
        self._write_on()

    def _free(self) -> None:
        """Begins, if no other session is to come to its end before."""
        self._after = [session for session in self._after if not session.ended]
        if self._after:
            return
        if self._closing:
            self._hasten()
        else:
            self._again()

    @property
    def _held(self) -> bool:
        """Whether something was not written to the process yet."""
        return self._child is not None and self._child.outgoing >= 0

    def _schedule(self) -> None:
        """Has what waits be sent: at once, or a little later if something was sent just now."""
        if self._loop is not None and self._opened and self._timer is None and self.queue.unsent:
            delay = _GATHER if self._loop.time() - self._sent < _GATHER else 0
            self._timer = self._loop.call_later(delay, self._send)

    def _send(self) -> None:
        """Sends what waits."""
        self._timer = None
        assert self._loop is not None
        self._sent = self._loop.time()
        self.queue.pack()
        self._write_on()

    def _write_on(self) -> None:
        """Writes a portion, and sees to it that the next one is written when there is room for it."""
        child = self._child
        if child is None or self._loop is None or child.outgoing < 0:
            return
        more = self._write()
        if more and not self._writing:
            self._loop.add_writer(child.outgoing, self._write_on)
        elif self._writing and not more:
            self._loop.remove_writer(child.outgoing)
        self._writing = more
        self._finish()

    def _write(self) -> bool:
        """Writes a portion, and tells whether more is left."""
        left, child = STEP, self._child
        while left > 0 and child and child.outgoing >= 0 and not child.outlet.broken:
            if not child.outlet:
                batch = self.queue.next() if self._opened else None
                if batch is None:
                    return False
                child.outlet.add(batch.pieces)
            left -= child.outlet.send(left)
            if child.outlet:
                return True
        return left <= 0

    def _finish(self) -> None:
        """Says that nothing more comes, where nothing does."""
        if self._closing and self._opened and self._child and not (self._child.outlet or self.queue.unsent):
            self._child.finish()

    def _readable(self) -> None:
        if not self._hear():
            self._detach()
            if self._child:
                self._child.close()
            self._reap(monotonic() + _DEAD)

    def _hear(self) -> bool:
        """Hears what the process says, and whether it may say more."""
        messages = self._child.read() if self._child else None
        if messages is None:
            return False
        for message in messages:
            self._heard(message)
        return True

    def _heard(self, message: Opened | Found | Done | Said) -> None:
        match message:
            case Said():
                log.log(message.level, message.text)
            case Opened():
                self._opened, self._why = not message.why, message.why
                self._began = monotonic()
                self._schedule()
            case Found():
                batch = self.queue.in_hand
                flows = {note.flow: flow for note in message.notes if (flow := batch.flow(note.flow))}
                self._told(message.notes, flows, Tally())
            case Done():
                self.queue.done()
                self._schedule()
                if message.tally:
                    self._told((), {}, message.tally)

    def _reap(self, until: float) -> None:
        """Sees how a process ended that has closed its pipe; where its end was not asked for, another one follows."""
        if self._child is None or self._loop is None:
            return
        code = self._child.code()
        if code is None and monotonic() < until:
            self._loop.call_later(_LOOK, self._reap, until)
            return
        if code is None:
            self._child.kill()
            code = self._child.code(_DEAD)
        self._child = None
        if self._closing and code == 0 and not self._why:
            self._end()
            return
        self._died = 1 if self._opened and monotonic() - self._began > _LONGEST_PAUSE else self._died + 1
        self._bury(code or 0)
        self._loop.call_later(min(2.0 ** (self._died - 2), _LONGEST_PAUSE) if self._died > 1 else 0, self._again)

    def _bury(self, code: int) -> None:
        """Has it told that a process died, or says why its outputs could not be opened."""
        why = self._why
        if not why:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            why = f"leaktap's own process ended ({how}): what it had in hand was not inspected, and it begins anew"
            self.queue.died(why)
        log.error(f"leaktap: {why}")

    def _last(self) -> None:
        """Takes nothing more."""
        self._closing = True
        self.queue.tell_left()
        self.queue.pack()

    def _hasten(self) -> None:
        """Sees to it that the end comes."""
        assert self._loop is not None
        self._again()
        self._write_on()
        self._loop.call_later(_LEAVE, self._hurry)
        self._loop.call_later(_LEAVE + _HURRY, self._abandon)

    def _hurry(self) -> None:
        if self._child and self._opened:
            self._child.hurry()

    def _abandon(self) -> None:
        """Waits no longer for a process that does not end."""
        if not self.ended:
            self._let_go()
            self._detach()
            if self._child:
                self._child.close()
            self._end()

    def _let_go(self) -> None:
        held = self.queue.held
        log.warning(
            "leaktap: the outputs are not done yet; leaktap goes on with them on its own"
            + (f", without {held:,} messages that it was not sent" if held else "")
        )

    def _end(self) -> None:
        """Tells those that wait for the end."""
        self.ended, self._child = True, None
        calls, self._then = self._then, []
        for call in calls:
            call()

    def _detach(self) -> None:
        """Forgets the pipes on the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._child and self._loop is not None and not self._loop.is_closed():
            if self._child.incoming >= 0:
                self._loop.remove_reader(self._child.incoming)
            if self._child.outgoing >= 0:
                self._loop.remove_writer(self._child.outgoing)
