"""Inputs become Exchanges here: opened by what they contain, never by what they are called.

Each kind of input is one module that defines `SOURCE`; `read` finds the one that recognises the first bytes.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from leaktap.discover import discover
from leaktap.model import Fault, Progress, Seen
from leaktap.share import Ends
from leaktap.sources._api import InputError, Reading, Source, Stop
from leaktap.sources._cut import cut_connection
from leaktap.sources._folder import recognised
from leaktap.sources._names import names
from leaktap.sources._open import Input, open_input
from leaktap.sources._raw import Raw, is_live, open_raw

__all__ = ["InputError", "Reading", "Stop", "cut_connection", "inputs_of", "is_live", "loads", "names", "read"]


def read(path: str, reading: Reading) -> Iterator[Seen]:
    """Returns everything that the input at `path` shows; `-` is standard input, and `.gz` and `.zst` are undone.

    The input is opened now and read as items are asked for. What goes wrong meanwhile is a `Fault` of the stage
    `source`, behind everything that could be read. When `reading.stop` is asked for, the input ends there.

    Raises:
        InputError: there is no such file, it is a directory, or it may not be read.
        KeyboardInterrupt: `reading.stop` was asked for before it could be opened.
    """
    raw = open_raw(path, reading.stop, reading.follow)
    name = reading.name or ("-" if path == "-" else Path(path).name)
    return _read(raw, name, reading)


def loads(paths: Sequence[str]) -> Iterator[Counter[Ends]]:
    """Yields, a piece at a time, how much work what is said between any two hosts in some inputs is.

    What cannot be read, or is not shared, is passed over.
    """
    for path in paths:
        with suppress(InputError, OSError), open_raw(path, Stop()) as raw:
            opened = open_input(raw, Path(path).name, lambda head: _recognise(head) is not None)
            source = _recognise(opened.head)
            if source and source.loads:
                yield from source.loads(opened.file, opened.name)


def inputs_of(folder: str) -> list[str]:
    """Returns the files of a folder, and of the folders in it, that can be read, in the order of their names.

    Raises:
        InputError: there are none, or the folder may not be read.
    """
    found = [str(file) for file in recognised(Path(folder), lambda head: _recognise(head) is not None)]
    if not found:
        *kinds, last = sorted(source.name for source in _sources())
        raise InputError(f"{folder}: has no {', '.join(kinds)} or {last} in it")
    return found


@cache
def _sources() -> tuple[Source, ...]:
    return tuple(discover(sys.modules[__name__], "SOURCE"))


def _recognise(head: bytes) -> Source | None:
    return next((source for source in _sources() if source.sniff(head)), None)


def _read(raw: Raw, name: str, reading: Reading) -> Iterator[Seen]:
    with raw:
        try:
            opened = open_input(raw, name, lambda head: _recognise(head) is not None)
            yield from _see(opened, reading)
        except OSError as error:
            yield Fault("source", name, f"cannot be read further: {error.strerror or error}")


def _see(opened: Input, reading: Reading) -> Iterator[Seen]:
    source = _recognise(opened.head)
    if not (reading.share.first or (source and source.shared)):
        return
    for seen in source.read(opened.file, opened.name, reading) if source else ():
        if isinstance(seen, Progress):
            yield Progress(seen.source, opened.read_so_far(seen.bytes))
        elif not (reading.stop.asked and isinstance(seen, Fault) and seen.stage == "source"):
            yield seen
    if reading.stop.asked or not reading.share.first:
        return  # it ended where it was told to, or another process tells
    if opened.fault:
        yield Fault("source", opened.name, opened.fault)
    elif not opened.head:
        yield Fault("source", opened.name, "is empty: nothing was captured")
    elif not source:
        *names, last = sorted(source.name for source in _sources())
        yield Fault("source", opened.name, f"is neither {', '.join(names)} nor {last}: check what wrote it")
