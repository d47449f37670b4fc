"""HTTP/1: requests and responses of a connection, paired in order (RFC 9112).

Both sides are read in turn until neither moves: a response needs its request to be read (HEAD has no body), and what
follows a CONNECT or an Upgrade is HTTP only if the answer says so. After a gap, a response that came before the next
request, or after a later one, is known by the clock not to belong to it.
"""

import re
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice

from leaktap.model import Endpoint, Fault, Time
from leaktap.wire._api import Above, Context, Finished, Made, Plain, Protocol
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire.http1_framing import BadMessage, Incoming, Reader, frame, sniff

_MOST_PAUSED = 16 << 20
_MOST_TURNS = 10_000
_MOST_HELD = 32 << 20
_MOST_UNSURE = 64
_DISORDER = 100
"""By how many microseconds captures confuse the order of packets."""
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)


@dataclass(slots=True, eq=False)
class _Turn:
    """A request and what became of it. `request` is None for a response that answers nothing that was captured."""

    request: Incoming | None
    asked: bool = False
    response: Incoming | None = None
    answered: bool = False

    @property
    def time(self) -> Time:
        """When it began."""
        return self.request.time if self.request else 0

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.start[0] if self.request else ""

    @property
    def leaves(self) -> bool:
        """Whether the client wants to speak something else afterwards."""
        return self.request is not None and (self.method == "CONNECT" or bool(self.request.header(b"upgrade")))


