"""SIP over TCP, TLS or WebSocket: messages behind each other, each with its Content-Length.

RFC 3261, section 18.3; RFC 7118, where each message of a WebSocket is one of SIP.
"""

import re
from collections.abc import Iterator

from leaktap.wire._api import Made, Protocol
from leaktap.wire._heads import head_end
from leaktap.wire._units import BadUnit, Unit, Units
from leaktap.wire.sip import FIRST_LINE, KEEP_ALIVE, said, sniff

_LENGTH = re.compile(rb"\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?\n", re.IGNORECASE)
_MOST_HEAD = 64 << 10
_LINE_BEGUN = re.compile(rb"(?:[A-Z]{0,20}|[A-Z]{3,20} [ -~]{0,2100}|SIP/2\.0[ -~]{0,1100})\r?\Z")


class SipStream(Units):
    """A connection that speaks SIP."""

    protocol = "sip"

    def size(self, side: int, data: bytes | bytearray, at: int) -> int:
        """Returns how long the message at `at` is, or the signs of life there; raises BadUnit."""
        idle = KEEP_ALIVE.match(data, at)
        if idle and idle.end() > at:
            return idle.end() - at
        end = head_end(data, at)
        if not end:
            if len(data) - at > _MOST_HEAD:
                raise BadUnit("a head that does not end")
            return 0
        if not FIRST_LINE.match(data, at):
            raise BadUnit("bytes that are no message")
        length = _LENGTH.search(data, at, end)
        return end - at + (int(length[1]) if length else 0)

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message; raises BadUnit."""
        return said(self._context, side, unit)


def _sniff(side: int, data: bytes) -> bool | None:
    answer = sniff(side, data)
    begun = data.lstrip(b"\r\n\0")
    return None if not answer and b"\n" not in begun and _LINE_BEGUN.match(begun) else answer


PROTOCOL = Protocol("sip", _sniff, SipStream, names=("sip",))
