"""Permissions: to write outputs, and to be found by `leaktap mark`."""

import os
from pathlib import Path

from leaktap.doctor._api import About, Verdict
from leaktap.sessions import folder

_NAME = "permissions"


def check(about: About) -> Verdict:
    """Looks at the folders that a session writes to."""
    if not os.access(about.folder, os.W_OK | os.X_OK):
        return Verdict(_NAME, "fail", f"{about.folder} cannot be written", f"chmod u+wx {about.folder}")
    place = _there(folder())
    if not os.access(place, os.W_OK | os.X_OK):
        return Verdict(_NAME, "fail", f"{place} cannot be written: leaktap mark would not work", f"chmod u+wx {place}")
    if folder().is_dir() and folder().stat().st_mode & 0o077:
        return Verdict(_NAME, "warn", f"others can look into {folder()}", f"chmod 700 {folder()}")
    if os.geteuid():
        return Verdict(_NAME, "ok", "folders can be written; an access point needs root as well")
    return Verdict(_NAME, "ok", "folders can be written")


def _there(place: Path) -> Path:
    """Returns the innermost folder on the way that exists."""
    return next(path for path in (place, *place.parents) if path.exists())
