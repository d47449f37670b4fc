"""LLMNR (RFC 4795): single names asked of the local network, and answered by the machine that has one."""

from leaktap.wire._api import Protocol
from leaktap.wire._dns_message import kind
from leaktap.wire.mdns import Mdns


class Llmnr(Mdns):
    """What a machine asks the group, or answers another."""

    protocol = "llmnr"


def _sniff(side: int, data: bytes) -> bool | None:
    return kind(side, data) == "llmnr"


PROTOCOL = Protocol("llmnr", _sniff, Llmnr, transport="udp", common=True)