class Http1:
    """One HTTP/1 connection."""

    def __init__(self, context: Context) -> None:
        """Begins before the first request."""
        self._context = context
        self._readers = (Reader(CLIENT), Reader(SERVER))
        self._incoming: list[Incoming | None] = [None, None]
        self._turns: deque[_Turn] = deque()
        self._answering: _Turn | None = None
        self._paused: _Turn | None = None
        self._gone = False
        self._unsure = [not context.flow.from_start] * 2
        self._complained = False
        self._held = 0

    waiting = 0

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes bytes of a side and yields exchanges."""
        if self._gone:
            yield Plain(side, segment)
            return
        self._readers[side].push(segment, self._incoming[side])
        yield from self._pump()
        if self._paused and len(self._readers[CLIENT].intake) > _MOST_PAUSED:
            yield from self._unanswered(self._paused)
        while len(self._turns) > 1 and (len(self._turns) > _MOST_TURNS or self._held > _MOST_HELD):
            self._turns[0].answered = True
            yield from self._finished()

    def close(self) -> Iterator[Made]:
        """Yields what is pending: requests without response, bodies that broke off."""
        if self._paused:
            yield from self._unanswered(self._paused)
        if self._gone:
            return
        for side in (CLIENT, SERVER):
            incoming = self._incoming[side]
            if incoming is not None:
                incoming.lost += max((incoming.left or 0) - (2 if incoming.chunked else 0), 0)
                yield from self._done(side, incoming)
        for reader in self._readers:
            count, frames = reader.intake.clear()
            yield from self._blind("truncated", count, frames)
        for turn in self._turns:
            turn.asked = turn.answered = True
        yield from self._finished()

    def _pump(self) -> Iterator[Made]:
        """Reads all that the client sent, then one thing of the server's, as long as there is something."""
        moved = True
        while moved and not self._gone:
            while (yield from self._step(CLIENT)):
                pass
            moved = yield from self._step(SERVER)

    def _step(self, side: int) -> Generator[Made, None, bool]:
        """Reads a head or the next piece of a body; returns whether there is more to try."""
        reader, incoming = self._readers[side], self._incoming[side]
        try:
            if incoming is None:
                if side == CLIENT and self._paused:
                    return False
                incoming = reader.head()
                if incoming is not None:
                    self._incoming[side] = incoming
                    yield from self._begin(side, incoming)
            if incoming is not None and reader.body(incoming):
                yield from self._done(side, incoming)
                return True
        except BadMessage as error:
            yield from self._broken(side, error)
            return len(reader.intake) > 0
        if reader.intake.gap:
            yield from self._gap(side)
            return True
        return False

    # Messages

    def _begin(self, side: int, incoming: Incoming) -> Iterator[Made]:
        """Takes a head: finds out what it belongs to and how its body ends."""
        if side == CLIENT:
            self._turns.append(_Turn(incoming))
            wrong = frame(incoming, side, incoming.start[0] == "CONNECT")
        else:
            turn = self._answering = self._turn(incoming)
            status = incoming.start[1]
            nothing = status[0] == "1" or status in ("204", "304") or turn.method == "HEAD"
            wrong = frame(incoming, side, nothing or (turn.method == "CONNECT" and status[0] == "2"))
        self._unsure[side] = False
        if wrong:
            yield from self._complain(wrong)

    def _turn(self, response: Incoming) -> _Turn:
        """Returns what a response answers; one that came before its request did answers nothing we know."""
        turns = [turn for turn in islice(self._turns, _MOST_UNSURE) if not turn.answered and turn.response is None]
        if self._unsure[SERVER]:
            while len(turns) > 1 and turns[1].time <= response.time:
                turns.pop(0).answered = True
        return turns[0] if turns and turns[0].time <= response.time + _DISORDER else _Turn(None)

    def _done(self, side: int, incoming: Incoming) -> Iterator[Made]:
        """Takes a message that is complete, or as complete as it gets."""
        self._incoming[side] = None
        if incoming.over:
            yield from self._blind("limit", incoming.over, incoming.frames.numbers, "the end of a long body")
        if side == CLIENT:
            asking = next(turn for turn in reversed(self._turns) if turn.request is incoming)
            asking.asked = True
            self._held += incoming.kept
            if asking.leaves and not asking.answered:
                self._paused = asking
            yield from self._finished()
            return
        assert self._answering is not None
        turn = self._answering
        status = incoming.start[1]
        if turn.request is None:
            yield from self._blind(
                "truncated", incoming.kept + incoming.over, incoming.frames.numbers, "a response without its request"
            )
        elif status[0] != "1" or (status == "101" and turn.leaves):
            turn.response, turn.answered = incoming, True
            if turn is self._paused:
                self._paused = None
            yield from self._finished()
            if turn.asked and (status == "101" or (turn.method == "CONNECT" and status[0] == "2")):
                yield from self._leave(turn, incoming)

    def _finished(self) -> Iterator[Made]:
        """Yields the exchanges that are complete, in order."""
        while self._turns and self._turns[0].asked and self._turns[0].answered:
            turn = self._turns.popleft()
            request, response = turn.request, turn.response
            assert request is not None
            self._held -= request.kept
            scheme, host, target = _destination(request, "https" if self._context.decrypted else "http")
            message = request.message((request.start[0], target, request.start[2]))
            exchange = self._context.exchange(
                PROTOCOL.name, scheme, host, message, response.message() if response else None
            )
            yield Finished(max(request.end, response.end if response else 0), exchange)

    # What is no message

    def _gap(self, side: int) -> Iterator[Made]:
        """Steps over missing bytes: a body goes on behind them if they were all its own."""
        reader, incoming = self._readers[side], self._incoming[side]
        yield from self._blind("truncated", *reader.drop(len(reader.intake)))
        lost = reader.intake.skip()
        yield from self._blind("truncated", lost, detail="not captured")
        if incoming is not None:
            if incoming.left is None:
                incoming.lost += lost
                return
            end = 2 if incoming.chunked else 0
            own = min(lost, max(incoming.left - end, 0))
            incoming.lost += own
            incoming.left -= own
            if own == lost and (incoming.left or not incoming.chunked):
                if not incoming.left:
                    yield from self._done(side, incoming)
                return
            yield from self._done(side, incoming)
        self._unsure[side] = True
        yield from self._blind("truncated", *reader.seek(0))

    def _broken(self, side: int, error: BadMessage) -> Iterator[Made]:
        """Ends a message that makes no sense, and looks for the next one."""
        if not self._unsure[side]:
            yield from self._complain(str(error))
        incoming = self._incoming[side]
        if incoming is not None:
            yield from self._done(side, incoming)
        why = "truncated" if self._unsure[side] else error.why
        self._unsure[side] = True
        count, frames = self._readers[side].seek(1)
        yield from self._blind(why, count, frames)

    def _blind(self, why: str, count: int, frames: tuple[int, ...] = (), detail: str = "") -> Iterator[Made]:
        if count:
            yield self._context.blind(why, PROTOCOL.name, count, frames, detail)

    def _complain(self, why: str) -> Iterator[Made]:
        """Yields the first fault of the connection; more of them would say the same."""
        if not self._complained:
            self._complained = True
            yield Fault("wire", self._context.where, why)

    # What comes after HTTP

    def _unanswered(self, turn: _Turn) -> Iterator[Made]:
        """Decides without an answer: bytes behind a CONNECT are taken for a tunnel's, behind an Upgrade for HTTP."""
        self._paused = None
        if turn.method == "CONNECT" and self._readers[CLIENT].intake:
            turn.answered = True
            yield from self._finished()
            yield from self._leave(turn, None)
        else:
            yield from self._pump()

    def _leave(self, turn: _Turn, response: Incoming | None) -> Iterator[Made]:
        """Hands the rest of both sides to whatever was agreed on."""
        assert turn.request is not None
        self._gone = True
        context = self._context
        if turn.method == "CONNECT":
            host, port = _authority(turn.request.start[1])
            server = Endpoint(host if _is_address(host) else "", port or 443)
            yield Above(replace(context, host=host, name="", server=server))
        else:
            agreed = (response.header(b"upgrade") if response else b"") or turn.request.header(b"upgrade")
            name = agreed.decode("latin-1").split(",")[0].strip().lower()
            yield Above(replace(context, host=_destination(turn.request, "")[1] or context.host, name=name))
        for side in (CLIENT, SERVER):
            intake = self._readers[side].intake
            if len(intake):
                yield Plain(side, intake.segment(0, len(intake)))
            for segment in intake.later:
                yield Plain(side, segment)
            intake.clear()


def _destination(request: Incoming, scheme: str) -> tuple[str, str, str]:
    """Returns scheme, host and target in origin form that a request names (RFC 9112 section 3.2)."""
    method, target, _ = request.start
    if method == "CONNECT":
        return scheme, _authority(target)[0], target
    host = request.header(b"host").decode("utf-8", "surrogateescape")
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute:
        scheme, host, target = absolute[1].lower(), absolute[2] or host, absolute[3].partition("#")[0]
        if not target.startswith("/"):
            target = "/" + target if target or method != "OPTIONS" else "*"
    return scheme, _authority(host)[0], target


def _authority(text: str) -> tuple[str, int]:
    """Returns the host, in lower case, and the port (0 where there is none) of `user@host:port`."""
    text = text.strip().rpartition("@")[2].lower()
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5:
        host, port = text.rstrip(":") if not text.startswith("[") else text, "0"
    return host.strip("[]").rstrip("."), int(port)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


PROTOCOL = Protocol("http/1.1", sniff, Http1, names=("http/1.1", "http/1.0"))
