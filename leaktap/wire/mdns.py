"""mDNS (RFC 6762): questions of the local network and what machines announce of themselves.

What is announced, with an address, is the machine's own name; it is noted for the address, and for the hardware address
where the machine announces itself. Everything is sent to the local network only.
"""

from leaktap.wire._api import Context, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._dns_message import DnsMessage, kind
from leaktap.wire.dns import DnsDatagrams, addresses
from leaktap.wire.names import Names


class Mdns(DnsDatagrams):
    """What a machine says to the group, or to another machine."""

    protocol = "mdns"

    def learn(self, message: DnsMessage, names: Names, side: int, context: Context) -> None:
        """Notes the names of machines, whichever record of a response gives them."""
        if message.response:
            sender = context.client if side == CLIENT else context.server
            for record in message.records:
                own = record.name.lower().removesuffix(".local")
                for address in addresses(message, record) if own else ():
                    names.learn_host(address, record.name)
                    names.learn_phone(address, record.name[: len(own)])
                    if address == sender.ip and sender.mac:
                        names.learn_phone(sender.mac, record.name[: len(own)])


def _sniff(side: int, data: bytes) -> bool | None:
    return kind(side, data) == "mdns"


PROTOCOL = Protocol("mdns", _sniff, Mdns, transport="udp", common=True)
