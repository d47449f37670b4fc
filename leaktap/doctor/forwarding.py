"""Forwarding: an access point passes packets on between its interfaces."""

import sys

from leaktap.doctor._api import About, Verdict

_KEYS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")


def check(about: About) -> Verdict:
    """Reads what the kernel is set to."""
    if sys.platform != "linux":
        return Verdict("forwarding", "warn", "only looked at on Linux", "sysctl -w net.inet.ip.forwarding=1")
    off = [key for key in _KEYS if not _is_on(about, key)]
    if not off:
        return Verdict("forwarding", "ok", "on for IPv4 and IPv6")
    mend = f"sysctl -w {' '.join(f'{key}=1' for key in off)}"
    return Verdict("forwarding", "warn", f"{', '.join(off)} off: only an access point needs it", mend)


def _is_on(about: About, key: str) -> bool:
    try:
        return (about.proc / "sys" / key.replace(".", "/")).read_text().strip() != "0"
    except OSError:
        return False
