"""The outputs of a session: every record goes to each, and one that fails stops neither the others nor the proxy."""

import logging
from collections.abc import Callable, Sequence
from threading import Lock

from leaktap.addon._log import LogLines
from leaktap.model import Fault, Record
from leaktap.sinks import Options, Sink, SinkError, open_sink

log = logging.getLogger("leaktap")


class Outputs:
    """Open sinks, fed from mitmproxy's loop and from the worker."""

    def __init__(self, targets: Sequence[str], reveal: bool) -> None:
        """Opens the targets; without any, findings go to the log.

        Raises:
            SinkError: one of them cannot be opened.
        """
        self._lock = Lock()
        self._sinks: list[tuple[str, Sink]] = [] if targets else [("log", LogLines(reveal))]
        try:
            for target in targets:
                self._sinks.append((target, open_sink(target, Options(reveal=reveal, live=True), "text")))
        except SinkError:
            self.close()
            raise

    def write(self, record: Record) -> None:
        """Hands a record to every sink; one that fails is dropped, and the others are told."""
        with self._lock:
            waiting = [record]
            while waiting:
                item = waiting.pop()
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


def _attempt(action: Callable[..., None], *arguments: object) -> str:
    """Returns why a sink failed; whatever it was, the proxy must not feel it."""
    try:
        action(*arguments)
    except Exception as error:  # noqa: BLE001
        why = str(error) if isinstance(error, SinkError) else f"{type(error).__name__}: {error}"
        log.error(f"leaktap: {why}")
        return why
    return ""
