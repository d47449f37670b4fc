"""The streams of a QUIC connection, and what reads them.

RFC 9000 section 2. What an application protocol makes of the streams is an `Application`; a module of this package with
an attribute `OVER_QUIC` brings one, and nothing lists them. A gap in a stream is stepped over when it has been waited
for too long, or too much waits behind it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol as Typed

from leaktap import wire
from leaktap.discover import discover
from leaktap.model import Fault, Time
from leaktap.wire._api import Context, Made
from leaktap.wire._bytes import Segment
from leaktap.wire.quic_assembly import Assembly, Over
from leaktap.wire.quic_frames import RESET_STREAM, Frame
from leaktap.wire.quic_other import Separate
from leaktap.wire.tls_handshake import Session

MOST_STREAMS = 10_000
"""How many directions of streams of a connection may be open."""
MOST_HELD = 16 << 20
"""How many bytes of a connection may wait behind gaps, and for what they are."""
_PATIENCE: Time = 10_000_000


class Application(Typed):
    """What runs over the streams of one connection. No method raises on any input.

    Stream numbers are QUIC's: bit 0 is the side that opened it, bit 1 is set where only that side sends.
    """

    def data(self, side: int, number: int, segment: Segment, ended: bool) -> Iterable[Made]:
        """Takes the next bytes that a side sent in a stream; `ended`: nothing more will come."""

    def reset(self, side: int, number: int, time: Time) -> Iterable[Made]:
        """Learns that a side broke a stream off."""

    def datagram(self, side: int, data: bytes, frame: int) -> Iterable[Made]:
        """Takes a DATAGRAM (RFC 9221) of a side."""

    def pause(self) -> Iterable[Made]:
        """Yields what need not wait for more, as a layer that is `Pausing` does."""

    def close(self) -> Iterable[Made]:
        """Yields what is pending."""


@dataclass(frozen=True, slots=True)
class OverQuic:
    """A protocol over QUIC: the names by which ALPN calls it, and what reads it."""

    names: tuple[str, ...]
    application: Callable[[Context], Application]


@cache
def _applications() -> dict[str, OverQuic]:
    """Returns what runs over QUIC by the names that ALPN has for it."""
    return {name: each for each in discover(wire, "OVER_QUIC") for name in each.names}


class Streams:
    """The streams of one connection. `session` is the TLS handshake as far as it is known."""

    def __init__(self, context: Context) -> None:
        """Begins without streams."""
        self.session: Session | None = None
        self._context = context
        self._application: Application | None = None
        self._open: dict[tuple[int, int], Assembly] = {}
        self._moved: dict[tuple[int, int], Assembly] = {}
        self._over: dict[tuple[int, int], Over] = {}
        self._datagrams: list[tuple[int, bytes, int]] = []
        self._waiting = 0
        self._crowded = False

    def take(self, side: int, frame: Frame, number: int, time: Time) -> None:
        """Takes a STREAM or RESET_STREAM of a side, which the packet `number` brought."""
        key = frame.stream, side
        stream = self._open.get(key)
        if stream is None:
            if frame.stream & 2 and frame.stream & 1 != side:
                return
            over = self._over.get((frame.stream & 3, side))
            if over is not None and frame.stream >> 2 in over:
                return
            stream = self._open[key] = Assembly()
        if frame.kind == RESET_STREAM:
            stream.reset = True
        else:
            stream.push(frame.offset, frame.data, number, time)
            self._waiting += len(frame.data)
        if frame.ends and stream.size is None:
            stream.size = frame.offset + len(frame.data)
        self._moved[key] = stream

    def datagram(self, side: int, data: bytes, number: int) -> None:
        """Takes a DATAGRAM of a side, which the packet `number` brought."""
        self._datagrams.append((side, data, number))
        self._waiting += len(data)

    def deliver(self, clocks: tuple[Time, ...]) -> Iterator[Made]:
        """Hands on what there is, once it is known what it is; `clocks` say how late it is on each side."""
        if not self._moved and not self._datagrams:
            return
        application = self._application or self._choose(last=self._waiting > MOST_HELD)
        if application is None:
            return
        self._waiting = 0
        datagrams, self._datagrams = self._datagrams, []
        for side, data, number in datagrams:
            yield from application.datagram(side, data, number)
        moved, self._moved = self._moved, {}
        for key, stream in moved.items():
            yield from self._hand_on(application, key, stream, clocks[key[1]])
        held = sum([stream.held for stream in self._open.values()])
        if held:
            for key, stream in list(self._open.items()):
                if stream.held and (held > MOST_HELD or stream.crowded or _late(stream, clocks[key[1]])):
                    held -= stream.held
                    yield from self._hand_on(application, key, stream, clocks[key[1]], step=True)
                    held += stream.held
        yield from self._limit(application, clocks)

    def pause(self) -> Iterable[Made]:
        """Returns what need not wait for more."""
        return () if self._application is None else self._application.pause()

    def close(self, clocks: tuple[Time, ...]) -> Iterator[Made]:
        """Yields what is pending: nothing more will come."""
        if not self._open and not self._datagrams and self._application is None:
            return
        application = self._application or self._choose(last=True)
        assert application is not None
        yield from self.deliver(clocks)
        for key, stream in list(self._open.items()):
            while stream.held:
                yield from self._hand_on(application, key, stream, clocks[key[1]], step=True)
            if key in self._open and stream.size is not None:
                yield from self._hand_on(application, key, stream, clocks[key[1]], step=True)
        yield from application.close()

    def _hand_on(
        self, application: Application, key: tuple[int, int], stream: Assembly, clock: Time, step: bool = False
    ) -> Iterator[Made]:
        """Hands on the bytes of a stream up to the gap; with `step`, or if it was broken off, also behind it."""
        number, side = key
        while True:
            segment, ended = stream.take(), stream.complete
            if segment is not None or ended:
                yield from application.data(side, number, segment or Segment(b"", (), (), ()), ended)
            if ended or not (step or (stream.reset and stream.held)):
                break
            step = False
            stream.skip()
        if stream.reset and not ended:
            yield from application.reset(side, number, clock)
        if ended or stream.reset:
            self._open.pop(key, None)
            self._over.setdefault((number & 3, side), Over()).add(number >> 2)

    def _limit(self, application: Application, clocks: tuple[Time, ...]) -> Iterator[Made]:
        """Breaks the oldest streams off where there are too many."""
        while len(self._open) > MOST_STREAMS:
            if not self._crowded:
                self._crowded = True
                why = f"more than {MOST_STREAMS} QUIC streams are open: the oldest are not read on"
                yield Fault("wire", self._context.where, why)
            key, stream = next(iter(self._open.items()))
            stream.reset = True
            yield from self._hand_on(application, key, stream, clocks[key[1]])

    def _choose(self, last: bool) -> Application | None:
        """Returns what reads the streams; None while it is not known what was agreed on."""
        session = self.session
        names = [] if session is None else [session.protocol] if session.protocol else [*session.offered]
        found = {id(each): (name, each) for name in reversed(names) if (each := _applications().get(name)) is not None}
        known = len(found) == 1 and all(name in _applications() for name in names)
        if not known and not last and not (session and session.protocol):
            return None
        name, over = next(iter(reversed(found.values())), (names[0] if names else "", None))
        context = self._context.within_tls(name, session)
        self._application = Separate(context) if over is None else over.application(context)
        return self._application


def _late(stream: Assembly, clock: Time) -> bool:
    """Tells whether what is missing would have come by now."""
    since = stream.gap
    return since is not None and since + _PATIENCE < clock
