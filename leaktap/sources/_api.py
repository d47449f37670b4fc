"""What a source is: a way to recognise an input by its first bytes, and to read it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from leaktap.model import Seen
from leaktap.share import WHOLE, Ends, Share

SNIFF = 4096
"""How many of an input's first bytes a source is shown."""


class InputError(Exception):
    """An input cannot be opened: `str()` is one line that names it and the cure."""


@dataclass(slots=True)
class Stop:
    """A wish to end a run early, which a signal's handler expresses: the input that is read seems to end there.

    So everything that was read is still told. What waits is interrupted, and nothing else.
    """

    asked: bool = False
    _waiting: bool = False

    def ask(self) -> None:
        """Expresses the wish.

        Raises:
            KeyboardInterrupt: something waits.
        """
        self.asked = True
        if self._waiting:
            raise KeyboardInterrupt

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Surrounds what waits: KeyboardInterrupt is raised in it when the run is to end, or was before."""
        self._waiting = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = False


@dataclass(frozen=True, slots=True)
class Reading:
    """How inputs are read.

    `keys` are TLS key log files; `share` is the part that falls to this process; `follow` takes a file for one that
    still grows, which has no end until `stop` is asked for. `name` is what the input is called, where that is not just
    its file's name. `engine` is what reads captures: native, tshark, or auto, which is native with a word
    where tshark could do more; `wpa` are the tshark engine's keys for 802.11, SSID:PASSPHRASE.
    """

    keys: tuple[Path, ...] = ()
    share: Share = WHOLE
    follow: bool = False
    engine: str = "native"
    wpa: tuple[str, ...] = ()
    stop: Stop = field(default_factory=Stop, compare=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of input.

    `name` is what a person calls it. `sniff` tells by an input's first bytes (decompressed, at most `SNIFF`; fewer
    while a pipe has not brought more) whether it is of this kind. `read` takes the opened input (seekable only if it is
    a plain file), its name, and how to read it; it raises nothing but the input's own OSError: what goes wrong is a
    `Fault` of the stage `source`, after everything that could be read. A `shared` one heeds `Reading.share`; others
    are read by the first process alone. `loads`, of a shared one, yields how much work what two hosts said is.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[BinaryIO, str, Reading], Iterator[Seen]]
    shared: bool = False
    loads: Callable[[BinaryIO, str], Iterator[Counter[Ends]]] | None = None
