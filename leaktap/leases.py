"""What dnsmasq calls the phones it gave addresses to: its file of leases, read again as it grows.

A lease is a line: when it ends, hardware address, IPv4 address, the name that the phone asked for or `*`, and its id
(dnsmasq(8), --dhcp-leasefile). Leases of IPv6, after a line `duid`, carry no hardware address and are left out.
"""

import time
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

_SECONDS = 1.0
"""How often the file is looked at."""
_MOST_BYTES = 1 << 20
_MOST_NAME = 255


class Lease(NamedTuple):
    """An address that a phone was given; nothing in `name` where it asked for none."""

    mac: str
    ip: str
    name: str


NO_LEASE = Lease("", "", "")


class Leases:
    """The leases of one file. A file that cannot be read now has none."""

    def __init__(self, file: Path | None) -> None:
        """Reads nothing yet; without a file there are no leases."""
        self._file = file
        self._looked, self._state = -_SECONDS, (0, 0)
        self._by_ip: dict[str, Lease] = {}

    def of(self, ip: str) -> Lease:
        """Returns the lease of an address."""
        if self._file is None:
            return NO_LEASE
        now = time.monotonic()
        if now - self._looked >= _SECONDS:
            self._looked = now
            self._look(self._file)
        return self._by_ip.get(ip, NO_LEASE)

    def _look(self, file: Path) -> None:
        try:
            status = file.stat()
            state = status.st_mtime_ns, status.st_size
            if state == self._state:
                return
            with file.open("rb") as lines:
                text = lines.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return
        self._state = state
        self._by_ip = {lease.ip: lease for lease in parse(text)}


def parse(text: str) -> list[Lease]:
    """Returns the leases of IPv4 that a file tells; what is no lease is left out."""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        if words[0] == "duid":
            break
        if len(words) < 4 or not words[0].isdecimal():
            continue
        _, mac, ip, name = words[:4]
        try:
            IPv4Address(ip)
        except ValueError:
            continue
        found.append(Lease(mac.lower(), ip, "" if name == "*" else name[:_MOST_NAME]))
    return found
