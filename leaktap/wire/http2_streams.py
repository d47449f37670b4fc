"""The streams of an HTTP/2 or 3 connection: what was read of each request and response (RFC 9113 section 8)."""

from dataclasses import dataclass, field

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

    @property
    def done(self) -> bool:
        """Whether neither side brings more."""
        return self.states[0] != OPEN and self.states[1] != OPEN

    def tunnels(self, side: int) -> bool:
        """Tells whether the data of a side belongs to the tunnel: not if the server refused it."""
        answer = self.messages[SERVER]
        return bool(self.tunnel) and (side == CLIENT or answer is None or answer.start[1].startswith("2"))

    def begin(self, side: int, headers: Headers, time: Time, frames: Frames) -> None:
        """Takes the head of a message."""
        pseudo = {name: value for name, value in headers if name[:1] == b":"}
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
        self.cost += sum([len(name) + len(value) for name, value in headers]) + _HEADER_COST * len(headers)


def is_head(side: int, headers: Headers) -> bool:
    """Tells whether headers begin a message: no trailers, and no 1xx, behind which the response is still to come."""
    if side == CLIENT:
        return any(name == b":method" for name, _ in headers)
    status = next((value for name, value in headers if name == b":status"), b"1")
    return not status.startswith(b"1")


def _plain(headers: Headers) -> Headers:
    return tuple([header for header in headers if header[0][:1] != b":"])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
