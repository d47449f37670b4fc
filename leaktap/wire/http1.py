"""HTTP/1: requests and responses of a connection, paired in order (RFC 9112).

Both sides are read in turn until neither moves: a response needs its request to be read (HEAD has no body), and what
follows a CONNECT or an Upgrade is HTTP only if the answer says so. After a gap, a response that came before the next
request, or after a later one, is known by the clock not to belong to it.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice

from leaktap.model import Endpoint, Exchange, Fault
from leaktap.wire._api import Above, Context, Finished, Made, Plain, Protocol
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._messages import Incoming, authority
from leaktap.wire.http1_framing import BadMessage, Reader, sniff

_MOST_PAUSED = 16 << 20
_MOST_TURNS = 10_000
_MOST_HELD = 32 << 20
_MOST_UNSURE = 64
_DISORDER = 100
"""By how many microseconds captures confuse the order of packets."""
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)


@dataclass(slots=True, eq=False)
class _Turn:
    """A request and what became of it. `request` is None for a response that answers nothing that was captured.

    `method` is the request's; `leaves` tells whether the client wants to speak something else afterwards; `shown` is
    what was told of it before there was an answer.
    """

    request: Incoming | None
    method: str = ""
    leaves: bool = False
    asked: bool = False
    response: Incoming | None = None
    answered: bool = False
    shown: Exchange | None = None


class Http1:
    """One HTTP/1 connection."""

    def __init__(self, context: Context) -> None:
        """Begins before the first request."""
        self._context = context
        self._readers = (Reader(CLIENT), Reader(SERVER))
        self._incoming: list[Incoming | None] = [None, None]
        self._turns: deque[_Turn] = deque()
        self._asking = self._answering = _Turn(None)
        self._paused: _Turn | None = None
        self._gone = False
        self._unsure = [not context.flow.from_start] * 2
        self._complained = False
        self._held = 0
        self._made: list[Made] = []

    waiting = 0

    def feed(self, side: int, segment: Segment) -> Iterable[Made]:
        """Takes bytes of a side and returns exchanges."""
        if self._gone:
            return (Plain(side, segment),)
        self._readers[side].push(segment, self._incoming[side])
        self._pump()
        if self._paused and len(self._readers[CLIENT].intake) > _MOST_PAUSED:
            self._unanswered(self._paused)
        while len(self._turns) > 1 and (len(self._turns) > _MOST_TURNS or self._held > _MOST_HELD):
            self._turns[0].answered = True
            self._finished()
        return self._take()

    def pause(self) -> Iterable[Made]:
        """Returns the requests that are complete; their responses come later."""
        for turn in self._turns:
            if not turn.asked or turn.request is None:
                break
            if turn.shown is None:
                turn.shown = self._exchange(turn.request, None)
                self._made.append(Finished(turn.shown))
        return self._take()

    def close(self) -> Iterable[Made]:
        """Returns what is pending: requests without response, bodies that broke off."""
        if self._paused:
            self._unanswered(self._paused)
        if not self._gone:
            for side in (CLIENT, SERVER):
                incoming = self._incoming[side]
                if incoming is not None:
                    incoming.lost += max((incoming.left or 0) - (2 if incoming.chunked else 0), 0)
                    self._done(side, incoming)
            for reader in self._readers:
                count, frames = reader.intake.clear()
                self._blind("truncated", count, frames)
            for turn in self._turns:
                turn.asked = turn.answered = True
            self._finished()
        return self._take()

    def _take(self) -> list[Made]:
        """Returns what was made since the last time."""
        made, self._made = self._made, []
        return made

    def _pump(self) -> None:
        """Reads what the client sent, then what the server sent, up to what lets the client go on."""
        moved = True
        while moved and not self._gone:
            while self._step(CLIENT):
                pass
            paused = self._paused
            moved = self._step(SERVER)
            while moved and self._paused is paused and not self._gone:
                moved = self._step(SERVER)

    def _step(self, side: int) -> bool:
        """Reads a message, or the next piece of its body; returns whether there is more to try."""
        reader, incoming = self._readers[side], self._incoming[side]
        try:
            if incoming is None:
                if side == CLIENT and self._paused:
                    return False
                incoming = reader.head()
                if incoming is not None:
                    self._begin(side, incoming)
            if incoming is not None and reader.body(incoming):
                self._done(side, incoming)
                return True
        except BadMessage as error:
            self._broken(side, error)
            return len(reader.intake) > 0
        if reader.intake.later:
            self._gap(side)
            return True
        return False

    # Messages

    def _begin(self, side: int, incoming: Incoming) -> None:
        """Takes a head: finds out what it belongs to and how its body ends."""
        self._incoming[side] = incoming
        reader = self._readers[side]
        if side == CLIENT:
            method = incoming.start[0]
            tunnel = method == "CONNECT"
            leaves = tunnel or (reader.mentions(b"upgrade") and bool(incoming.header(b"upgrade")))
            self._asking = _Turn(incoming, method, leaves)
            self._turns.append(self._asking)
            wrong = reader.frame(incoming, tunnel)
        else:
            turn = self._answering = self._turn(incoming)
            status = incoming.start[1]
            nothing = status[0] == "1" or status in ("204", "304") or turn.method == "HEAD"
            wrong = reader.frame(incoming, nothing or (turn.method == "CONNECT" and status[0] == "2"))
        self._unsure[side] = False
        if wrong:
            self._complain(wrong)

    def _turn(self, response: Incoming) -> _Turn:
        """Returns what a response answers; one that came before its request did answers nothing we know."""
        found = None
        for turn in islice(self._turns, _MOST_UNSURE):
            if turn.answered or turn.response is not None or turn.request is None:
                continue
            if found is not None:
                if turn.request.time > response.time:
                    break
                found.answered = True
            elif turn.request.time > response.time + _DISORDER:
                break
            found = turn
            if not self._unsure[SERVER]:
                break
        return found or _Turn(None)

    def _done(self, side: int, incoming: Incoming) -> None:
        """Takes a message that is complete, or as complete as it gets."""
        self._incoming[side] = None
        if incoming.over:
            self._blind("limit", incoming.over, incoming.frames.numbers, "the end of a long body")
        if side == CLIENT:
            asking = self._asking
            asking.asked = True
            self._held += incoming.kept
            if asking.leaves and not asking.answered:
                self._paused = asking
            if asking.answered:
                self._finished()
            return
        turn = self._answering
        status = incoming.start[1]
        if turn.request is None:
            count = incoming.kept + incoming.over
            self._blind("truncated", count, incoming.frames.numbers, "a response without its request")
        elif status[0] != "1" or (status == "101" and turn.leaves):
            turn.response, turn.answered = incoming, True
            if turn is self._paused:
                self._paused = None
            exchange = self._finished()
            if turn.asked and (status == "101" or (turn.method == "CONNECT" and status[0] == "2")):
                self._leave(turn, exchange)

    def _finished(self) -> Exchange | None:
        """Makes the exchanges that are complete, in order; returns the last one."""
        exchange = None
        turns = self._turns
        while turns and turns[0].asked and turns[0].answered:
            turn = turns.popleft()
            request, response = turn.request, turn.response
            assert request is not None
            self._held -= request.kept
            if turn.shown is None:
                exchange = self._exchange(request, response)
            else:
                exchange = replace(turn.shown, response=response.message() if response else None)
            if turn.shown is None or response:
                self._made.append(Finished(exchange, answer=turn.shown is not None))
        return exchange

    def _exchange(self, request: Incoming, response: Incoming | None) -> Exchange:
        """Returns what a turn amounts to."""
        context = self._context
        scheme, host, target = _destination(request, "https" if context.decrypted else "http")
        asked = request.message((request.start[0], target, request.start[2]))
        answered = response.message() if response else None
        return context.exchange(PROTOCOL.name, scheme, host, asked, answered)

    # What is no message

    def _gap(self, side: int) -> None:
        """Steps over missing bytes: a body goes on behind them if they were all its own."""
        reader, incoming = self._readers[side], self._incoming[side]
        self._blind("truncated", *reader.drop(len(reader.intake)))
        lost = reader.intake.skip()
        self._blind("truncated", lost, detail="not captured")
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
                    self._done(side, incoming)
                return
            self._done(side, incoming)
        self._unsure[side] = True
        self._blind("truncated", *reader.seek(0))

    def _broken(self, side: int, error: BadMessage) -> None:
        """Ends a message that makes no sense, and looks for the next one."""
        if not self._unsure[side]:
            self._complain(str(error))
        incoming = self._incoming[side]
        if incoming is not None:
            self._done(side, incoming)
        why = "truncated" if self._unsure[side] else error.why
        self._unsure[side] = True
        count, frames = self._readers[side].seek(1)
        self._blind(why, count, frames)

    def _blind(self, why: str, count: int, frames: tuple[int, ...] = (), detail: str = "") -> None:
        if count:
            self._made.append(self._context.blind(why, PROTOCOL.name, count, frames, detail))

    def _complain(self, why: str) -> None:
        """Makes the first fault of the connection; more of them would say the same."""
        if not self._complained:
            self._complained = True
            self._made.append(Fault("wire", self._context.where, why))

    # What comes after HTTP

    def _unanswered(self, turn: _Turn) -> None:
        """Decides without an answer: bytes behind a CONNECT are taken for a tunnel's, behind an Upgrade for HTTP."""
        self._paused = None
        if turn.method == "CONNECT" and self._readers[CLIENT].intake.data:
            for each in self._turns:
                each.answered = True
            self._leave(turn, self._finished())
        else:
            self._pump()

    def _leave(self, turn: _Turn, exchange: Exchange | None) -> None:
        """Hands the rest of both sides to whatever was agreed on in `exchange`."""
        assert turn.request is not None
        self._gone = True
        context = self._context
        if turn.method == "CONNECT":
            host, port = authority(turn.request.start[1])
            server = Endpoint(host if _is_address(host) else "", port or 443)
            above = replace(context, host=host, name="", server=server, upgrade=None, greeting=None)
        else:
            agreed = (turn.response.header(b"upgrade") if turn.response else b"") or turn.request.header(b"upgrade")
            name = agreed.decode("latin-1").split(",")[0].strip().lower()
            host = _destination(turn.request, "")[1] or context.host
            above = replace(context, host=host, name=name, upgrade=exchange)
        self._made.append(Above(above))
        for side in (CLIENT, SERVER):
            intake = self._readers[side].intake
            if len(intake):
                self._made.append(Plain(side, intake.segment(0, len(intake))))
            for segment in intake.later:
                self._made.append(Plain(side, segment))
            intake.clear()


def _destination(request: Incoming, scheme: str) -> tuple[str, str, str]:
    """Returns scheme, host and target in origin form that a request names (RFC 9112 section 3.2)."""
    method, target, _ = request.start
    if method == "CONNECT":
        return scheme, authority(target)[0], target
    host = request.header(b"host").decode("utf-8", "surrogateescape")
    absolute = None if target.startswith("/") else _ABSOLUTE.fullmatch(target)
    if absolute:
        scheme, host, target = absolute[1].lower(), absolute[2] or host, absolute[3].partition("#")[0]
        if not target.startswith("/"):
            target = "/" + target if target or method != "OPTIONS" else "*"
    return scheme, authority(host)[0], target


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


PROTOCOL = Protocol("http/1.1", sniff, Http1, names=("http/1.1", "http/1.0"))
