"""QUIC versions 1 and 2 (and late drafts): which connection each datagram of a pair of endpoints belongs to.

A connection is found by the ids that its packets carry (RFC 9000 section 5), so it goes on when the phone's network or
port changes (section 9): the ids of all connections of a capture are in its `commons`. One pair of endpoints may also
carry several connections. Who is the client is told by whose Initial opens with the client's key.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from leaktap.wire._api import Context, Made, Protocol
from leaktap.wire._bytes import CLIENT, Segment
from leaktap.wire._intake import Frames
from leaktap.wire.quic_connection import Connection
from leaktap.wire.quic_keys import initial_keys
from leaktap.wire.quic_packets import APPLICATION, INITIAL, MOST_ID, Packet, packets, sniff
from leaktap.wire.tls_ciphers import Unopened

_SHORTEST_ID = 4
_MOST_IDS = 65_536
_MOST_CONNECTIONS = 8
_MOST_EARLY = 1 << 20
_BATCH = 64
"""After how many datagrams streams move on together: what one of them says of another must not be far ahead."""


class _Ids:
    """The connection ids of a capture, each with its connection and the side that sends to it; the latest are kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[Connection, int]] = OrderedDict()

    def learn(self, connection: Connection) -> None:
        """Takes the ids that a connection has learnt."""
        for side, name in connection.learnt:
            if len(name) >= _SHORTEST_ID:
                self._known[name] = connection, side
                if len(self._known) > _MOST_IDS:
                    self._known.popitem(last=False)
        connection.learnt.clear()

    def forget(self, connection: Connection) -> None:
        """Drops the ids of a connection that is over."""
        for name in connection.ids:
            if self._known.get(name, (None,))[0] is connection:
                del self._known[name]

    def find(self, datagram: bytes) -> tuple[Connection, int] | None:
        """Returns the connection whose packet begins a datagram, and the side that sends it."""
        if not self._known or len(datagram) <= _SHORTEST_ID:
            return None
        packet = next(packets(datagram), None)
        if packet is None:
            return None
        if packet.kind != APPLICATION:
            return self._known.get(packet.target)
        names = (datagram[1 : 1 + size] for size in range(_SHORTEST_ID, MOST_ID + 1))
        return next((self._known[name] for name in names if name in self._known), None)


def _ids(context: Context) -> _Ids:
    ids: _Ids = context.commons.setdefault("quic", _Ids())
    return ids


