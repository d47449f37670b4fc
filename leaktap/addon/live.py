"""mitmproxy's hooks. They take what a flow says, in microseconds, and raise nothing; no flow waits for them.

What leaves is in requests, so they are told at once, and responses when they come. A process beside mitmproxy inspects
them; what it finds is noted on the flows.
"""

# mypy: disable-error-code="no-untyped-call"
# mitmproxy leaves these of its own functions untyped.

import asyncio
import functools
import logging
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Concatenate

from mitmproxy import ctx, hooks
from mitmproxy.addonmanager import Loader
from mitmproxy.dns import DNSFlow
from mitmproxy.exceptions import OptionsError
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow
from mitmproxy.tcp import TCPFlow
from mitmproxy.tls import TlsData
from mitmproxy.udp import UDPFlow

from leaktap.addon._beside import Beside
from leaktap.addon._board import Board
from leaktap.addon._collector import Collector
from leaktap.addon._here import Here
from leaktap.addon._items import SOURCE, Answered, Item
from leaktap.addon._log import ALERT
from leaktap.addon._marks import Marks
from leaktap.addon._notes import annotate
from leaktap.addon._outputs import check
from leaktap.addon._session import Note, Noted, failure, now, timeline_of
from leaktap.addon._settings import Settings
from leaktap.addon._tally import Tally
from leaktap.addon.options import OPTIONS, declare, settings
from leaktap.config import Case, Event
from leaktap.consent import Timeline
from leaktap.model import Blind, Phase
from leaktap.sinks import SinkError
from leaktap.sinks._words import consent, harmless
from leaktap.sources._conversation import Line, Over, Piece, line, pieces
from leaktap.sources._shown import asked, replied, spoken
from leaktap.sources.flows import OWN, streamed

log = logging.getLogger("leaktap")

_DRAIN = 5.0
"""Seconds that the end of a session waits for what is not inspected yet."""
_LAST_FINDINGS = 500
_MOST_UNANSWERED = 100_000
_MOST_PHONES = 1000

_NAMES = {name for name, *_ in OPTIONS}
_written: set[str] = set()
"""The outputs that this process has written to: they are not emptied when options change or the script is reloaded."""
_leaving: list[Beside] = []
"""The sessions that come to their end while the proxy goes on: another one begins after them."""


def guarded[**P](hook: Callable[Concatenate["Live", P], None]) -> Callable[Concatenate["Live", P], None]:
    """Turns whatever a hook raises into a Fault and a line in the log: the proxy goes on."""

    @functools.wraps(hook)
    def guard(self: "Live", /, *arguments: P.args, **named: P.kwargs) -> None:
        try:
            hook(self, *arguments, **named)
        except Exception as error:  # noqa: BLE001
            self.failed(hook.__name__, error)

    return guard


