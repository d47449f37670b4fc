"""Forwarding: an access point passes packets on between its interfaces."""

import sys

from leaktap.doctor._api import About, Verdict

_KEYS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
_ALL = ("all", "default", "lo")


def check(about: About) -> Verdict:
    """Reads what the kernel is set to."""
    if sys.platform != "linux":
        return Verdict("forwarding", "warn", "only looked at on Linux", "sysctl -w net.inet.ip.forwarding=1")
    off = [key for key in _KEYS if not _is_on(about, key.replace(".", "/"))]
    if not off:
        return Verdict("forwarding", "ok", "on for IPv4 and IPv6")
    between = _interfaces(about)
    if len(between) > 1:
        return Verdict("forwarding", "ok", f"on between {' and '.join(between)}, as an access point needs it")
    mend = f"sysctl -w {' '.join(f'{key}=1' for key in off)}"
    return Verdict("forwarding", "warn", f"{', '.join(off)} off: only an access point needs it", mend)


def _interfaces(about: About) -> list[str]:
    """Returns the interfaces that IPv4 is passed on from, each turned on by itself."""
    switches = (about.proc / "sys/net/ipv4/conf").glob("*/forwarding")
    names = sorted(switch.parent.name for switch in switches)
    return [name for name in names if name not in _ALL and _is_on(about, f"net/ipv4/conf/{name}/forwarding")]


def _is_on(about: About, key: str) -> bool:
    try:
        return (about.proc / "sys" / key).read_text().strip() != "0"
    except OSError:
        return False
