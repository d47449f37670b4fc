"""Bytes of a protocol that nothing knows, as they are: what a push service sends to a bare address is scanned as well.

Each turn of a TCP connection and each UDP datagram is a message; the server's that follows the client's is its
response. The version in an exchange's start line is what the protocol may be called. Only what says something becomes
an exchange: bytes that look random (`_entropy`), protocols known to be opaque, and what exceeds a limit are counted as
a `Blind`, so that being scanned never passes for having been read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from leaktap.model import Message
from leaktap.wire._api import Context, Finished, Made
from leaktap.wire._bytes import CLIENT, SERVER, Inflow, Segment
from leaktap.wire._entropy import WINDOW, spans
from leaktap.wire._intake import Frames
from leaktap.wire._units import Unit, datagrams
from leaktap.wire._unnamed import name, opaque

MOST_TURN = 256 << 10
"""Bytes of a turn that make one message; longer ones make several."""
MOST_READ = 4 << 20
"""Bytes of a connection that are looked at, of which a message costs no less than `_LEAST_COST`."""

_LEAST_COST = 256
_FIRST = 4
_FIRST_BYTES = 64


class Raw:
    """A connection of an unknown protocol."""

    waiting = 0

    def __init__(self, context: Context, transport: str) -> None:
        """Begins with nothing. `transport` is what runs below: udp, or anything that is a stream."""
        self._context = context
        self._transport = transport
        self._datagrams = transport == "udp"
        self._sides = (Inflow(), Inflow())
        self._queue: list[tuple[int, Unit]] = []
        self._queued = 0
        self._begins: list[bytes] = []
        self._opaque: str | None = None
        self._before = [b"", b""]
        self._left = MOST_READ
        self._said = False
        self._asked: Message | None = None
        self._shown: int | None = None
        """The number of the exchange of `_asked`, if a pause has shown that."""
        self._unseen: dict[str, tuple[int, Frames]] = {}

    def feed(self, side: int, segment: Segment) -> Iterable[Made]:
        """Takes bytes of a side. What a side sent is a turn once it is known what the other did meanwhile."""
        if not segment.data:
            return
        if len(self._begins) < _FIRST:
            self._begin(segment)
        if self._opaque or self._left <= 0:
            if segment.lost:
                yield self._context.blind("truncated", self._name, segment.lost, detail="not captured")
            self._hide("limit" if self._said and not self._opaque else "", len(segment.data), _edges(segment))
            return
        if side == CLIENT or segment.lost:
            yield from self._settle()
        if segment.lost:
            yield from self._settle(last=True)
            yield self._context.blind("truncated", self._name, segment.lost, detail="not captured")
        if self._datagrams:
            self._queue += [(side, unit) for unit in datagrams(segment)]
        else:
            self._sides[side].push(segment)
        self._queued += len(segment.data)
        if self._queued > 2 * MOST_TURN:
            yield from self._settle(last=True)

    def pause(self) -> Iterable[Made]:
        """Yields the request whose turn is over and whose answer may still go on."""
        yield from self._settle()
        if self._asked is not None and self._shown is None:
            exchange = self._context.exchange("raw", self._scheme, "", self._asked, None)
            self._shown = int(exchange.id.rpartition(":")[2])
            yield Finished(exchange)

    def close(self) -> Iterable[Made]:
        """Yields what is pending, and what was not looked into."""
        yield from self._settle(last=True)
        yield from self._answered(None)
        for why, (count, frames) in self._unseen.items():
            named = self._name
            why = why or ("quic" if named == "quic" else "unknown_protocol")
            yield self._context.blind(why, named, count, frames.numbers)

    @property
    def _name(self) -> str:
        context = self._context
        return name(context.name, self._transport, self._begins, (context.server, context.client))

    @property
    def _scheme(self) -> str:
        return "tls" if self._context.decrypted else self._transport

    def _begin(self, segment: Segment) -> None:
        """Keeps the first bytes of a stream, or the first datagrams, and asks whether they are opaque."""
        if self._datagrams:
            new = [unit.data for unit, _ in zip(datagrams(segment), range(_FIRST - len(self._begins)), strict=False)]
        else:
            new = [] if self._begins else [bytes(segment.data[:_FIRST_BYTES])]
        if new:
            self._begins += new
            context = self._context
            self._opaque = opaque(context.name, self._transport, self._begins, (context.server, context.client))

    def _settle(self, last: bool = False) -> Iterator[Made]:
        """Takes the turns that are over; with `last`, also the one that goes on."""
        if self._datagrams:
            queue = sorted(self._queue, key=lambda each: each[1].frames)
            self._queue.clear()
            for side, unit in queue:
                yield from self._message(side, unit)
        else:
            yield from self._turns(last)
        self._queued = sum(len(side) for side in self._sides)

    def _turns(self, last: bool) -> Iterator[Made]:
        """Takes what one side sent before the other, as far as both are there."""
        while any(self._sides):
            numbers = [side.where(0)[0] if len(side) else None for side in self._sides]
            if None in numbers:
                turn = CLIENT if len(self._sides[CLIENT]) else SERVER
                end = len(self._sides[turn])
                if not last:
                    end -= end % MOST_TURN
                if not end:
                    return
            else:
                turn = CLIENT if numbers[CLIENT] <= numbers[SERVER] else SERVER  # type: ignore[operator]
                end = max(self._sides[turn].until(numbers[1 - turn] or 0), 1)
            inflow = self._sides[turn]
            for at in range(0, end, MOST_TURN):
                count = min(end - at, MOST_TURN)
                begun, data = inflow.time, bytes(memoryview(inflow.data)[:count])
                frames, _ = inflow.take(count)
                yield from self._message(turn, Unit(data, frames, begun))

    def _message(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a turn or a datagram: exchanges for what says something, the rest is counted."""
        data = unit.data
        self._left -= max(len(data), _LEAST_COST)
        at = 0
        for begin, end in spans(data, self._before[side]):
            self._hide("", begin - at, unit.frames)
            at = max(end, at)
            said = Message(("SEND", "", self._name), (), data[begin:end], unit.time, unit.frames)
            self._said = True
            if side == CLIENT:
                yield from self._answered(None)
                self._asked = said
            else:
                answer = replace(said, start=(self._name, "", ""))
                yield from self._answered(answer)
        self._hide("", len(data) - at, unit.frames)
        self._before[side] = (self._before[side] + data[-WINDOW:])[-WINDOW:]

    def _answered(self, response: Message | None) -> Iterator[Made]:
        """Yields the exchange of the last request with its response, if either is there."""
        if self._asked is None and response is None:
            return
        empty = Message(("SEND", "", self._name), time=response.time if response else 0)
        request = self._asked or empty
        shown = self._shown
        self._asked = self._shown = None
        if shown is None or response is not None:
            exchange = self._context.exchange("raw", self._scheme, "", request, response, shown)
            yield Finished(exchange, answer=shown is not None)

    def _hide(self, why: str, count: int, frames: Iterable[int]) -> None:
        """Counts bytes that are not looked into; `why` is empty for a protocol that is not known."""
        if count > 0:
            known, numbers = self._unseen.get(why, (0, Frames()))
            numbers.add(tuple(frames))
            self._unseen[why] = known + count, numbers


def _edges(segment: Segment) -> list[int]:
    return [*segment.frames[:8], *segment.frames[-8:]]
