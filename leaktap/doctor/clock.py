"""The clock: phases are told by comparing times, so it must be right."""

import ctypes
import ctypes.util
import sys

from leaktap.doctor._api import About, Verdict, output

_UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""
_TIMEX_BYTES = 512


def check(_about: About) -> Verdict:
    """Asks the system whether a time server keeps its clock."""
    said = (output("timedatectl", "show", "--property=NTPSynchronized", "--value") or "").strip()
    if said not in ("yes", "no"):
        said = {True: "yes", False: "no"}.get(_kept(), "")  # type: ignore[arg-type]
    if said == "yes":
        return Verdict("clock", "ok", "a time server keeps it")
    mend = "timedatectl set-ntp true" if sys.platform == "linux" else "sntp -sS pool.ntp.org"
    if said == "no":
        return Verdict("clock", "warn", "no time server keeps it: phases may be wrong by as much as it is", mend)
    return Verdict("clock", "warn", "whether it is right cannot be told here", mend)


def _kept() -> bool | None:
    """Asks the kernel (Linux, adjtimex(2)) without changing anything."""
    name = ctypes.util.find_library("c") if sys.platform == "linux" else None
    if not name:
        return None
    try:
        state = int(ctypes.CDLL(name).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED
