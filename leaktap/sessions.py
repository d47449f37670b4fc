"""The live sessions that run on this machine: a file for each, which only its owner reads, says how to speak to it.

They lie in $XDG_RUNTIME_DIR/leaktap, else in $XDG_STATE_HOME/leaktap (~/.local/state). One whose process is gone is
removed by whoever looks.
"""

import hashlib
import hmac
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """A session: the process of mitmproxy, where its endpoint listens, the token for it, the phone's page, the case."""

    pid: int
    url: str
    token: str
    page: str
    case: str = ""


def watching(token: str) -> str:
    """Returns the token made of a session's with which one may look at its dashboard and change nothing."""
    return hmac.new(token.encode(), b"leaktap dashboard", hashlib.sha256).hexdigest()[:24]


def folder() -> Path:
    """Returns where the files lie."""
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "leaktap"


def announce(session: Running) -> Path:
    """Writes the file of a session, for its owner alone.

    Raises:
        OSError: it cannot be written.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=place)  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(asdict(session), stream)
    file = place / f"{session.pid}-{session.url.rpartition(':')[2].strip('/')}.json"
    Path(draft).replace(file)
    return file


def running() -> list[Running]:
    """Returns the sessions whose processes live, the newest last."""
    found = []
    with suppress(OSError):
        files = [file for file in folder().glob("*.json") if file.stat().st_uid == os.getuid()]
        for file in sorted(files, key=lambda file: file.stat().st_mtime_ns):
            session = _read(file)
            if session and _lives(session.pid):
                found.append(session)
            else:
                file.unlink(missing_ok=True)
    return found


def _read(file: Path) -> Running | None:
    try:
        said = json.loads(file.read_bytes())
        return Running(
            int(said["pid"]), str(said["url"]), str(said["token"]), str(said["page"]), str(said.get("case", ""))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return pid > 0
