"""A progress bar on standard error: only on a terminal, and only for runs that take longer than a second."""

import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PATIENCE = 1.0


class Meter:
    """How far a run over several inputs is. Used as a context, so that the bar is gone before anything is printed."""

    def __init__(self, inputs: Sequence[str], hidden: bool = False) -> None:
        """Adds up the inputs' sizes; one whose size nobody knows (a pipe) makes the bar one without an end.

        A `hidden` one never shows: findings are printed meanwhile.
        """
        sizes = [Path(name).stat().st_size if Path(name).is_file() else None for name in inputs]
        self._sizes = [size or 0 for size in sizes]
        self._total = None if None in sizes else sum(self._sizes)
        self._shown = not hidden and sys.stderr.isatty()
        self._began = monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Meter":
        """Does nothing yet: the bar waits until it is worth while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Takes the bar away."""
        if self._bar:
            self._bar.stop()

    def at(self, index: int, position: int) -> None:
        """Shows that the input `index` is read up to `position`."""
        if not self._shown or monotonic() - self._began < _PATIENCE:
            return
        done = sum(self._sizes[:index]) + position
        if self._bar is None or self._task is None:
            self._bar = _bar()
            self._task = self._bar.add_task("reading", total=self._total)
            self._bar.start()
        self._bar.update(self._task, completed=done)


def _bar() -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    return Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True, redirect_stdout=False
    )
