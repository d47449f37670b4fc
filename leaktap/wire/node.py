"""A place in a connection's stack: a layer that is chosen by its first bytes, and the node above it.

A `Node` keeps the first bytes of both sides until a protocol is recognised by them (never by port), feeds that
protocol's layer, and has a node above it for what the layer uncovers. So TLS inside a proxy's CONNECT, or a WebSocket
inside TLS, needs nothing of its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import repeat

from leaktap.model import MOST_FRAMES, Blind, Fault
from leaktap.wire._api import Above, Context, Finished, Layer, Made, Pausing, Plain, protocols
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._units import datagrams
from leaktap.wire.raw import Raw

_MOST_SNIFFED = 64 << 10
_MOST_MET = 2048

MOST_LAYERS = 16
"""How many layers are followed into each other. A tunnel in a tunnel has four, with TLS around each."""

type Done = Finished | Blind | Fault
"""What comes out of a stack."""


class Node:
    """A layer that is chosen when its first bytes are there, and the node above it.

    `common` tells whether its protocol is. `depth` is how many layers are below.
    """

    common = False

    def __init__(self, context: Context, transport: str, depth: int = 0) -> None:
        """Begins without a layer. `transport` is what runs below."""
        self._context = context
        self._depth = depth
        self._transport = transport
        self._protocols = protocols(transport)
        self._layer: Layer | None = None
        self._above: Node | None = None
        self._first: tuple[list[Segment], list[Segment]] = ([], [])
        self._flip = 0
        self._late = not context.flow.from_start

    @property
    def settled(self) -> bool:
        """Whether the layer is chosen."""
        return self._layer is not None

    @property
    def waiting(self) -> int:
        """How many bytes are kept for a key that may still come."""
        return (self._layer.waiting if self._layer else 0) + (self._above.waiting if self._above else 0)

    def feed(self, side: int, segment: Segment) -> Iterator[Done]:
        """Takes bytes of a side."""
        if self._layer is None:
            self._first[side].append(segment)
            layer = self._choose(last=False)
            if layer is not None:
                yield from self._start(layer)
        elif self._late and isinstance(self._layer, Raw):
            yield from self._met(self._layer, side, segment)
        else:
            yield from self._over(self._layer.feed(side ^ self._flip, segment))

    def pause(self) -> Iterator[Done]:
        """Yields what need not wait for more."""
        if isinstance(self._layer, Pausing):
            yield from self._over(self._layer.pause())
        if self._above is not None:
            yield from self._above.pause()

    def close(self) -> Iterator[Done]:
        """Closes the layer, then what is above."""
        if self._layer is None:
            yield from self._start(self._choose(last=True) or Raw(self._context, self._transport))
        assert self._layer is not None
        yield from self._over(self._layer.close())
        if self._above is not None:
            yield from self._above.close()

    def _start(self, layer: Layer) -> Iterator[Done]:
        """Feeds a layer what came so far, the client's side first."""
        self._layer = layer
        for side in (CLIENT ^ self._flip, SERVER ^ self._flip):
            segments = self._first[side].copy()
            self._first[side].clear()
            for segment in segments:
                yield from self.feed(side, segment)

    def _over(self, made: Iterable[Made]) -> Iterator[Done]:
        """Passes on what a layer made: up, or out."""
        for thing in made:
            if isinstance(thing, Plain):
                if self._above is not None:
                    yield from self._above.feed(thing.side, thing.segment)
            elif isinstance(thing, Above):
                if self._above is not None:
                    yield from self._above.close()
                self._above = Node(thing.context, "tcp", self._depth + 1)
            else:
                yield thing

    def _met(self, raw: Raw, side: int, segment: Segment) -> Iterator[Done]:
        """Of a connection that was met in its middle, looks whether a piece begins with something known."""
        ends = [*segment.offsets[1:], len(segment.data)] if self._transport == "udp" else repeat(len(segment.data))
        for offset, end in zip(segment.offsets, ends, strict=False):
            layer, _ = self._recognise(side, segment.data[offset : min(end, offset + _MOST_MET)])
            if layer is not None:
                if offset:
                    yield from self._over(raw.feed(side, cut(segment, 0, offset)))
                yield from self._over(raw.close())
                self._layer = layer
                yield from self._over(layer.feed(side ^ self._flip, cut(segment, offset, len(segment.data))))
                return
        yield from self._over(raw.feed(side, segment))

    def _choose(self, last: bool) -> Layer | None:
        """Returns the layer for what came first, or None while that is too little to tell (it is not, if `last`)."""
        if self._depth >= MOST_LAYERS:
            return _Deeper(self._context)
        named = next((protocol for protocol in self._protocols if self._context.name in protocol.names), None)
        if named is not None and any(segment.data for segments in self._first for segment in segments):
            self.common = named.common
            return named.layer(self._context)
        longest, open_question = 0, False
        for side in (CLIENT, SERVER):
            size = 0
            for begin in self._beginnings(self._first[side]):
                size += len(begin)
                layer, unclear = self._recognise(side, begin)
                if layer is not None:
                    return layer
                open_question |= unclear
                if not unclear:
                    break
            longest = max(longest, size)
            if size and not open_question:
                break
        if not last and (not longest or (open_question and longest < _MOST_SNIFFED)):
            return None
        return Raw(self._context, self._transport)

    def _beginnings(self, segments: list[Segment]) -> Iterator[bytes]:
        """Yields what tells a side's protocol: of a stream its first bytes, of datagrams one after the other."""
        begin = b""
        for index, segment in enumerate(segments):
            if self._transport == "udp":
                yield from (unit.data for unit in datagrams(segment))
            elif (segment.lost and index) or len(begin) >= _MOST_SNIFFED:
                break
            else:
                begin += segment.data[:_MOST_SNIFFED]
        if begin:
            yield begin

    def _recognise(self, side: int, begin: bytes) -> tuple[Layer | None, bool]:
        """Returns a new layer for bytes of a side, or whether more of them may tell.

        Of a connection that was met in its middle, the client may turn out to be the server.
        """
        unclear = False
        for flip in (0, 1) if self._late else (0,):
            for protocol in self._protocols:
                answer = protocol.sniff(side ^ flip, begin)
                if not answer and protocol.joins is not None and protocol.joins(self._context, begin):
                    answer = True
                unclear |= answer is None
                if answer:
                    if flip:
                        self._flip = 1
                        client, server = self._context.client, self._context.server
                        self._context = replace(self._context, client=server, server=client)
                    self.common = protocol.common
                    return protocol.layer(self._context), False
        return None, unclear


class _Deeper:
    """What is in more layers than are followed."""

    waiting = 0

    def __init__(self, context: Context) -> None:
        self._context = context

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Counts bytes."""
        detail = f"in more than {MOST_LAYERS} layers"
        if segment.data:
            yield self._context.blind("limit", "tunnel", len(segment.data), tuple(segment.frames[:MOST_FRAMES]), detail)

    def close(self) -> Iterator[Made]:
        """Yields nothing."""
        return iter(())


def cut(segment: Segment, start: int, end: int) -> Segment:
    """Returns the bytes from `start` to before `end` of a segment, with their packets."""
    first = max(bisect_right(segment.offsets, start) - 1, 0)
    last = bisect_left(segment.offsets, end)
    return Segment(
        segment.data[start:end],
        [max(offset - start, 0) for offset in segment.offsets[first:last]],
        segment.frames[first:last],
        segment.times[first:last],
        0 if start else segment.lost,
    )
