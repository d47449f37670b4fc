"""The exchanges of a connection that has many streams at once: what is open, what is complete, what is too much."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from leaktap.model import Exchange, Fault, Headers, Time
from leaktap.wire._api import Context, Finished, Made
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._intake import Frames
from leaktap.wire._messages import Incoming
from leaktap.wire.http2_streams import BROKEN, ENDED, OPEN, Stream, is_head
from leaktap.wire.websocket import WebSocket

MOST_STREAMS = 10_000
MOST_KEPT = 64 << 20
"""Bytes that the open streams of a connection may take together."""


class Exchanges:
    """The streams of one connection, which whoever reads it fills."""

    def __init__(self, context: Context, name: str, version: str) -> None:
        """Begins without streams. `name` is the protocol's, `version` what stands in the start lines."""
        self._context, self._name, self._version = context, name, version
        self._blind = partial(context.unread, name)
        self._streams: dict[int, Stream] = {}
        self._asked: dict[int, Stream] = {}
        self._kept = 0
        self._complained = self._retired = False

    def pause(self) -> Iterator[Made]:
        """Yields the requests that have ended; their responses come later."""
        for stream in [stream for stream in self._asked.values() if stream.states[CLIENT] == ENDED]:
            del self._asked[stream.number]
            request, exchange = stream.messages[CLIENT], self._exchange(stream, answered=False)
            if request is not None and exchange is not None and not stream.tunnel:
                stream.shown = True
                yield Finished(exchange)

    def _open(self, number: int) -> Stream:
        """Opens a stream."""
        stream = self._streams[number] = Stream(number, [OPEN, OPEN], version=self._version)
        return stream

    def _take_headers(
        self, side: int, stream: Stream, headers: Headers, begin: Time, end: Time, frames: Frames
    ) -> Iterable[Made]:
        """Takes headers of a side: a head, trailers, or an interim response."""
        message, before = stream.messages[side], stream.cost
        if message is not None:
            stream.trail(message, headers, end, frames)
        elif is_head(side, headers):
            stream.begin(side, headers, begin, frames)
            if side == CLIENT:
                stream.index = next(self._context.flow.numbers)
                self._asked[stream.number] = stream
        self._kept += stream.cost - before
        if message is None and side == CLIENT and stream.tunnel == "websocket":
            stream.inner = WebSocket(replace(self._context, upgrade=self._exchange(stream)))
            early = stream.take_back(SERVER) if stream.tunnels(SERVER) else None
            if early is not None:
                return stream.inner.feed(SERVER, early)
        return ()

    def _keep(self, stream: Stream, message: Incoming, data: bytes) -> None:
        """Takes a piece of a body."""
        before = stream.cost
        stream.keep(message, data)
        self._kept += stream.cost - before

    @property
    def _full(self) -> bool:
        """Whether too many streams are open, or they hold too much."""
        return self._kept > MOST_KEPT or len(self._streams) > MOST_STREAMS

    def _limit(self) -> Iterable[Made]:
        """Gives the oldest streams up as long as it is full."""
        made: list[Made] = []
        while self._full and self._streams:
            self._retired = True
            made += self._break_off(next(iter(self._streams.values())))
        return made

    def _break_all_off(self) -> Iterator[Made]:
        for stream in list(self._streams.values()):
            yield from self._break_off(stream)

    def _break_off(self, stream: Stream) -> Iterator[Made]:
        stream.states = [BROKEN if state == OPEN else state for state in stream.states]
        yield from self._done(stream)

    def _done(self, stream: Stream) -> Iterable[Made]:
        """Returns the exchange of a stream if it is complete."""
        if OPEN in stream.states or self._streams.pop(stream.number, None) is None:
            return ()
        self._asked.pop(stream.number, None)
        self._kept -= stream.cost
        made: list[Made] = []
        if stream.inner is not None:
            made += stream.inner.close()
        asked, answered = stream.messages
        for incoming in (asked, answered):
            if incoming is not None and incoming.over:
                made += self._blind("limit", incoming.over, incoming.frames.numbers, "the end of a long body")
        if stream.shown and answered is None:
            return made
        exchange = self._exchange(stream)
        if asked is not None and exchange is not None:
            made.append(Finished(exchange, stream.shown))
        elif answered is not None:
            numbers = answered.frames.numbers
            made += self._blind("truncated", answered.kept, numbers, "a response without its request")
        return made

    def _exchange(self, stream: Stream, answered: bool = True) -> Exchange | None:
        """Returns what a stream amounts to, if there was a request; without its response unless that is `answered`."""
        request, response = stream.message(CLIENT), stream.message(SERVER) if answered else None
        scheme = stream.scheme or ("https" if self._context.decrypted else "http")
        if request is None:
            return None
        return self._context.exchange(self._name, scheme, stream.host, request, response, stream.index)

    def _complain(self, why: str) -> Iterator[Made]:
        """Yields the first fault of the connection; more of them would say the same."""
        if not self._complained:
            self._complained = True
            yield Fault("wire", self._context.where, why)
