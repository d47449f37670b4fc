"""What tests hold things against and no Python package has: `.ci/run` keeps it in the user's cache."""

import os
from pathlib import Path

KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leaktap-tests"
