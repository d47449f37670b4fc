"""From a capture to what was said in it: packets, streams, and over each stream a stack of layers chosen by its bytes.

Protocols are the modules of this package that have a `PROTOCOL`; what none of them knows is `Raw`. Things come in the
order of `order.place`, within the window of the capture in which they were complete.

Where a live input pauses, requests that are complete come at once, and each response later as an `Answer`: a finding
does not wait for a server, and nothing depends on the clock. Ids and bytes are those of a run over the whole capture.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any, BinaryIO

from leaktap import wire
from leaktap.discover import discover
from leaktap.model import Blind, Fault, Progress, Seen
from leaktap.share import WHOLE, Share
from leaktap.wire._api import (
    MOST_WAITING,
    Budget,
    Context,
    Finished,
    Observer,
)
from leaktap.wire._bytes import CLIENT, Arrival, Closed, Flow, Segment
from leaktap.wire._intake import Frames
from leaktap.wire.container import Window, windows
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from leaktap.wire.node import Done, Node
from leaktap.wire.order import in_order
from leaktap.wire.packets import Packets
from leaktap.wire.streams import Streams

_PARKED_BYTES = 8 << 10


@cache
def _observers() -> tuple[Observer, ...]:
    """Returns who wants to see every exchange."""
    return tuple(discover(wire, "OBSERVER"))


class _Connection:
    """A flow: its stack, and what of it was not inspected, one `Blind` per reason."""

    def __init__(self, context: Context) -> None:
        self.node = Node(context, context.flow.transport)
        self._names = context.names
        self._blinds: dict[tuple[str, str], Blind] = {}

    def over(self, made: Iterable[Done]) -> Iterator[Finished | Fault]:
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
        retried: Iterable[Done] = ()
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