class Live:
    """The addon."""

    def __init__(self, marks: Marks | None = None, beside: bool = True) -> None:
        """Has no session before the options are known. `beside` inspects in another process, where one can be."""
        self.session: Beside | Here | None = None
        self.last: deque[Note] = deque(maxlen=_LAST_FINDINGS)
        self.marks = marks or Marks()
        self.board = Board()
        self.phones: dict[str, list[int]] = {}
        """How many TLS connections each address began that accepted the proxy's certificate, and that refused it."""
        self._about: Settings | None = None
        self._timeline = Timeline()
        self._beside = beside and not getattr(sys, "frozen", False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._collector: Collector | None = None
        self._running = False
        self._shown: set[str] = set()

    def load(self, loader: Loader) -> None:
        """Declares the options."""
        declare(loader)

    def running(self) -> None:
        """Notes that the proxy runs: from now on, wrong options are refused and not the end."""
        self._running = True
        self._loop = asyncio.get_running_loop()
        self._collector = Collector(self._loop)
        if self.session:
            self.session.attach(self._loop)

    def configure(self, updated: set[str]) -> None:
        """Begins a session, or another one when an option changes.

        Raises:
            OptionsError: an option is not usable.
        """
        if not _NAMES & set(updated):
            return
        try:
            self._begin()
        except OptionsError as error:
            if self._running:
                raise
            log.error(str(error))  # ends mitmproxy while it starts, where raising would print a traceback as well

    def _begin(self) -> None:
        about = settings(ctx.options)
        self._keep_marks(ctx.options.leaktap_events_out)
        if self.session and self._about == about:
            return
        try:
            if self.session or _leaving:
                check(about.outputs, about.spool)
            self._leave()
            self.session = self._made(replace(about, kept=frozenset(_written)))
        except (SinkError, OSError) as error:
            raise OptionsError(f"leaktap: {error}") from None
        self._timeline = timeline_of(about, self.marks.events)
        self.board.happened(self._timeline.events)
        if self._loop:
            self.session.attach(self._loop)
        _written.update(about.outputs)
        self._about = about

    def _made(self, about: Settings) -> Beside | Here:
        if self._beside:
            return Beside(about, self.marks.events, self._note, _leaving)
        return Here(about, self.marks.events, self._note)

    def _leave(self) -> None:
        """Lets the session come to its end while the proxy goes on, if there is one."""
        session, self.session = self.session, None
        if isinstance(session, Beside) and self._loop:
            _leaving.append(session)
            session.then(lambda: _leaving.remove(session))
            session.leave()
        elif session:
            session.close(_DRAIN)

    def _keep_marks(self, file: str) -> None:
        try:
            self.marks.keep_in(Path(file).expanduser() if file else None)
        except OSError as error:
            raise OptionsError(f"leaktap_events_out: {file}: cannot be written ({error.strerror})") from None

    @guarded
    def request(self, flow: HTTPFlow) -> None:
        """Takes a request, before it is answered."""
        if OWN not in flow.metadata:
            self._ask(flow)

    @guarded
    def response(self, flow: HTTPFlow) -> None:
        """Takes a response; its request too, if that was not shown before."""
        if OWN in flow.metadata:
            return
        if flow.id in self._shown:
            self._shown.discard(flow.id)
        else:
            self._ask(flow)
            self._shown.discard(flow.id)
        answer = replied(flow)
        if answer and self.session:
            self.session.put(Answered(asked(flow, body=False), answer), flow)
            if answer.body is None:
                self._take_all([blind for blind in streamed(flow, SOURCE) if blind.detail.startswith("response")])

    @guarded
    def error(self, flow: HTTPFlow) -> None:
        """Takes a request that was not shown before: it was sent all the same."""
        if flow.id in self._shown:
            self._shown.discard(flow.id)
        elif OWN not in flow.metadata:
            self._ask(flow)
            self._shown.discard(flow.id)

    @guarded
    def websocket_message(self, flow: HTTPFlow) -> None:
        """Takes the newest message of a WebSocket."""
        assert flow.websocket is not None
        index = len(flow.websocket.messages) - 1
        self._take(spoken(flow, index), flow)

    @guarded
    def tls_established_client(self, data: TlsData) -> None:
        """Counts the connections in which a phone accepted the proxy's certificate."""
        self._count(data, 0)

    @guarded
    def tls_failed_client(self, data: TlsData) -> None:
        """Notes an app that does not accept the proxy's certificate."""
        self._count(data, 1)
        client, server = data.context.client, data.context.server
        address = server.peername or server.address or ("", 0)
        host = (client.sni or address[0]).lower()
        ip = server.peername[0] if server.peername else ""
        protocol = "quic" if client.transport_protocol == "udp" else "tls"
        why = str(data.conn.error or "")
        self._take(Blind(now(), "pinned", protocol, host, ip, address[1], source=SOURCE, detail=why))

    @guarded
    def tcp_message(self, flow: TCPFlow | UDPFlow) -> None:
        """Takes what one side of a connection sent."""
        message, about = flow.messages[-1], line(flow, SOURCE)
        self._take(Piece(about, message.from_client, message.content, message.timestamp), flow)

    @guarded
    def tcp_end(self, flow: TCPFlow | UDPFlow) -> None:
        """Ends a connection."""
        self._take(Over(line(flow, SOURCE)), flow)

    udp_message = tcp_message
    udp_end = tcp_error = udp_error = tcp_end

    @guarded
    def dns_response(self, flow: DNSFlow) -> None:
        """Takes a question of DNS with its answer, if there is one."""
        about: Line = line(flow, SOURCE)
        for piece in pieces(flow, about):
            self._take(piece, flow)
        self._take(Over(about), flow)

    dns_error = dns_response

    @guarded
    def done(self) -> None:
        """Ends the session, if there is one. Where the proxy ends as well, it waits for that."""
        if self._collector:
            self._collector.close()
        if not ctx.master.should_exit.is_set():
            self._leave()
            return
        until = monotonic() + _DRAIN
        for earlier in list(_leaving):
            earlier.close(max(until - monotonic(), 0.0))
        session, self.session = self.session, None
        if session:
            session.close(max(until - monotonic(), 0.0))

    def mark(self, event: Event) -> Phase:
        """Makes an event part of the timeline and returns the phase that it leads to."""
        self.marks.add(event)
        self._timeline.mark(event)
        self.board.happened(self._timeline.events)
        if self.session:
            self.session.mark(event)
        phase = self.phase(event.app)
        words, what = ", ".join(consent(phase, None, None)), event.event or event.action or "permission"
        log.log(ALERT, harmless(f"leaktap: {what} marked{event.app and f' for {event.app}'}: now {words}"))
        return phase

    @property
    def about(self) -> Settings:
        """What the session is about."""
        return self._about or Settings(Case(), (), (), (), False, False)

    @property
    def app(self) -> str:
        """The package of the app under test, or nothing."""
        return self.about.case.app.package

    def phase(self, app: str = "") -> Phase:
        """Returns the phase at this moment of an app, else of the app under test."""
        if self._about is None:
            return Phase("unknown")
        return self._timeline.phase(now(), app or self.app)

    def failed(self, where: str, error: Exception) -> None:
        """Notes what went wrong in a hook."""
        fault = failure(where, error)
        log.error(harmless(f"leaktap: {where}: {fault.why}"))
        if self.session:
            self.session.put(fault)

    def _count(self, data: TlsData, place: int) -> None:
        ip = (data.context.client.peername or ("",))[0]
        if ip in self.phones or len(self.phones) < _MOST_PHONES:
            self.phones.setdefault(ip, [0, 0])[place] += 1

    def _ask(self, flow: HTTPFlow) -> None:
        if self.session is None:
            return
        said = asked(flow)
        self.session.put(said, flow)
        if len(self._shown) < _MOST_UNANSWERED:
            self._shown.add(flow.id)
        if said.body is None:
            self._take_all([blind for blind in streamed(flow, SOURCE) if blind.detail.startswith("request")])

    def _take_all(self, items: Sequence[Item]) -> None:
        for item in items:
            self._take(item)

    def _take(self, item: Item, flow: Flow | None = None) -> None:
        if self.session:
            self.session.put(item, flow)

    @guarded
    def _note(self, notes: Sequence[Note], flows: dict[str, Flow], tally: Tally) -> None:
        self.last.extend(notes)
        self.board.noted(notes)
        if tally:
            self.board.tally(tally)
        if not flows:
            return
        by_flow: dict[str, list[Noted]] = {}
        for note in notes:
            if note.flow in flows:
                by_flow.setdefault(note.flow, []).append(note.opened())
        for name, noted in by_flow.items():
            annotate(flows[name], noted)
        ctx.master.addons.trigger(hooks.UpdateHook([flows[name] for name in by_flow]))
