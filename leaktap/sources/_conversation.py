"""A TCP connection, a pair of UDP ends or a DNS question that mitmproxy shows message by message, read by the wire.

Each message goes through the same layers as the packets of a capture do: protocols are told by their bytes, what
nothing knows is scanned as it is, and what was not looked into is a `Blind`. mitmproxy has undone TLS already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from leaktap.model import Answer, Blind, Exchange, Fault, Time
from leaktap.sources._shown import Address, endpoint, microseconds
from leaktap.wire._api import Budget, Context, Finished
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._bytes import Flow as Connection
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from leaktap.wire.node import Done, Node

if TYPE_CHECKING:
    from mitmproxy.flow import Flow


class Line(NamedTuple):
    """What is known of a connection: mitmproxy's id of its flow, its ends, the name that was asked for, its begin."""

    flow: str
    transport: str
    client: Address
    server: Address
    host: str
    time: float
    decrypted: bool
    source: str


class Piece(NamedTuple):
    """A message of a connection: who sent it, what, and when."""

    line: Line
    client: bool
    data: bytes
    time: float


class Over(NamedTuple):
    """A connection brings nothing more."""

    line: Line


class Conversation:
    """The stack of layers over one connection."""

    def __init__(self, line: Line, name: str, names: Names, from_start: bool = True) -> None:
        """`name` begins the ids of its exchanges. `names` is what all connections of the session share."""
        ends = endpoint(line.client), endpoint(line.server)
        flow = Connection(0, line.transport, *ends, microseconds(line.time), 0, from_start)
        context = Context(line.source, flow, *ends, KeyLog(), Budget(patient=False), names, decrypted=line.decrypted)
        context.host = line.host.lower()
        self._node = Node(context, line.transport)
        self._line, self._name = line, name
        self._count = 0
        self._blinds: dict[tuple[str, str], Blind] = {}

    def feed(self, client: bool, data: bytes, time: Time) -> Iterator[Exchange | Answer | Fault]:
        """Takes a message."""
        segment = Segment(data, (0,), (self._count,), (time,))
        self._count += 1
        yield from self._told(self._node.feed(CLIENT if client else SERVER, segment))

    def pause(self) -> Iterator[Exchange | Answer | Fault]:
        """Yields the requests that are complete, without waiting for their responses."""
        yield from self._told(self._node.pause())

    def close(self) -> Iterator[Exchange | Answer | Blind | Fault]:
        """Yields what is pending and, one for each reason, what was not looked into."""
        yield from self._told(self._node.close())
        yield from self._blinds.values()

    def _told(self, made: Iterable[Done]) -> Iterator[Exchange | Answer | Fault]:
        for thing in made:
            if isinstance(thing, Finished):
                exchange = self._named(thing.exchange)
                yield Answer(exchange) if thing.answer else exchange
            elif isinstance(thing, Blind):
                self._add(thing)
            else:
                yield thing

    def _named(self, exchange: Exchange) -> Exchange:
        """Returns an exchange with its flow in the place of packets and streams, which there are none of."""
        number = exchange.id.rpartition(":")[2]
        origin = replace(exchange.origin, stream=None, flow=self._line.flow)
        request = replace(exchange.request, frames=())
        response = exchange.response and replace(exchange.response, frames=())
        id_ = f"{self._name}.{number}"
        return replace(exchange, id=id_, origin=origin, request=request, response=response)

    def _add(self, blind: Blind) -> None:
        key = blind.why, blind.protocol
        known = self._blinds.get(key)
        size = blind.bytes + (known.bytes if known else 0)
        self._blinds[key] = replace(known or blind, bytes=size, frames=(), stream=None)


def line(flow: Flow, source: str) -> Line:
    """Returns what is known of the connection of a flow of TCP, UDP or DNS."""
    server = flow.server_conn
    transport: Literal["tcp", "udp"] = "tcp" if flow.client_conn.transport_protocol == "tcp" else "udp"
    if flow.type == "dns":
        transport = "udp"  # each flow is a question and its answer, without the length that TCP puts before them
    return Line(
        flow.id,
        transport,
        flow.client_conn.peername,
        server.peername or server.address,
        flow.client_conn.sni or server.sni or "",
        flow.client_conn.timestamp_start or flow.timestamp_created,
        bool(flow.client_conn.tls_established),
        source,
    )


def pieces(flow: Flow, about: Line) -> Iterator[Piece]:
    """Yields the messages of a flow of TCP, UDP or DNS."""
    if flow.type == "dns":
        for message, client in ((flow.request, True), (flow.response, False)):  # type: ignore[attr-defined]
            if message is not None:
                yield Piece(about, client, message.packed, message.timestamp or about.time)
    else:
        for message in flow.messages:  # type: ignore[attr-defined]
            yield Piece(about, message.from_client, message.content, message.timestamp)


def conversation(flow: Flow, source: str, name: str, names: Names) -> Iterator[Exchange | Answer | Blind | Fault]:
    """Yields what a complete flow holds."""
    about = line(flow, source)
    talk = Conversation(about, name, names)
    for piece in pieces(flow, about):
        yield from talk.feed(piece.client, piece.data, microseconds(piece.time))
    yield from talk.close()
