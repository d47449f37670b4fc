"""The streams of an HTTP/2 or 3 connection: what was read of each request and response (RFC 9113 section 8)."""

from dataclasses import dataclass, field
from itertools import chain

from leaktap.model import Headers, Message, Time
from leaktap.wire._api import Layer
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._intake import Frames
from leaktap.wire._messages import MOST_HEADERS, Incoming, authority

OPEN, ENDED, RESET, BROKEN = range(4)
"""What became of one side of a stream: END_STREAM, RST_STREAM, or it was not read on."""

_PIECE_COST = 64
_HEADER_COST = 96
_MOST_CLIPPED = 64


@dataclass(slots=True, eq=False)
class Stream:
    """A stream. `messages` and `states` have one entry per side; `cost` is about how much memory it takes.

    `tunnel` names what runs in it behind a CONNECT (RFC 8441), `inner` reads that if it is read. `index` is the number
    of its exchange, given when the request begins; `shown` tells that the request was told before its answer.
    """

    number: int
    states: list[int]
    messages: list[Incoming | None] = field(default_factory=lambda: [None, None])
    scheme: str = ""
    host: str = ""
    tunnel: str = ""
    inner: Layer | None = None
    cost: int = 0
    index: int = 0
    shown: bool = False
    version: str = "HTTP/2"

    def tunnels(self, side: int) -> bool:
        """Tells whether the data of a side belongs to the tunnel: not if the server refused it."""
        if not self.tunnel:
            return False
        answer = self.messages[SERVER]
        return side == CLIENT or answer is None or answer.start[1].startswith("2")

    def begin(self, side: int, headers: Headers, time: Time, frames: Frames) -> None:
        """Takes the head of a message."""
        pseudo = dict(headers)
        plain = _plain(headers)
        if side == CLIENT:
            method = _text(pseudo.get(b":method", b""))
            asked = pseudo.get(b":authority") or next((value for name, value in plain if name == b"host"), b"")
            start = (method, _text(pseudo.get(b":path") or asked), self.version)
            self.scheme = _text(pseudo.get(b":scheme", b"")).lower()
            self.host = authority(_text(asked))[0]
            if method == "CONNECT":
                self.tunnel = _text(pseudo.get(b":protocol", b"")).lower()[:_MOST_CLIPPED] or "tunnel"
        else:
            start = (self.version, _text(pseudo.get(b":status", b"")), "")
        self.messages[side] = Incoming(start, plain, time, time, frames)
        self._weigh(headers)

    def trail(self, message: Incoming, headers: Headers, time: Time, frames: Frames) -> None:
        """Takes trailers, unless there is no end to them."""
        if len(message.headers) < MOST_HEADERS:
            message.headers += _plain(headers)
        message.end = time
        message.frames.add(frames.numbers)
        self._weigh(headers)

    def keep(self, message: Incoming, data: bytes) -> None:
        """Takes a piece of a body."""
        before = message.kept
        message.keep(data)
        if message.kept > before:
            self.cost += message.kept - before + _PIECE_COST

    def take_back(self, side: int) -> Segment | None:
        """Returns what was taken for a body, before the other side's head said that it is a tunnel's."""
        message = self.messages[side]
        if message is None or not message.kept:
            return None
        data = b"".join(message.pieces)
        message.pieces.clear()
        message.kept = 0
        return Segment(data, [0], message.frames.numbers[-1:], [message.end])

    def message(self, side: int) -> Message | None:
        """Returns a side's message. Of one that broke off, what Content-Length has promised is missing."""
        incoming = self.messages[side]
        if incoming is None:
            return None
        if self.states[side] == BROKEN:
            length = incoming.header(b"content-length")
            if length.isdigit() and len(length) <= 15:
                incoming.lost = max(incoming.lost, int(length) - incoming.kept - incoming.over)
        return incoming.message()

    def _weigh(self, headers: Headers) -> None:
        self.cost += sum(map(len, chain.from_iterable(headers))) + _HEADER_COST * len(headers)


def is_head(side: int, headers: Headers) -> bool:
    """Tells whether headers begin a message: no trailers, and no 1xx, behind which the response is still to come."""
    wanted = b":method" if side == CLIENT else b":status"
    for name, value in headers:
        if name == wanted:
            return side == CLIENT or value[:1] != b"1"
    return False


def _plain(headers: Headers) -> Headers:
    return tuple([header for header in headers if header[0][:1] != b":"])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
