"""DHCP for IPv4 (RFC 2131, 2132): what phones call themselves, and which address they have.

No exchange is made of it: a phone's system has to show its hardware address to get any address at all, which accuses no
app. It is control of the link, as ARP is; only the names are kept. A name comes from option 12 or 81 (RFC 4702) of what
a phone sends, and goes with the address that it asks for, or that the server's message then gives it.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from leaktap.wire._api import Made, Protocol
from leaktap.wire._units import BadUnit, Datagrams, Unit

_COOKIE_AT, _COOKIE = 236, b"\x63\x82\x53\x63"
_OPTIONS = _COOKIE_AT + len(_COOKIE)
_REQUEST, _REPLY = 1, 2
_PAD, _HOST_NAME, _ASKED_ADDRESS, _FQDN, _END = 0, 12, 50, 81, 255
_ENCODED = 0x04


class Dhcp(Datagrams):
    """What a phone and a DHCP server say; both directions of a broadcast are flows of their own."""

    protocol = "dhcp"

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message; raises BadUnit."""
        data, names = unit.data, self._context.names
        if not _is_message(data):
            raise BadUnit("no DHCP message")
        said = options(data)
        mac = data[28 : 28 + min(data[2], 16)].hex(":")
        if data[0] == _REQUEST:
            name = _fqdn(said.get(_FQDN, b"")) or _text(said.get(_HOST_NAME, b""))
            address = said.get(_ASKED_ADDRESS, b"") or data[12:16]
        else:
            name, address = names.phone(mac, ""), data[16:20]
        if name:
            names.learn_phone(mac, name)
            if len(address) == 4 and any(address):
                names.learn_phone(str(IPv4Address(address)), name)
        return iter(())


def options(data: bytes) -> dict[int, bytes]:
    """Returns the options of a message; one that comes in parts is put together (RFC 3396)."""
    found: dict[int, bytes] = {}
    at = _OPTIONS
    while at + 1 < len(data) and data[at] != _END:
        if data[at] == _PAD:
            at += 1
            continue
        size = data[at + 1]
        found[data[at]] = found.get(data[at], b"") + data[at + 2 : at + 2 + size]
        at += 2 + size
    return found


def _fqdn(value: bytes) -> str:
    """Returns the first label of the name in option 81: flags, two codes, and the name as text or encoded."""
    name = value[3:]
    if value and value[0] & _ENCODED:
        name = name[1 : 1 + name[0]] if name else b""
    return _text(name).partition(".")[0]


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "replace").strip()


def _is_message(data: bytes) -> bool:
    return (
        len(data) > _OPTIONS
        and data[_COOKIE_AT:_OPTIONS] == _COOKIE
        and data[0] in (_REQUEST, _REPLY)
        and 0 < data[2] <= 16
    )


def _sniff(side: int, data: bytes) -> bool | None:
    return _is_message(data)


PROTOCOL = Protocol("dhcp", _sniff, Dhcp, transport="udp", common=True)
