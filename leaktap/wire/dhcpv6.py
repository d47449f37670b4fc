"""DHCP for IPv6 (RFC 8415): what phones call themselves (client FQDN, RFC 4704), and which address they have.

As with `dhcp`, only the names are kept and no exchange is made. The hardware address is the one in the client's DUID,
where that is made of one (section 11), and the one that the link shows.
"""

from collections.abc import Iterator
from ipaddress import IPv6Address

from leaktap.wire._api import Made, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._units import BadUnit, Datagrams, Unit

_HEAD = 4
_MESSAGES = range(1, 12)
_CLIENT_ID, _IA_NA, _IA_ADDRESS, _FQDN = 1, 3, 5, 39
_HIGHEST_OPTION = 160
_DUIDS = range(1, 5)
_MAC_AT = {1: 8, 3: 4}


class Dhcpv6(Datagrams):
    """What a phone and a DHCP server say."""

    protocol = "dhcpv6"

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message; raises BadUnit."""
        if not _is_message(unit.data):
            raise BadUnit("no DHCPv6 message")
        said, names = _options(unit.data[_HEAD:]) or {}, self._context.names
        duid = said.get(_CLIENT_ID, b"")
        mac_at = _MAC_AT.get(int.from_bytes(duid[:2]))
        macs = [duid[mac_at:].hex(":")] if mac_at and len(duid) == mac_at + 6 else []
        if side == CLIENT and self._context.client.mac:
            macs.append(self._context.client.mac)
        fqdn = said.get(_FQDN, b"")
        name = fqdn[2 : 2 + fqdn[1]].decode("utf-8", "replace") if len(fqdn) > 2 else ""
        name = name or next((known for mac in macs if (known := names.phone(mac, ""))), "")
        if name:
            addresses = [str(IPv6Address(address)) for address in _addresses(said.get(_IA_NA, b""))]
            for each in macs + addresses:
                names.learn_phone(each, name)
        return iter(())


def _addresses(association: bytes) -> Iterator[bytes]:
    """Yields the addresses of an IA_NA (sections 21.4 and 21.6)."""
    inner = _options(association[12:]) or {}
    if len(inner.get(_IA_ADDRESS, b"")) >= 24:
        yield inner[_IA_ADDRESS][:16]


def _options(data: bytes) -> dict[int, bytes] | None:
    """Returns the options that `data` is made of, the last of each kind; None if it is not made of options."""
    found, at = {}, 0
    while at + 4 <= len(data):
        code, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
        found[code] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return found if at == len(data) else None


def _is_message(data: bytes) -> bool:
    """Tells by the type, options that end where the message does, and a client's DUID among them."""
    if len(data) < _HEAD + 4 or data[0] not in _MESSAGES:
        return False
    said = _options(data[_HEAD:])
    if not said or max(said) > _HIGHEST_OPTION:
        return False
    duid = said.get(_CLIENT_ID, b"")
    return len(duid) > 4 and int.from_bytes(duid[:2]) in _DUIDS


def _sniff(side: int, data: bytes) -> bool | None:
    return _is_message(data)


PROTOCOL = Protocol("dhcpv6", _sniff, Dhcpv6, transport="udp", common=True)
