"""What a protocol is: a way to recognise it, and a layer that turns its bytes into what is above it.

A connection is a stack of layers without I/O. Each is fed the segments of both sides as they come and yields what it
makes of them: `Plain` for the layer above, `Above` to say what that layer will find, or what was seen. Bytes may be cut
anywhere, and one side may run ahead of the other by a window of the file, so a layer keeps what it cannot use yet.
A module of this package with an attribute `PROTOCOL` is a protocol; nothing lists them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, runtime_checkable
from typing import Protocol as Typed

from leaktap import wire
from leaktap.discover import discover
from leaktap.model import MOST_FRAMES, Alias, App, Blind, Endpoint, Exchange, Fault, Message, Origin, Time
from leaktap.wire._bytes import Flow, Segment
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from leaktap.wire.tls_certificates import MOST_ALIASES, alternatives, tls_aliases

MOST_WAITING = 64 << 20
"""How many bytes all connections of an input together keep for keys that may come."""


@dataclass(slots=True)
class Plain:
    """Bytes for the layer above."""

    side: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Above:
    """Says what the next `Plain` begins: bytes as `context` describes them, instead of what was above before."""

    context: "Context"


@dataclass(slots=True)
class Finished:
    """An exchange; `answer` if all but its response was there before."""

    exchange: Exchange
    answer: bool = False


type Made = Plain | Above | Finished | Blind | Fault
"""What a layer yields. Of blind parts it yields one for every run of bytes; the engine adds them up."""


class Layer(Typed):
    """One protocol of one connection. Neither method raises on any input."""

    def feed(self, side: int, segment: Segment) -> Iterable[Made]:
        """Takes bytes of a side. A segment without bytes asks to try again what was waited for (a key).

        What can grow to more than a few times the bytes is yielded one by one, the rest may be a list.
        """

    def close(self) -> Iterable[Made]:
        """Yields what is pending: nothing more will come."""

    @property
    def waiting(self) -> int:
        """How many bytes are kept for a key that may still come."""


@runtime_checkable
class Pausing(Layer, Typed):
    """A layer that pairs requests with responses, and can tell of a request without waiting for its response."""

    def pause(self) -> Iterable[Made]:
        """Yields the complete requests that are not answered yet: the input brings nothing more for now.

        Their responses follow as `Finished` with `answer`. Exchanges have the same ids as without a pause.
        """


class Greeting(Typed):
    """What both sides of TLS said of the server."""

    host: str
    """The name that the client greeted it by, or nothing."""
    certificate: bytes
    """The server's certificate (DER), nothing while it is not seen."""


@dataclass(slots=True)
class Budget:
    """How many bytes all connections together may still keep while they wait for keys.

    Where it is not `patient`, no key will come that is not there yet, and nothing is kept for one.
    """

    room: int = MOST_WAITING
    patient: bool = True


