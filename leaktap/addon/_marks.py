"""What the tester marked: kept for as long as the proxy runs, and in a table that `--events` reads again.

Outside of a session, so that a change of options and a reload of the script lose nothing.
"""

import csv
import io
import logging
import os
from pathlib import Path

from leaktap.config import Event
from leaktap.consent.recording import HEADING, written

log = logging.getLogger("leaktap")


class Marks:
    """Marked events, in the order in which they were told."""

    def __init__(self) -> None:
        """Begins with none."""
        self.events: list[Event] = []
        self._told: dict[Path, int] = {}
        self._file: Path | None = None

    def keep_in(self, file: Path | None) -> None:
        """Writes what was marked, and will be, to a file as well; what is in it stays.

        Raises:
            OSError: it cannot be written.
        """
        self._file = file
        self._write()

    def add(self, event: Event) -> None:
        """Adds an event; it counts also where the file cannot be written, which is told."""
        self.events.append(event)
        try:
            self._write()
        except OSError as error:
            log.error(f"leaktap: {self._file}: the mark is not kept there ({error.strerror})")

    def _write(self) -> None:
        """Appends what the file does not have; it is made when there is something to say."""
        if self._file is None:
            return
        new = self.events[self._told.get(self._file, 0) :]
        if not new:
            os.stat(self._file.parent)  # noqa: PTH116 (only whether it is there)
            return
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as stream:
            if not stream.tell():
                table.writerow(HEADING)
            table.writerows(map(written, new))
            stream.write(text.getvalue().encode())
            os.fsync(stream.fileno())
        self._told[self._file] = len(self.events)


MARKS = Marks()
"""Those of this process."""
