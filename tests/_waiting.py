"""How tests wait: for what they need and not for a time. `PATIENCE` is long, for its end is only that of a hang."""

import json
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 300.0
"""Seconds: more than anything takes on a machine that is slow, busy, and has cached nothing yet."""


def wait[T](ready: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Returns the first true value of `ready`."""
    deadline = time.monotonic() + seconds
    while not (result := ready()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    return result


def whole_lines(file: Path) -> list[dict]:
    """Returns the records of a JSON Lines file that another process may be writing: the line it is at is left out."""
    data = file.read_bytes() if file.exists() else b""
    return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
