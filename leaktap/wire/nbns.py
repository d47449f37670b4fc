"""The name service of NetBIOS (RFC 1002, section 4.2): names that machines register, and who has one.

A unique workstation name (suffix 0x00) that is registered, or given as an answer, is the machine's own.
"""

from ipaddress import IPv4Address

from leaktap.wire._api import Context, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._dns_message import NB, DnsMessage, kind, netbios
from leaktap.wire.dns import DnsDatagrams
from leaktap.wire.names import Names

_REGISTRATIONS = frozenset({5, 8, 9})
_GROUP = 0x80
_ENTRY = 6


class Nbns(DnsDatagrams):
    """What machines say about NetBIOS names."""

    protocol = "nbns"

    def learn(self, message: DnsMessage, names: Names, side: int, context: Context) -> None:
        """Notes who has which name."""
        if message.flags & 15 or not (message.response or message.opcode in _REGISTRATIONS):
            return
        for record in message.records:
            name, suffix = netbios(record.name)
            data = message.content(record)
            if record.kind != NB or suffix or not name or name == "*":
                continue
            for at in range(0, len(data) - _ENTRY + 1, _ENTRY):
                if not data[at] & _GROUP:
                    address = str(IPv4Address(data[at + 2 : at + 6]))
                    names.learn_phone(address, name)
                    if side == CLIENT and address == context.client.ip and context.client.mac:
                        names.learn_phone(context.client.mac, name)


def _sniff(side: int, data: bytes) -> bool | None:
    return kind(side, data) == "nbns"


PROTOCOL = Protocol("nbns", _sniff, Nbns, transport="udp", common=True)
