"""The user's secret, which what is told of values is keyed with."""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from leaktap.config._case import Case


def case_key(case: Case) -> bytes:
    """Returns the secret that `value_ref`s of this case are made with, the same run after run on this machine.

    It comes from a random key of the user, made on first use in `$XDG_STATE_HOME/leaktap/key`, readable by the user
    alone; where that cannot be kept, the key lasts for this run.
    """
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        secret = _kept_secret(state / "leaktap" / "key")
    except (OSError, RuntimeError):
        secret = secrets.token_bytes(32)
    return hmac.digest(secret, case.app.package.encode(), "sha256")


def _kept_secret(file: Path) -> bytes:
    """Returns what `file` holds, after making it where it is missing: whole at once, for others may start just now."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = file.with_name(f"key.{secrets.token_hex(8)}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(new, file)
        new.unlink()
    return file.read_bytes()
