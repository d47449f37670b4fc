"""Protocols over QUIC that know nothing of streams, such as DNS (RFC 9250): each stream is read like a connection.

What it is, is told as it is over TCP: by the name that was agreed on, or by its bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from leaktap.model import Time
from leaktap.wire._api import Context, Made
from leaktap.wire._bytes import Segment
from leaktap.wire.node import Node

_MOST_STREAMS = 1024
"""How many streams are followed at once."""


@dataclass(slots=True)
class _Stream:
    """A stream and the sides that have ended it."""

    node: Node
    ended: set[int] = field(default_factory=set)


class Separate:
    """The streams of one connection, each on its own."""

    def __init__(self, context: Context) -> None:
        """Begins without streams."""
        self._context = replace(context, flow=replace(context.flow, from_start=True))
        self._streams: dict[int, _Stream] = {}

    def data(self, side: int, number: int, segment: Segment, ended: bool) -> Iterator[Made]:
        """Takes the next bytes of a stream."""
        stream = self._streams.get(number)
        if stream is None:
            if len(self._streams) >= _MOST_STREAMS:
                yield from self._close(next(iter(self._streams)))
            stream = self._streams[number] = _Stream(Node(replace(self._context), "tcp"))
        if segment.data or segment.lost:
            yield from stream.node.feed(side, segment)
        if ended:
            yield from self._end(side, number, stream)

    def reset(self, side: int, number: int, time: Time) -> Iterator[Made]:
        """Ends a side of a stream."""
        stream = self._streams.get(number)
        if stream is not None:
            yield from self._end(side, number, stream)

    def datagram(self, side: int, data: bytes, frame: int) -> Iterator[Made]:
        """Counts a datagram."""
        yield self._context.blind("unknown_protocol", self._context.name or "quic", len(data), (frame,), "datagrams")

    def pause(self) -> Iterator[Made]:
        """Yields what need not wait for more."""
        for stream in list(self._streams.values()):
            yield from stream.node.pause()

    def close(self) -> Iterator[Made]:
        """Yields what is pending."""
        for number in list(self._streams):
            yield from self._close(number)

    def _end(self, side: int, number: int, stream: _Stream) -> Iterator[Made]:
        stream.ended.add(side)
        if number & 2 or len(stream.ended) == 2:
            yield from self._close(number)

    def _close(self, number: int) -> Iterator[Made]:
        yield from self._streams.pop(number).node.close()
