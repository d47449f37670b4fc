"""SSDP (UPnP Device Architecture 2.0, section 1): what machines search for and announce on the local network.

Each datagram is an exchange of its own: an answer goes from another address than the group's.
"""

import re
from collections.abc import Iterator

from leaktap.model import Message
from leaktap.wire._api import Finished, Made, Protocol
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._heads import read_head
from leaktap.wire._units import BadUnit, Datagrams, Unit

_FIRST_LINE = re.compile(
    rb"(?:(?:M-SEARCH|NOTIFY) \S{1,1024} HTTP/1\.[01]|HTTP/1\.[01] [1-5][0-9][0-9](?: [^\r\n]*)?)\r?\n"
)


class Ssdp(Datagrams):
    """What a machine says to the group, or answers another."""

    protocol = "ssdp"

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message; raises BadUnit."""
        if not _FIRST_LINE.match(unit.data):
            raise BadUnit("no SSDP message")
        head = read_head(unit.data)
        answers = head.start[0].startswith("HTTP/")
        start = ("RESPONSE", "*", "HTTP/1.1") if answers and side == CLIENT else head.start
        message = Message(start, head.headers, unit.data[head.end :], unit.time, unit.frames)
        request, response = message, None
        if side == SERVER:
            request, response = Message(("M-SEARCH" if answers else start[0], "*", "HTTP/1.1"), time=unit.time), message
        host = self._context.server.ip
        yield Finished(self._context.exchange("ssdp", "ssdp", host, request, response))


def _sniff(side: int, data: bytes) -> bool | None:
    return bool(_FIRST_LINE.match(data)) and (side == CLIENT) != data.startswith(b"HTTP/")


PROTOCOL = Protocol("ssdp", _sniff, Ssdp, transport="udp")
