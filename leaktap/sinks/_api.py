"""What a sink is: something that takes records one by one, and how its target is recognised."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from leaktap.model import Record


class SinkError(Exception):
    """A target cannot be written: `str()` names it and the cure."""


class ReaderGone(SinkError):
    """Whoever read standard output wants no more (`| head`): no error, but nothing further can be written."""


@dataclass(frozen=True, slots=True)
class Options:
    """How records are written: `reveal` shows personal data whole, `live` shows each thing as it happens."""

    reveal: bool = False
    live: bool = False


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
    SinkError. The name of a kind is a scheme too: `jsonl:records.txt`.
    """

    name: str
    open: Callable[[str, Options], Sink]
    schemes: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