class Quic:
    """What a pair of UDP endpoints says in QUIC."""

    def __init__(self, context: Context) -> None:
        """Begins without a connection."""
        self._context = context
        self._ids = _ids(context)
        self._connections: list[Connection] = []
        self._flip = 0
        self._early: list[tuple[int, bytes, int, int]] = []
        self._early_size = 0
        self._lost = 0
        self._lost_frames = Frames()

    @property
    def waiting(self) -> int:
        """How many bytes wait for a secret."""
        return sum([connection.waiting for connection in self._connections])

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes datagrams and yields what is above."""
        data, moved = segment.data, dict[Connection, None]()
        if not data:
            for connection in self._connections:
                connection.retry()
                moved[connection] = None
        ends = [*segment.offsets[1:], len(data)] if segment.offsets else []
        pieces = zip(segment.offsets, ends, segment.frames, segment.times, strict=True)
        for count, (start, end, frame, time) in enumerate(pieces, 1):
            datagram = data[start:end]
            found = self._datagram(side, datagram, frame, time)
            if found is None:
                self._keep(side, datagram, frame, time)
            elif found not in moved:
                moved[found] = None
                if self._early:
                    self._again(moved)
            if count % _BATCH == 0:
                yield from self._deliver(moved)
        yield from self._deliver(moved)

    def _deliver(self, moved: dict[Connection, None]) -> Iterator[Made]:
        """Yields what came of the connections that moved."""
        for connection in moved:
            if connection.learnt:
                self._ids.learn(connection)
            yield from connection.deliver()
        moved.clear()

    def pause(self) -> Iterator[Made]:
        """Yields what need not wait for more."""
        for connection in self._connections:
            yield from connection.pause()

    def close(self) -> Iterator[Made]:
        """Yields what is pending of the connections that have no other path, and what belonged to none."""
        for connection in self._connections:
            connection.paths -= 1
            if not connection.paths:
                self._ids.forget(connection)
                yield from connection.close()
        for _, datagram, frame, _ in self._early:
            self._lose(datagram, frame)
        if self._lost:
            detail = "packets of a connection whose begin was not captured"
            yield self._context.blind("quic", "quic", self._lost, self._lost_frames.numbers, detail)

    def _datagram(self, side: int, datagram: bytes, frame: int, time: int) -> Connection | None:
        """Hands a datagram to its connection; returns that, or None where there is none yet."""
        found: Connection | None = None
        for packet in packets(datagram):
            if packet.kind == INITIAL:
                self._begin(side, datagram, packet)
            found = self._route(side ^ self._flip, datagram, packet)
            if found is None:
                return None
            found.take(side ^ self._flip, datagram, packet, frame, time)
        if found is None and self._connections:
            found = self._connections[-1]
        return found

    def _route(self, side: int, datagram: bytes, packet: Packet) -> Connection | None:
        """Returns the connection that a packet belongs to."""
        if not self._connections:
            known = self._ids.find(datagram)
            if known is None:
                return None
            self._flip ^= int(side != known[1])
            self._join(known[0])
        if len(self._connections) > 1:
            for connection in reversed(self._connections):
                if packet.kind != APPLICATION:
                    if connection.knows(side, packet):
                        return connection
                elif connection.sends_to(side, datagram[packet.start + 1 : packet.start + 1 + MOST_ID]):
                    return connection
        return self._connections[-1]

    def _begin(self, side: int, datagram: bytes, packet: Packet) -> None:
        """Looks whether an Initial is a client's that begins a connection, or begins it anew."""
        version = packet.version
        if version is None or any(each.began(version, packet.target) for each in self._connections):
            return
        try:
            initial_keys(version, packet.target, CLIENT).open(datagram, packet, packet.number_at)
        except Unopened:
            return
        flip = side != CLIENT
        latest = self._connections[-1] if self._connections else None
        if latest is not None and flip == bool(self._flip) and latest.goes_on(version, packet.sender):
            latest.attempt(version, packet.target)
        elif len(self._connections) < _MOST_CONNECTIONS:
            self._flip = int(flip)
            context = self._context
            if flip:
                context = replace(context, client=context.server, server=context.client)
            self._join(Connection(replace(context), version, packet.target))

    def _join(self, connection: Connection) -> None:
        """Notes that a connection runs over this pair of endpoints too."""
        connection.paths += 1
        self._connections.append(connection)

    # What belongs to no connection

    def _keep(self, side: int, datagram: bytes, frame: int, time: int) -> None:
        """Keeps a datagram: the begin of its connection may come with those of the other side."""
        if self._early_size + len(datagram) > _MOST_EARLY:
            self._lose(datagram, frame)
            return
        self._early.append((side, datagram, frame, time))
        self._early_size += len(datagram)

    def _again(self, moved: dict[Connection, None]) -> None:
        """Takes what came before there was a connection."""
        early, self._early, self._early_size = self._early, [], 0
        for side, datagram, frame, time in early:
            connection = self._datagram(side, datagram, frame, time)
            if connection is None:
                self._lose(datagram, frame)
            else:
                moved[connection] = None

    def _lose(self, datagram: bytes, frame: int) -> None:
        self._lost += len(datagram)
        self._lost_frames.add((frame,))


def _joins(context: Context, begin: bytes) -> bool:
    """Tells a datagram that goes to an id of a connection that began elsewhere."""
    return _ids(context).find(begin) is not None


PROTOCOL = Protocol("quic", sniff, Quic, transport="udp", joins=_joins)
