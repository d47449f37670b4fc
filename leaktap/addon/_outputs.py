"""The outputs of a session: every record goes to each, and one that fails stops neither the others nor the proxy.

Those that are far away take a record first, so that what is shown is already in their queues.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from leaktap.addon._log import LogLines
from leaktap.model import Fault, Record
from leaktap.sinks import Options, Sink, SinkError, Spooled, open_sink
from leaktap.sinks._words import harmless

log = logging.getLogger("leaktap")


class Outputs:
    """Open sinks, fed from mitmproxy's loop and from the worker."""

    def __init__(
        self, targets: Sequence[str], reveal: bool, kept: Collection[str] = (), spool: Path | None = None
    ) -> None:
        """Opens the targets, those in `kept` without emptying them; without any, findings go to the log.

        `spool` is the folder in which records wait for those that are far away.

        Raises:
            SinkError: one of them cannot be opened.
        """
        self._lock = Lock()
        self._told: SimpleQueue[Fault] = SimpleQueue()
        options = Options(reveal=reveal, live=True, tell=self._tell, spool=spool)
        self._sinks: list[tuple[str, Sink]] = [] if targets else [("log", LogLines(reveal))]
        try:
            for target in targets:
                self._sinks.append((target, open_sink(target, replace(options, append=target in kept), "text")))
        except SinkError:
            self.close()
            raise
        self._sinks.sort(key=lambda entry: not isinstance(entry[1], Spooled))

    def write(self, record: Record) -> None:
        """Hands a record to every sink; one that fails is dropped, and the others are told."""
        with self._lock:
            waiting: deque[Record] = deque(self._told.get() for _ in range(self._told.qsize()))
            waiting.append(record)
            while waiting:
                item = waiting.popleft()
                for entry in list(self._sinks):
                    if why := _attempt(entry[1].write, item):
                        self._sinks.remove(entry)
                        waiting.append(Fault("sink", entry[0], why))

    def close(self) -> None:
        """Closes every sink."""
        with self._lock:
            for _, sink in self._sinks:
                _attempt(sink.close)
            self._sinks = []

    def _tell(self, fault: Fault) -> None:
        """Says at once what an output tells, and keeps it for the next record: any thread may call it."""
        log.error(harmless(f"leaktap: {fault.where}: {fault.why}"))
        self._told.put(fault)


def check(targets: Sequence[str], spool: Path | None = None) -> None:
    """Tries whether outputs can be opened; nothing is written or sent.

    Raises:
        SinkError: one of them cannot be.
    """
    for target in targets:
        open_sink(target, Options(live=True, append=True, dry=True, spool=spool), "text")


def _attempt(action: Callable[..., None], *arguments: object) -> str:
    """Returns why a sink failed; whatever it was, the proxy must not feel it."""
    try:
        action(*arguments)
    except Exception as error:  # noqa: BLE001
        why = str(error) if isinstance(error, SinkError) else f"{type(error).__name__}: {error}"
        log.error(f"leaktap: {why}")
        return why
    return ""
