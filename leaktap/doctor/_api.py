"""What a check is asked about, and what it says. None raises, none waits for longer than some seconds."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_SECONDS = 5


@dataclass(frozen=True, slots=True)
class About:
    """Where a session is to run: the proxy's port, mitmproxy's folder, the folder for outputs, the system's files."""

    port: int = 8080
    confdir: Path = field(default_factory=lambda: Path.home() / ".mitmproxy")
    folder: Path = field(default_factory=Path.cwd)
    proc: Path = Path("/proc")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found, and the command that mends it, or what to do.

    `warn`: only some sessions need it, or it cannot be told.
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    says: str
    mend: str = ""


def output(*command: str) -> str | None:
    """Returns what a program says on standard output; None where it is not there, fails or takes too long."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
