"""Ports for programs that have to be told one: nobody else gets them between the asking and the listening.

They lie below those that the system hands out by itself (`ip_local_port_range`), and a lock on a file holds each until
the process ends, against all other processes of tests on the machine.
"""

import fcntl
import getpass
import os
import random
import socket
import tempfile
from pathlib import Path

_PLACE = Path(tempfile.gettempdir()) / f"ports-of-tests-{getpass.getuser()}"
_FIRST, _END = 20_000, 32_000
_held: dict[int, int] = {}
"""The descriptors of the locks by port."""


def free_port() -> int:
    """Returns a port on which nobody listens, over TCP or UDP, and that is the caller's from now on."""
    _PLACE.mkdir(exist_ok=True)
    for port in random.Random(os.getpid()).sample(range(_FIRST, _END), _END - _FIRST):
        if port not in _held and _hold(port):
            return port
    raise AssertionError(f"no port from {_FIRST} to {_END} is free")


def _hold(port: int) -> bool:
    lock = os.open(_PLACE / f"{port}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("", port))
    except OSError:
        os.close(lock)
        return False
    _held[port] = lock
    return True
