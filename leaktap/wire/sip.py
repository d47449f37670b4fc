"""SIP over UDP (RFC 3261): an exchange per message, with its body (session descriptions, instant messages).

Both sides ask and answer, so nothing is paired: what the client sends is a request of the exchange, be it a response in
SIP's sense or not, and what the server sends a response. Where it is told from which side a question came, it is by the
word that begins the start line.
"""

import re
from collections.abc import Iterator

from leaktap.model import Message
from leaktap.wire._api import Context, Finished, Made, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._heads import read_head
from leaktap.wire._units import BadUnit, Datagrams, Unit

FIRST_LINE = re.compile(
    rb"(?:[A-Z]{3,20} (?:sips?|tel|urn):[!-~]{1,2048} SIP/2\.0|SIP/2\.0 [1-6][0-9][0-9] [^\r\n]{0,1024})\r?\n"
)
KEEP_ALIVE = re.compile(rb"[\r\n\0]*")


class Sip(Datagrams):
    """A pair of UDP endpoints that speak SIP."""

    protocol = "sip"

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message, or a sign that the connection is alive; raises BadUnit."""
        return said(self._context, side, unit)


def said(context: Context, side: int, unit: Unit) -> Iterator[Made]:
    """Yields the exchange that a message stands for; raises BadUnit."""
    data = unit.data
    if KEEP_ALIVE.fullmatch(data):
        return
    if not FIRST_LINE.match(data):
        raise BadUnit("no SIP message")
    head = read_head(data)
    scheme = "sips" if context.decrypted else "sip"
    start = head.start
    if side == CLIENT:
        asks = start if start[0] != "SIP/2.0" else ("RESPONSE", "", "SIP/2.0")
        request, response = Message(asks, head.headers, data[head.end :], unit.time, unit.frames), None
    else:
        answers = start if start[0] == "SIP/2.0" else ("SIP/2.0", "", start[0])
        request = Message((head.header(b"cseq").decode("latin-1").rpartition(" ")[2], "", "SIP/2.0"), time=unit.time)
        response = Message(answers, head.headers, data[head.end :], unit.time, unit.frames)
    yield Finished(context.exchange("sip", scheme, "", request, response))


def sniff(side: int, data: bytes) -> bool | None:
    """Tells by the first line; a sign of life alone does not."""
    data = data[KEEP_ALIVE.match(data).end() :]  # type: ignore[union-attr]
    if not data:
        return None
    return bool(FIRST_LINE.match(data))


PROTOCOL = Protocol("sip", sniff, Sip, transport="udp")
