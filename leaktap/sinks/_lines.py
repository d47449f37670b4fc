"""A file of lines: each record is written as it comes, in whatever way a function renders it."""

from collections.abc import Callable
from pathlib import Path

from leaktap.model import Record
from leaktap.sinks._api import Options
from leaktap.sinks._output import Output


class Lines:
    """Writes what `render` makes of each record, if anything, and `head` at the top of the file."""

    def __init__(self, target: str, options: Options, render: Callable[[Record], bytes], head: bytes = b"") -> None:
        """Opens the target.

        Raises:
            SinkError: it cannot be written.
        """
        begun = options.append and target != "-" and Path(target).is_file() and Path(target).stat().st_size > 0
        self._output, self._render = Output(target, options.append), render
        if head and not begun:
            self._output.write(head)

    def write(self, record: Record) -> None:
        """Writes one record."""
        if line := self._render(record):
            self._output.write(line)

    def close(self) -> None:
        """Closes the file."""
        self._output.close()
