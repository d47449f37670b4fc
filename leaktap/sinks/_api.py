"""What a sink is: something that takes records one by one, and how its target is recognised."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from leaktap.model import Record


class SinkError(Exception):
    """A target cannot be written: `str()` names it and the cure."""


@dataclass(frozen=True, slots=True)
class Options:
    """How records are written: `reveal` shows personal data whole."""

    reveal: bool = False


class Sink(Protocol):
    """An open output. Neither method raises anything but SinkError."""

    def write(self, record: Record) -> None:
        """Takes one record."""

    def close(self) -> None:
        """Writes what is pending and closes. Called once, also after an error."""


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A kind of output: chosen by a scheme (`eve:PATH`, `syslog://…`), else by a path's ending, else by `--format`.

    `open` takes the target without its scheme (`-` is standard output) and may raise SinkError.
    """

    name: str
    open: Callable[[str, Options], Sink]
    schemes: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
