"""The process beside mitmproxy in which a session runs: it is fed by a pipe, and the end of the pipe is its end.

So nothing that is inspected or written holds up the proxy, whatever dies here leaves it alone, and where the proxy is
killed the session still writes its summary. `python -m leaktap.addon._work IN OUT`, with the pipes' descriptors.
"""

import logging
import os
import signal
import sys
from contextlib import suppress
from threading import Lock
from typing import BinaryIO, NamedTuple

from leaktap.addon._frames import pack, read
from leaktap.addon._session import Item, Note, Session, failure
from leaktap.addon._settings import Settings
from leaktap.addon._tally import Tally
from leaktap.config import Event
from leaktap.sinks import SinkError

_NICE = 10


class Begin(NamedTuple):
    """The first message to the process."""

    about: Settings
    marks: tuple[Event, ...]


class Opened(NamedTuple):
    """The first message from it; `why` says what is wrong with an output, if anything."""

    why: str = ""


class Batch(NamedTuple):
    """Items to inspect."""

    number: int
    items: tuple[Item, ...]


class Done(NamedTuple):
    """A batch was inspected."""

    number: int
    notes: list[Note]
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

    def __call__(self, message: object) -> None:
        with self._lock, suppress(OSError):
            self._stream.write(pack(message))
            self._stream.flush()


def main() -> None:
    """Serves one session."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are for the proxy, whose end closes the pipe
    os.nice(_NICE)
    source, send = os.fdopen(int(sys.argv[1]), "rb"), _Sender(os.fdopen(int(sys.argv[2]), "wb"))
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
    send(Opened())
    session.warm()
    with suppress(EOFError):
        while True:
            batch: Batch = read(source)
            send(Done(batch.number, _take(session, batch, log), session.tally()))
    session.finish()


def _take(session: Session, batch: Batch, log: logging.Logger) -> list[Note]:
    notes = []
    for item in batch.items:
        try:
            notes += session.take([item])
        except Exception as error:  # noqa: BLE001 (a bug must cost this item and not the session: it is told)
            fault = failure(type(item).__name__, error)
            log.error(f"leaktap: {fault.why}")
            session.outputs.write(fault)
    return notes


if __name__ == "__main__":
    main()
