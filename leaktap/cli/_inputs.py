"""The inputs of a run, one after the other."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from leaktap.cli import CommandError
from leaktap.config import ConfigError
from leaktap.model import Fault, Seen
from leaktap.sources import InputError, Reading, inputs_of, names, read

type Numbered = tuple[int, Seen]


def expanded(inputs: Sequence[str]) -> list[str]:
    """Returns the inputs with what can be read in each folder in its place, each once.

    Raises:
        CommandError: a folder has nothing that can be read.
    """
    try:
        each = [inputs_of(path) if Path(path).is_dir() else [path] for path in inputs]
    except InputError as error:
        raise CommandError(str(error)) from None
    return list(dict.fromkeys(itertools.chain.from_iterable(each)))


def check(inputs: Sequence[str], reading: Reading, growing: bool) -> None:
    """Refuses what is not there before anything is read or written. Pipes can be opened only once: not here.

    Where inputs are `growing`, so may be key logs: they may be empty yet.
    """
    from leaktap.wire.keys import KeyLog

    if reading.engine == "tshark":
        _check_tshark(reading)
    try:
        for path in inputs:
            if not Path(path).is_fifo():
                read(path, reading)
        for file in reading.keys:
            if not file.is_fifo():
                KeyLog.check(file, growing)
    except (InputError, ConfigError) as error:
        raise CommandError(str(error)) from None


def _check_tshark(reading: Reading) -> None:
    """Refuses the engine where it cannot work, and keys that are none."""
    from leaktap.wire import tshark

    if why := tshark.missing():
        raise CommandError(f"--engine tshark: {why}")
    for text in reading.wpa:
        try:
            tshark.wpa_arguments([text])
        except ValueError as error:
            raise CommandError(f"--wpa-pwd: {error}") from None


def seen(inputs: Sequence[str], reading: Reading) -> Iterator[Numbered]:
    """Opens the first input, and returns what all of them show, one after the other, each with the input's index."""
    called = names(inputs)

    def of(path: str) -> Iterator[Seen]:
        try:
            own = replace(reading, follow=reading.follow and path is inputs[-1], name=called[path])
            return read(path, own)
        except InputError as error:
            return iter([Fault("source", path, str(error).removeprefix(f"{path}: "))])

    def rest() -> Iterator[Iterator[Seen]]:
        for path in inputs[1:]:
            if reading.stop.asked:
                return
            yield of(path)

    first = of(inputs[0])
    readers = itertools.chain([first], rest())
    return ((index, item) for index, reader in enumerate(readers) for item in reader)
