"""What a sink is: something that takes records one by one, and how its target is recognised."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from leaktap.model import Fault, Record


class SinkError(Exception):
    """A target cannot be written: `str()` names it and the cure."""


class ReaderGone(SinkError):
    """Whoever read standard output wants no more (`| head`): no error, but nothing further can be written."""


def _nobody(_fault: Fault) -> None:
    """Hears nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How records are written: `reveal` shows personal data whole, `live` shows each thing as it happens.

    With `append`, a file keeps what is in it: the run goes on with it.
    For outputs that are far away: `spool` is the folder of their queues if not the usual one, `drain` the seconds that
    the end of a run waits for them; `tell` is told by any thread of what goes wrong without stopping the output. With
    `dry` it is only tried whether an output can be opened: nothing is sent.
    """

    reveal: bool = False
    live: bool = False
    append: bool = False
    spool: Path | None = None
    drain: float = 5.0
    tell: Callable[[Fault], None] = _nobody
    dry: bool = False


class Sink(Protocol):
    """An open output. Neither method raises anything but SinkError."""

    def write(self, record: Record) -> None:
        """Takes one record."""

    def close(self) -> None:
        """Writes what is pending and closes. Called once, also after an error."""


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A kind of output: chosen by a scheme (`eve:PATH`, `syslog://…`), else by a path's ending, else by `--format`.

    `open` takes the target without its scheme, a URL (`syslog://…`) whole; `-` is standard output. It may raise
    SinkError. The name of a kind is a scheme too: `jsonl:records.txt`. What is `far` away is no format of standard
    output.
    """

    name: str
    open: Callable[[str, Options], Sink]
    schemes: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    far: bool = False
