"""The process beside mitmproxy in which a session runs: it is fed by a pipe, and the end of the pipe is its end.

So nothing that is inspected or written holds up the proxy, whatever dies here leaves it alone, and where the proxy is
killed the session still writes its summary. `_child` starts it, with the pipes' descriptors as arguments.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock
from typing import BinaryIO, NamedTuple

from leaktap.addon._frames import pack, read
from leaktap.addon._items import SOURCE, Item, whole
from leaktap.addon._left import Left
from leaktap.addon._session import Note, Session, failure
from leaktap.addon._settings import Settings
from leaktap.addon._tally import Tally
from leaktap.config import Event
from leaktap.model import Blind, Fault
from leaktap.sinks import SinkError

_AT_ONCE = 1 << 16
"""Bytes that wait for the end of a batch: mitmproxy's loop is not woken for each few."""
_FURTHER = 5
"""By how much the process gives way more than at its beginning, once all is compiled and only the traffic is left."""
_MOST_NOTES = 8
"""Findings in one message: mitmproxy's loop goes on between two."""


class Begin(NamedTuple):
    """The first message to the process."""

    about: Settings
    marks: tuple[Event, ...]


class Opened(NamedTuple):
    """The first message from it; `why` says what is wrong with an output, if anything."""

    why: str = ""


class Batch(NamedTuple):
    """Items to inspect, as they travel."""

    items: list[object]


class Lost(NamedTuple):
    """A process died: `why` is to be told. Where the next batch was in its hands, that is not inspected again."""

    why: str
    batch: bool


class Found(NamedTuple):
    """What was found in the batch in hand; more may follow."""

    notes: list[Note]


class Done(NamedTuple):
    """The batch in hand is done."""

    tally: Tally


class Said(NamedTuple):
    """A line for mitmproxy's log."""

    level: int
    text: str


class _Relay(logging.Handler):
    """Sends log records to mitmproxy's process."""

    def __init__(self, send: "_Sender") -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        self._send(Said(record.levelno, record.getMessage()))


class _Sender:
    """Writes messages whole, from any thread; nobody may be there to read them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, Lock()

    def __call__(self, message: object, now: bool = True) -> None:
        """Writes a message; unless `now`, it may wait for the next one."""
        with self._lock, suppress(OSError):
            self._stream.writelines(pack(message))
            if now:
                self._stream.flush()


class _Worker:
    """The session, and what it was told about it from outside."""

    def __init__(self, session: Session, send: _Sender, log: logging.Logger) -> None:
        self._session, self._send, self._log = session, send, log
        self._lost, self._hurried = "", False

    def hurry(self, *_: object) -> None:
        """Inspects no more: what still comes is only counted."""
        self._hurried = True

    def take(self, message: Batch | Lost) -> None:
        """Does what a message asks for and says when it is done."""
        match message:
            case Lost():
                self._inspect(Fault("source", SOURCE, message.why))
                self._lost = message.why if message.batch else ""
            case Batch():
                self._batch(map(whole, message.items))
        self._send(Done(self._session.tally()))

    def _batch(self, items: Iterable[Item]) -> None:
        lost, self._lost = self._lost, ""
        left = Left()
        for item in items:
            if isinstance(item, Blind | Fault | Event) or not (lost or self._hurried):
                self._inspect(item)
            else:
                left.add(item)
        for blind in left.told(lost or "leaktap came to its end"):
            self._inspect(blind)

    def _inspect(self, item: Item) -> None:
        try:
            notes = self._session.take([item])
        except Exception as error:  # noqa: BLE001 (a bug must cost this item and not the session: it is told)
            fault = failure(type(item).__name__, error)
            self._log.error(f"leaktap: {fault.why}")
            self._session.outputs.write(fault)
            return
        for begin in range(0, len(notes), _MOST_NOTES):
            self._send(Found(notes[begin : begin + _MOST_NOTES]), now=False)


def main() -> None:
    """Serves one session."""
    source, send = os.fdopen(int(sys.argv[1]), "rb"), _Sender(os.fdopen(int(sys.argv[2]), "wb", _AT_ONCE))
    log = logging.getLogger("leaktap")
    log.addHandler(_Relay(send))
    log.setLevel(logging.INFO)
    log.propagate = False
    begin: Begin = read(source)
    try:
        session = Session(begin.about, begin.marks)
    except SinkError as error:
        send(Opened(str(error)))
        return
    worker = _Worker(session, send, log)
    signal.signal(signal.SIGUSR1, worker.hurry)
    send(Opened())
    session.warm()
    os.nice(_FURTHER)
    with suppress(EOFError):
        while True:
            worker.take(read(source))
    session.finish()