@dataclass(slots=True)
class Context:
    """What a layer knows of the connection it is part of.

    `server` is where the client wants to go, which a proxy's CONNECT makes another than the flow's. `host` is the name
    that it asked for so far, `name` the protocol that was agreed on (ALPN, Upgrade). `upgrade` is the exchange that
    agreed on it, where one did. `names` and `commons` are the same for the whole capture: what it tells of names, and
    what the connections of a protocol share, under the protocol's name. `greeting` is that of the TLS around it.
    """

    source: str
    flow: Flow
    client: Endpoint
    server: Endpoint
    keys: KeyLog
    budget: Budget
    names: Names = field(default_factory=Names)
    commons: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    name: str = ""
    decrypted: bool = False
    upgrade: Exchange | None = None
    greeting: Greeting | None = None
    _origin: Origin | None = field(default=None, init=False)
    _aliases: tuple[tuple[str, bytes], tuple[Alias, ...]] = field(default=(("", b""), ()), init=False)

    @property
    def where(self) -> str:
        """The connection, for faults."""
        return f"{self.source}: {self.flow.transport}.{self.flow.index}"

    def within_tls(self, name: str, greeting: Greeting | None) -> "Context":
        """Returns what the layer above TLS knows; `name` is the protocol that was agreed on."""
        return replace(self, name=name, decrypted=True, upgrade=None, greeting=greeting)

    def blind(
        self,
        why: str,
        protocol: str,
        count: int,
        frames: tuple[int, ...] = (),
        detail: str = "",
        time: Time | None = None,
    ) -> Blind:
        """Returns a `Blind` of `count` bytes of this connection."""
        return Blind(
            time=self.flow.time if time is None else time,
            why=why,
            protocol=protocol,
            host=self.host or self.names.host(self.server.ip),
            ip=self.server.ip,
            port=self.server.port,
            bytes=count,
            source=self.source,
            frames=tuple(sorted(frames)),
            stream=self.flow.index,
            detail=detail,
        )

    def unread(
        self, protocol: str, why: str, count: int, frames: tuple[int, ...] = (), detail: str = ""
    ) -> Iterator[Blind]:
        """Yields what `blind` returns, if it is of any bytes, with no more packets than a message has."""
        if count:
            yield self.blind(why, protocol, count, frames[:MOST_FRAMES], detail)

    def exchange(
        self,
        protocol: str,
        scheme: str,
        host: str,
        request: Message,
        response: Message | None,
        number: int | None = None,
    ) -> Exchange:
        """Returns an exchange of this connection, with the next number of its flow unless one is given."""
        if self._origin is None or self._origin.protocol != protocol:
            transport: Literal["tcp", "udp"] = "udp" if self.flow.transport == "udp" else "tcp"
            self._origin = Origin(self.source, protocol, transport, self.flow.index, decrypted=self.decrypted)
        client = self.client
        host = host or self.host or self.names.host(self.server.ip) or self.server.ip
        phone = self.names.phone(client.mac, client.ip)
        if phone != client.name:
            client = self.client = replace(client, name=phone)
        return Exchange(
            id=f"{self._origin.transport}.{self.flow.index}:{next(self.flow.numbers) if number is None else number}",
            time=request.time,
            client=client,
            server=self.server,
            scheme=scheme,
            host=host,
            request=request,
            response=response,
            origin=self._origin,
            app=self.app,
            aliases=self._others(host),
        )

    def _others(self, host: str) -> tuple[Alias, ...]:
        """Returns the server's names other than `host`, made once for a host that is used again and again."""
        greeting = self.greeting
        certificate = greeting.certificate if greeting else b""
        key, aliases = self._aliases
        if key == (host, certificate):
            return aliases
        shown = tls_aliases(host, greeting.host, alternatives(certificate)) if greeting else ()
        greeted = len(shown) > 0 and shown[0].kind == "sni"
        found = (*shown[:greeted], *self.names.aliases(host, self.server.ip), *shown[greeted:])
        self._aliases = (host, certificate), found[:MOST_ALIASES]
        return self._aliases[1]

    @property
    def app(self) -> App | None:
        """The app whose connection this is, where the capture says so."""
        return None if self.flow.uid is None else self.names.app(self.flow.uid)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol that is read.

    `sniff` is shown a side and the first bytes that it sent: yes, no, or None for "too few to tell". `names` are what
    ALPN and Upgrade call it; where one of them was agreed on, the bytes are not asked. `transport` is what it runs
    over: tcp (or anything else that is a stream) or udp (one piece of a segment is a datagram). `joins` is asked like
    `sniff`, with what is known of the connection, whether the bytes go on with something that began elsewhere. What a
    `common` one tells of names concerns all connections: each process that shares a capture reads it.
    """

    name: str
    sniff: Callable[[int, bytes], bool | None]
    layer: Callable[[Context], Layer]
    names: tuple[str, ...] = ()
    transport: str = "tcp"
    joins: Callable[["Context", bytes], bool] | None = None
    common: bool = False


@cache
def protocols(transport: str) -> tuple[Protocol, ...]:
    """Returns the protocols that run over a transport."""
    return tuple(protocol for protocol in discover(wire, "PROTOCOL") if protocol.transport == transport)


type Observer = Callable[[Exchange, Names], None]
"""What a module has as `OBSERVER`: it is shown every exchange when it is complete, to note names that it tells."""


def other(side: int) -> int:
    """Returns the side that receives what `side` sends."""
    return 1 - side


def passed_by(blind: Callable[..., Iterable[Made]], dead: str, segment: Segment) -> Iterator[Made]:
    """Yields, by a layer's own `blind`, what of a segment is not read: what is missing before it, and all of it on a
    side that was given up for the reason `dead`.
    """
    if segment.lost:
        yield from blind("truncated", segment.lost, detail="not captured")
    if dead:
        yield from blind(dead, len(segment.data), tuple(segment.frames))
