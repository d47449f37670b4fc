"""The bytes of an input before anything is undone: a file, a growing file, a pipe, or standard input.

Waiting happens only here, in `ready`, and never within a read: so a pause is noticed, and a wish to stop ends any wait
at once. From then on the input is over, as if it ended there, and everything above finishes in its usual way.
"""

import io
import os
import select
import stat
from collections.abc import Buffer
from pathlib import Path
from time import monotonic, sleep

from leaktap.sources._api import InputError, Stop

_LOOK = 0.2
"""Seconds between two looks at a file that may grow."""


class Raw(io.FileIO):
    """An opened input. `live` tells that it may pause: it is no plain file, or one that is followed."""

    def __init__(self, file: str | int, stop: Stop, follow: bool) -> None:
        """Opens a path or takes over a descriptor, which stays open. With `follow`, a plain file has no end."""
        super().__init__(file, closefd=isinstance(file, str))
        self._stop = stop
        self._plain = stat.S_ISREG(os.fstat(self.fileno()).st_mode)
        self.live = follow or not self._plain
        self._poll = select.poll()
        if not self._plain:
            self._poll.register(self.fileno(), select.POLLIN)

    def ready(self, seconds: float | None = None) -> bool:
        """Waits until a read brings something or the end, at most `seconds`; says whether it does."""
        if not self.live or self._stop.asked:
            return True
        try:
            with self._stop.waiting():
                return self._grown(seconds) if self._plain else bool(self._poll.poll(seconds and seconds * 1000))
        except KeyboardInterrupt:
            if self._stop.asked:
                return True
            raise

    def _grown(self, seconds: float | None) -> bool:
        """Looks at a plain file until it is longer, or shorter, than what was read of it."""
        until = None if seconds is None else monotonic() + seconds
        while os.fstat(self.fileno()).st_size == self.tell():
            left = _LOOK if until is None else min(_LOOK, until - monotonic())
            if left <= 0:
                return False
            sleep(left)
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Reads what is there, and nothing once the run is asked to stop.

        Raises:
            EOFError: a followed file lost what was read of it.
        """
        self.ready()
        if self._stop.asked:
            return 0
        count = super().readinto(buffer) or 0
        if not count and self.live and self._plain:
            raise EOFError("is shorter than it was, for something wrote it anew: what came before was read")
        return count

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads at most `size` bytes, or all there are."""
        if size is None or size < 0:
            return self.readall()
        data = bytearray(size)
        return bytes(memoryview(data)[: self.readinto(data)])


def open_raw(path: str, stop: Stop, follow: bool = False) -> Raw:
    """Opens `path` (`-` is standard input).

    Raises:
        InputError: there is nothing there that can be read.
    """
    try:
        if path != "-":
            with stop.waiting():  # for who writes into a named pipe
                return Raw(path, stop, follow)
        if os.isatty(0):
            raise InputError("-: standard input is a terminal: pipe a capture into it, or name a file")
        return Raw(0, stop, follow)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file: check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory: name the files in it, such as {path.rstrip('/')}/*.pcap") from None
    except PermissionError:
        raise InputError(f"{path}: permission denied: run as a user who may read it, or change its mode") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path!r}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None


def is_live(path: str, follow: bool) -> bool:
    """Tells whether the input at `path` may pause, as `Raw.live` will."""
    try:
        return follow or not stat.S_ISREG((os.fstat(0) if path == "-" else Path(path).stat()).st_mode)
    except (OSError, ValueError):
        return False  # opening it says why
