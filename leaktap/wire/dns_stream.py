"""DNS over TCP, and over TLS or QUIC within it: each message behind its length.

RFC 1035, section 4.2.2; RFC 7858; RFC 9250.
"""

from collections.abc import Iterator

from leaktap.wire._api import Context, Made, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._dns_message import DnsMessage, kind
from leaktap.wire._units import Unit, Units
from leaktap.wire.dns import Talk, learn
from leaktap.wire.names import Names

_LENGTH = 2
_SHORTEST, _LONGEST_QUESTION = 17, 2048


class DnsStream(Units):
    """A connection to a resolver."""

    protocol = "dns"

    def __init__(self, context: Context) -> None:
        """Begins with the first length."""
        super().__init__(context)
        self._talk = Talk(context, "dns", self._learn, context.host or context.server.ip)

    def size(self, side: int, data: bytes | bytearray, at: int) -> int:
        """Returns how long a message is, with its length."""
        return _LENGTH + (data[at] << 8 | data[at + 1]) if len(data) - at >= _LENGTH else 0

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message; raises BadUnit."""
        return self._talk.take(side, unit, unit.data[_LENGTH:])

    def close(self) -> Iterator[Made]:
        """Yields the questions that nobody answered, and what broke off."""
        yield from super().close()
        yield from self._talk.close()

    def _learn(self, message: DnsMessage, names: Names, side: int, context: Context) -> None:
        if side != CLIENT:
            learn(message, names, shared=False)


def _sniff(side: int, data: bytes) -> bool | None:
    """Tells by the first message; before it is whole, by a length and counts that a question could have."""
    if len(data) < _LENGTH:
        return None
    size = data[0] << 8 | data[1]
    if size < _SHORTEST or (side == CLIENT and size > _LONGEST_QUESTION):
        return False
    if len(data) >= _LENGTH + size:
        return kind(side, data[_LENGTH : _LENGTH + size]) in ("dns", "llmnr")
    head = data[_LENGTH + 2 : _LENGTH + 10]
    plausible = b"\0\0\0\1\0\0\0\0" if side == CLIENT else b"\x80\0\0\1"
    mask = b"\x80\x4f\xff\xff\xff\xff\xff\xff" if side == CLIENT else b"\xf8\x40\xff\xff"
    return None if all(byte & bits == want for byte, bits, want in zip(head, mask, plausible, strict=False)) else False


PROTOCOL = Protocol("dns", _sniff, DnsStream, names=("dot", "doq"))
