"""From a capture to what was said in it: packets, streams, and over each stream a stack of layers chosen by its bytes.

A `Node` is a place in the stack: it keeps the first bytes of both sides until a protocol is recognised by them (never
by port), feeds that protocol's layer, and has a node above it for what the layer uncovers. So TLS inside a proxy's
CONNECT, or a WebSocket inside TLS, needs nothing of its own. Protocols are the modules of this package that have a
`PROTOCOL`; what none of them knows is `Raw`. Exchanges come sorted by when they were complete, within a window of the
capture (or less than one, where what was said is much longer than its packets).

Where a live input pauses, requests that are complete come at once, and each response later as an `Answer`: a finding
does not wait for a server, and nothing depends on the clock. Ids and bytes are those of a run over the whole capture.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain, repeat
from typing import Any, BinaryIO

from leaktap import wire
from leaktap.discover import discover
from leaktap.model import Blind, Fault, Progress, Seen
from leaktap.share import WHOLE, Share
from leaktap.wire._api import (
    MOST_WAITING,
    Above,
    Budget,
    Context,
    Finished,
    Layer,
    Made,
    Observer,
    Pausing,
    Plain,
    protocols,
)
from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed, Flow, Segment
from leaktap.wire._intake import Frames
from leaktap.wire._units import datagrams
from leaktap.wire.container import Window, windows
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from leaktap.wire.order import in_order
from leaktap.wire.packets import Packets
from leaktap.wire.raw import Raw
from leaktap.wire.streams import Streams

_MOST_SNIFFED = 64 << 10
_MOST_MET = 2048
_PARKED_BYTES = 8 << 10

type _Done = Finished | Blind | Fault


@cache
def _observers() -> tuple[Observer, ...]:
    """Returns who wants to see every exchange."""
    return tuple(discover(wire, "OBSERVER"))


class Node:
    """A layer that is chosen when its first bytes are there, and the node above it.

    `common` tells whether its protocol is.
    """

    common = False

    def __init__(self, context: Context, transport: str) -> None:
        """Begins without a layer. `transport` is what runs below."""
        self._context = context
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

    def feed(self, side: int, segment: Segment) -> Iterator[_Done]:
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

    def pause(self) -> Iterator[_Done]:
        """Yields what need not wait for more."""
        if isinstance(self._layer, Pausing):
            yield from self._over(self._layer.pause())
        if self._above is not None:
            yield from self._above.pause()

    def close(self) -> Iterator[_Done]:
        """Closes the layer, then what is above."""
        if self._layer is None:
            yield from self._start(self._choose(last=True) or Raw(self._context, self._transport))
        assert self._layer is not None
        yield from self._over(self._layer.close())
        if self._above is not None:
            yield from self._above.close()

    def _start(self, layer: Layer) -> Iterator[_Done]:
        """Feeds a layer what came so far, the client's side first."""
        self._layer = layer
        for side in (CLIENT ^ self._flip, SERVER ^ self._flip):
            segments = self._first[side].copy()
            self._first[side].clear()
            for segment in segments:
                yield from self.feed(side, segment)

    def _over(self, made: Iterable[Made]) -> Iterator[_Done]:
        """Passes on what a layer made: up, or out."""
        for thing in made:
            if isinstance(thing, Plain):
                if self._above is not None:
                    yield from self._above.feed(thing.side, thing.segment)
            elif isinstance(thing, Above):
                if self._above is not None:
                    yield from self._above.close()
                self._above = Node(thing.context, "tcp")
            else:
                yield thing

    def _met(self, raw: Raw, side: int, segment: Segment) -> Iterator[_Done]:
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


class _Connection:
    """A flow: its stack, and what of it was not inspected, one `Blind` per reason."""

    def __init__(self, context: Context) -> None:
        self.node = Node(context, context.flow.transport)
        self._names = context.names
        self._blinds: dict[tuple[str, str], Blind] = {}

    def over(self, made: Iterable[_Done]) -> Iterator[Finished | Fault]:
        """Passes things on, but adds up what is blind."""
        for thing in made:
            if not isinstance(thing, Blind):
                if isinstance(thing, Finished):
                    for observer in _observers():
                        observer(thing.exchange, self._names)
                yield thing
                continue
            key = thing.why, thing.protocol
            known = self._blinds.get(key)
            self._blinds[key] = _sum(known, thing) if known else thing

    def close(self) -> Iterator[Finished | Fault | Blind]:
        """Ends the flow."""
        yield from self.over(self.node.close())
        yield from self._blinds.values()


def _sum(known: Blind, more: Blind) -> Blind:
    frames = Frames()
    frames.add(sorted({*known.frames, *more.frames}))
    return replace(
        known,
        bytes=known.bytes + more.bytes,
        frames=frames.numbers,
        host=known.host or more.host,
        detail=known.detail or more.detail,
    )


