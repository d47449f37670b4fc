"""What a source is: a way to recognise an input by its first bytes, and to read it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from leaktap.model import Seen

SNIFF = 4096
"""How many of an input's first bytes a source is shown."""


class InputError(Exception):
    """An input cannot be opened: `str()` is one line that names it and the cure."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How inputs are read: `keys` are TLS key log files; `ahead` lets large files be read by a process of their own.

    `name` is what the input is called, where that is not just its file's name.
    """

    keys: tuple[Path, ...] = ()
    ahead: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of input.

    `name` is what a person calls it. `sniff` tells by an input's first bytes (decompressed, at most `SNIFF`; fewer
    while a pipe has not brought more) whether it is of this kind. `read` takes the opened input (seekable only if it is
    a plain file), its name, and how to read it; it raises nothing but the input's own OSError: what goes wrong is a
    `Fault` of the stage `source`, after everything that could be read.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[BinaryIO, str, Reading], Iterator[Seen]]
