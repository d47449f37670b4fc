"""mitmproxy, which the session runs in."""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from leaktap.doctor._api import About, Verdict

_OLDEST = 12
_MEND = "pip install 'mitmproxy>=12'"


def check(_about: About) -> Verdict:
    """Looks at its version, and for its program beside this one."""
    try:
        found = version("mitmproxy")
    except PackageNotFoundError:
        return Verdict("mitmproxy", "fail", "not installed in this environment", _MEND)
    if int(found.partition(".")[0]) < _OLDEST:
        return Verdict("mitmproxy", "fail", f"{found} is too old", _MEND)
    return Verdict("mitmproxy", "ok", f"{found} in {Path(sys.executable).parent}")
