"""A process of `_work`, and the pipes to it and from it, neither of which blocks."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import leaktap
from leaktap.addon._frames import Frames, pack
from leaktap.addon._outlet import Outlet
from leaktap.addon._work import Begin

NICE = 10
"""The process gives way to the proxy; what it lacks on a busy machine it makes up for when there is time."""
_BEGIN = (
    f"import os, signal, sys; os.nice({NICE}); "
    "[signal.signal(getattr(signal, name), signal.SIG_IGN) for name in ('SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1')]"
)
"""What the process does first: signals are for the proxy, whose end closes the pipe, also while this still begins."""
_PIPE = 1 << 20
"""Bytes that the pipe to it holds, where the system lets them be asked for."""
_READ = 1 << 15
"""Bytes that are heard at once: some dozen findings, each of which has its place on the dashboard."""


class Child:
    """The process. `incoming` and `outgoing` are the descriptors of the pipes, -1 where they are closed."""

    def __init__(self, begin: Begin) -> None:
        """Starts it; its first message is on its way.

        Raises:
            OSError: it cannot be started.
        """
        place = str(Path(leaktap.__file__).parents[1])
        code = f"{_BEGIN}; sys.path.append({place!r}); from leaktap.addon._work import main; main()"
        theirs_in, self.outgoing = os.pipe()
        self.incoming, theirs_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(theirs_in), str(theirs_out)],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self.close()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(self.outgoing, False)
        os.set_blocking(self.incoming, False)
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self.outgoing, fcntl.F_SETPIPE_SZ, _PIPE)
        self.outlet = Outlet(self.outgoing)
        self.outlet.add(pack(begin))
        self._frames = Frames()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def read(self) -> Iterator[Any] | None:
        """Returns the messages that are there now, some of them at least, or None where it has ended."""
        try:
            data = os.read(self.incoming, _READ)
        except BlockingIOError:
            return iter(())
        except OSError:
            data = b""
        return self._frames.feed(data) if data else None

    def hurry(self) -> None:
        """Has it inspect no more, only count what it is handed, and come to its end."""
        self._process.send_signal(signal.SIGUSR1)

    def finish(self) -> None:
        """Says that nothing more comes; then it writes what closes its outputs, and ends."""
        self.outgoing = _closed(self.outgoing)

    def close(self) -> None:
        """Closes the pipes."""
        self.outgoing, self.incoming = _closed(self.outgoing), _closed(self.incoming)

    def code(self, seconds: float = 0.0) -> int | None:
        """Returns its exit code if it has ended, or ends within so many seconds."""
        try:
            return self._process.wait(seconds) if seconds else self._process.poll()
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Ends it."""
        self._process.kill()


def _closed(descriptor: int) -> int:
    """Closes a descriptor, if it is one, and returns what is none."""
    if descriptor >= 0:
        with suppress(OSError):
            os.close(descriptor)
    return -1
