"""What an access point is to be, checked: names, radio, addresses, ports.

Limits of Wi-Fi: an SSID has 1 to 32 bytes (IEEE 802.11-2020, 9.4.2.2), a WPA2 passphrase 8 to 63 printable ASCII
characters (annex J.4.1). Names of network interfaces have at most 15 bytes (Linux, IFNAMSIZ).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Literal, NamedTuple

_INTERFACE = re.compile(r"[A-Za-z0-9_][\w.-]{0,14}", re.ASCII)
_PASSPHRASE = re.compile(r"[ -~]{8,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LOW_BAND = range(1, 14)
_HIGH_BAND = (36, 40, 44, 48, 149, 153, 157, 161, 165)
"""The 5 GHz channels on which nobody has to look for radar first."""
_MOST_SSID = 32
_SHORTEST_PREFIX, _LONGEST_PREFIX = 16, 29
_FIRST_LEASE = 10
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


class PlanError(ValueError):
    """Something that cannot be planned: `str()` is one line that names the option and the cure."""


class Taken(NamedTuple):
    """A network that this machine already has a way to."""

    network: IPv4Network
    interface: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. Without `ssid` there is no radio: phones come over a cable or an access point behind `iface`.

    `port` is the transparent proxy's, `page_port` that of an ordinary proxy, which answers for names that are the
    gateway itself. Without `resolvers` the machine's own are asked. `leaktap` is the command that runs a session.
    """

    iface: str
    uplink: str
    subnet: IPv4Network
    ssid: str = "leaktap"
    passphrase: str = ""
    channel: int = 6
    country: str = ""
    port: int = 8080
    quic: Literal["refuse", "pass"] = "refuse"
    resolvers: tuple[str, ...] = ()
    leaktap: str = "leaktap"

    @property
    def gateway(self) -> IPv4Address:
        """The machine's own address among the phones'."""
        return self.subnet[1]

    @property
    def leases(self) -> tuple[IPv4Address, IPv4Address]:
        """The first and the last address that phones are given."""
        first = _FIRST_LEASE if self.subnet.num_addresses > 4 * _FIRST_LEASE else 2
        return self.subnet[first], self.subnet[-2]

    @property
    def page_port(self) -> int:
        """The ordinary proxy's port."""
        return self.port - 1

    @property
    def table(self) -> str:
        """The name of the table of rules."""
        return f"leaktap_{re.sub(r'[^A-Za-z0-9]', '_', self.iface)}"

    @property
    def state(self) -> str:
        """The folder that remembers what was changed, until it is undone or the machine starts anew."""
        return f"/run/leaktap-ap-{self.iface}"


def plan(about: Plan, taken: Iterable[Taken] = ()) -> Plan:
    """Returns the plan if it can be carried out beside the networks that are `taken`.

    Raises:
        PlanError: it cannot.
    """
    for option, name in (("--iface", about.iface), ("--uplink", about.uplink)):
        if not _INTERFACE.fullmatch(name):
            raise PlanError(f"{option}: {name!r} is no name of a network interface: ip link shows them")
    if about.iface == about.uplink:
        raise PlanError(f"--uplink: {about.uplink} is the phones' interface: name the one that leads to the Internet")
    if about.ssid:
        _radio(about)
    _addresses(about, taken)
    if not 1025 <= about.port <= 65_535:
        raise PlanError(f"--port: {about.port} is not from 1025 to 65535")
    for resolver in about.resolvers:
        try:
            ip_address(resolver)
        except ValueError:
            raise PlanError(f"--dns: {resolver!r} is no address: write it as 192.0.2.53") from None
    return about


def _radio(about: Plan) -> None:
    size = len(about.ssid.encode("utf-8", "surrogateescape"))
    if size > _MOST_SSID:
        raise PlanError(f"--ssid: has {size} bytes in UTF-8: {_MOST_SSID} is the most")
    if not about.ssid.isprintable():
        raise PlanError(f"--ssid: {about.ssid!r} has characters that no phone can show: take others")
    if not _PASSPHRASE.fullmatch(about.passphrase):
        many = f"has {len(about.passphrase)} characters" if about.passphrase.isascii() else "is no plain ASCII"
        raise PlanError(f"--passphrase: {many}: WPA2 needs 8 to 63 printable ASCII characters")
    if about.channel not in (*_LOW_BAND, *_HIGH_BAND):
        known = f"1 to {_LOW_BAND[-1]}, {', '.join(map(str, _HIGH_BAND))}"
        raise PlanError(f"--channel: {about.channel} is none that needs no search for radar: {known}")
    if about.country and not _COUNTRY.fullmatch(about.country):
        raise PlanError(f"--country: {about.country!r} is no country: two capital letters, such as DE")
    if about.channel in _HIGH_BAND and not about.country:
        raise PlanError(f"--channel: {about.channel} is of the 5 GHz band, whose limits differ: say --country as well")


def _addresses(about: Plan, taken: Iterable[Taken]) -> None:
    subnet = about.subnet
    if not any(subnet.subnet_of(private) for private in _PRIVATE):
        raise PlanError(f"--subnet: {subnet} is not private: take one within 10.0.0.0/8, such as 10.42.7.0/24")
    if not _SHORTEST_PREFIX <= subnet.prefixlen <= _LONGEST_PREFIX:
        raise PlanError(f"--subnet: {subnet}: the prefix must be from /{_SHORTEST_PREFIX} to /{_LONGEST_PREFIX}")
    for network, interface in taken:
        if interface != about.iface and network.prefixlen and network.overlaps(subnet):
            raise PlanError(f"--subnet: {subnet} overlaps {network}, which {interface} leads to: take another")