class Engine:
    """All connections of one input, without I/O: stream events in, exchanges out."""

    def __init__(self, name: str, keys: KeyLog, patient: bool = True) -> None:
        """`patient`: secrets may still come, so what lacks one is kept for a while."""
        self.names = Names()
        self._commons: dict[str, Any] = {}
        self._name, self._keys = name, keys
        self._budget = Budget(patient=patient)
        self._version = keys.version
        self._connections: dict[tuple[str, int], _Connection] = {}
        self._parked: dict[tuple[str, int], _Connection] = {}
        self._moved: dict[tuple[str, int], _Connection] = {}
        self._foreign: dict[tuple[str, int], Node] = {}

    def feed(self, events: Iterable[Arrival | Closed | Blind | Fault], paused: bool = False) -> Iterator[Seen]:
        """Takes the events of a window; yields what is complete, in order.

        `paused`: nothing follows for now, so requests do not wait for their responses.
        """
        retried: Iterable[_Done] = ()
        if self._keys.version != self._version:
            self._version = self._keys.version
            retried = self._retry()
        yield from in_order(chain(retried, self._take(events), self._pause(paused)))

    def close(self) -> Iterator[Seen]:
        """Ends the input."""
        connections = [*self._parked.values(), *self._connections.values()]
        self._moved.clear()
        self._parked.clear()
        self._connections.clear()
        yield from in_order(chain.from_iterable(connection.close() for connection in connections))

    def _take(self, events: Iterable[Arrival | Closed | Blind | Fault]) -> Iterator[Finished | Blind | Fault]:
        for event in events:
            if isinstance(event, Arrival):
                flow = event.flow
                key = flow.transport, flow.index
                if flow.foreign:
                    self._overhear(key, event)
                    continue
                connection = self._connections.get(key)
                if connection is None:
                    connection = _Connection(self._context(flow))
                    self._connections[key] = connection
                self._moved[key] = connection
                yield from connection.over(connection.node.feed(event.side, event.segment))
            elif isinstance(event, Closed):
                yield from self._end((event.flow.transport, event.flow.index))
            else:
                yield event

    def _context(self, flow: Flow) -> Context:
        """Returns what is known of a flow that begins."""
        client, server = flow.client, flow.server
        return Context(self._name, flow, client, server, self._keys, self._budget, self.names, self._commons)

    def _overhear(self, key: tuple[str, int], event: Arrival) -> None:
        """Reads what another process tells of, if it may hold names that concern the connections that this one does."""
        node = self._foreign.get(key)
        if node is None:
            node = self._foreign[key] = Node(self._context(event.flow), event.flow.transport)
        if not node.settled or node.common:
            for _ in node.feed(event.side, event.segment):
                pass

    def _end(self, key: tuple[str, int]) -> Iterator[Finished | Blind | Fault]:
        """Closes a flow, or parks it while it waits for a key and there is room."""
        connection = self._connections.pop(key, None)
        self._moved.pop(key, None)
        self._foreign.pop(key, None)
        if connection is None:
            return
        if not connection.node.waiting:
            yield from connection.close()
            return
        self._parked[key] = connection
        self._budget.room -= _PARKED_BYTES
        while self._parked and self._budget.room < MOST_WAITING // 2:
            yield from self._unpark(next(iter(self._parked)))

    def _unpark(self, key: tuple[str, int]) -> Iterator[Finished | Blind | Fault]:
        self._budget.room += _PARKED_BYTES
        self._moved.pop(key, None)
        yield from self._parked.pop(key).close()

    def _pause(self, paused: bool) -> Iterator[Finished | Blind | Fault]:
        """Shows the requests of the connections that have moved since the last pause."""
        if paused:
            moved, self._moved = self._moved, {}
            for connection in moved.values():
                yield from connection.over(connection.node.pause())

    def _retry(self) -> Iterator[Finished | Blind | Fault]:
        """Tells everything that waits for a key that there are new ones."""
        nothing = Segment(b"", (), (), ())
        for connections in (self._parked, self._connections):
            for key, connection in list(connections.items()):
                if connection.node.waiting:
                    self._moved[key] = connection
                    yield from connection.over(connection.node.feed(CLIENT, nothing))
                    if connections is self._parked and not connection.node.waiting:
                        yield from self._unpark(key)


def exchanges(
    stream: BinaryIO,
    name: str,
    keys: KeyLog,
    opened: Callable[[Window], Window] = lambda window: window,
    share: Share = WHOLE,
) -> Iterator[Seen]:
    """Yields what the capture in `stream`, called `name`, shows; secrets in it join `keys`.

    Each window goes through `opened`, which may put other packets in the place of some. With a `share`, the connections
    that fall to it are told, and what concerns the whole by the first; all of them tell how far they are at the same
    places.

    Raises nothing: what cannot be read is a fault of the stage `source`, which comes after everything else.
    """
    packets, streams = Packets(name), Streams(share)
    engine = Engine(name, keys, patient=not stream.seekable())
    faults: list[Fault] = []
    begun = 0
    for window in windows(stream, name, names=engine.names):
        keys.refresh()
        for secrets in window.secrets:
            keys.add_bytes(secrets, f"{name} (secrets in the capture)")
        ahead = [*window.told, *keys.faults()]
        if ahead:
            yield from (thing for thing in ahead if share.first or _of_keys(thing))
            yield Progress(name, begun)
        yield from engine.feed(streams.feed(packets.columns(opened(window))), window.paused)
        faults += window.faults
        begun = window.position
        yield Progress(name, begun)
    keys.refresh()
    yield from keys.faults()
    yield Progress(name, begun)
    for made in (engine.feed(streams.close()), engine.close()):
        yield from made
        yield Progress(name, begun)
    if share.first:
        yield from packets.finish()
        yield from faults


def _of_keys(seen: Seen) -> bool:
    """Tells whether something is about keys, which every process reads and says the same of."""
    return isinstance(seen, Fault) and seen.stage == "keys"
