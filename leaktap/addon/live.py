"""mitmproxy's hooks. They are short, they raise nothing, and no flow waits for them.

Small messages are inspected at once; large ones go to a worker, and what comes meanwhile queues behind them, so that
one thread at a time uses the pipeline and records keep their order. A full queue makes a `Blind`, never a delay.
"""

# mypy: disable-error-code="no-untyped-call"
# mitmproxy leaves these of its own functions untyped.

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Concatenate

from mitmproxy import ctx, hooks
from mitmproxy.addonmanager import Loader
from mitmproxy.dns import DNSFlow
from mitmproxy.exceptions import OptionsError
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow
from mitmproxy.log import ALERT
from mitmproxy.tcp import TCPFlow
from mitmproxy.tls import TlsData
from mitmproxy.udp import UDPFlow

from leaktap.addon._log import recipient
from leaktap.addon._notes import annotate
from leaktap.addon._session import SOURCE, Session, now, size
from leaktap.addon.options import OPTIONS, declare, settings
from leaktap.config import Event
from leaktap.model import Blind, Fault, Finding, Phase, Seen
from leaktap.sinks import SinkError
from leaktap.sinks._words import consent, disguise, harmless
from leaktap.sources.flows import flow_exchanges, joined, message_exchange, unread

log = logging.getLogger("leaktap")

INLINE = 1 << 16
"""Bytes of a request and its response that are inspected at once."""
_LAST_FINDINGS = 500

_NAMES = {name for name, *_ in OPTIONS}


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

    def __init__(self) -> None:
        """Has no session before the options are known."""
        self.session: Session | None = None
        self.last: deque[list[str]] = deque(maxlen=_LAST_FINDINGS)
        self._marks: list[Event] = []
        self._running = False

    def load(self, loader: Loader) -> None:
        """Declares the options."""
        declare(loader)

    def running(self) -> None:
        """Notes that the proxy runs: from now on, wrong options are refused and not the end."""
        self._running = True

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
        if self.session and self.session.about == about:
            return
        self.done()
        try:
            self.session = Session(about, self._marks)
        except SinkError as error:
            raise OptionsError(f"leaktap: {error}") from None

    @guarded
    def response(self, flow: HTTPFlow) -> None:
        """Inspects a request and its response; the messages of a WebSocket come one by one later."""
        self._take(list(flow_exchanges(flow, SOURCE)), flow)

    @guarded
    def error(self, flow: HTTPFlow) -> None:
        """Inspects a request that got no response: it was sent all the same."""
        self._take(list(flow_exchanges(flow, SOURCE)), flow)

    @guarded
    def websocket_message(self, flow: HTTPFlow) -> None:
        """Inspects the newest message of a WebSocket."""
        assert flow.websocket is not None
        index = len(flow.websocket.messages) - 1
        self._take([message_exchange(flow, index, SOURCE, f"flow:{flow.id}")], flow)

    @guarded
    def tls_failed_client(self, data: TlsData) -> None:
        """Notes an app that does not accept the proxy's certificate."""
        client, server = data.context.client, data.context.server
        address = server.peername or server.address or ("", 0)
        host = (client.sni or address[0]).lower()
        ip = server.peername[0] if server.peername else ""
        protocol = "quic" if client.transport_protocol == "udp" else "tls"
        why = str(data.conn.error or "")
        self._take([Blind(now(), "pinned", protocol, host, ip, address[1], source=SOURCE, detail=why)])

    @guarded
    def tcp_end(self, flow: TCPFlow) -> None:
        """Notes a connection of a protocol that is not read."""
        self._take([unread(flow, SOURCE)])

    @guarded
    def udp_end(self, flow: UDPFlow) -> None:
        """Notes datagrams of a protocol that is not read."""
        self._take([unread(flow, SOURCE)])

    tcp_error = tcp_end
    udp_error = udp_end

    @guarded
    def dns_response(self, flow: DNSFlow) -> None:
        """Counts DNS, which is not read."""
        if self.session:
            self.session.dns = joined(self.session.dns, unread(flow, SOURCE))

    dns_error = dns_response

    @guarded
    def done(self) -> None:
        """Ends the session, if there is one."""
        if self.session:
            session, self.session = self.session, None
            session.finish()

    def mark(self, event: Event) -> Phase:
        """Makes an event part of the timeline and returns the phase that it leads to."""
        self._marks.append(event)
        if self.session:
            self.session.timeline.mark(event)
        phase = self.phase(event.app)
        words = ", ".join(consent(phase, None, None))
        log.log(ALERT, harmless(f"leaktap: {event.event} marked{event.app and f' for {event.app}'}: now {words}"))
        return phase

    def phase(self, app: str = "") -> Phase:
        """Returns the phase at this moment of an app, else of the app under test."""
        if not self.session:
            return Phase("unknown")
        return self.session.timeline.phase(now(), app or self.session.about.case.app.package)

    def failed(self, where: str, error: Exception) -> None:
        """Notes what went wrong in a hook or in the worker."""
        why = " ".join(f"{type(error).__name__}: {error}".split())
        log.error(harmless(f"leaktap: {where}: {why}"))
        if self.session:
            self.session.outputs.write(Fault("source", f"{SOURCE}: {where}", why))

    def _take(self, items: list[Seen], flow: Flow | None = None) -> None:
        """Inspects what a flow holds, now or on the worker."""
        session, bytes_ = self.session, sum(map(size, items))
        if session is None:
            return
        if bytes_ <= INLINE and session.worker.idle:
            self._note(session, flow, session.inspect(items))
            return
        job = functools.partial(self._work, session, items, flow, asyncio.get_running_loop())
        if not session.worker.put(job, bytes_):
            session.refuse(items)

    @guarded
    def _work(self, session: Session, items: list[Seen], flow: Flow | None, loop: asyncio.AbstractEventLoop) -> None:
        """Inspects on the worker; what it says on the flow is said on mitmproxy's loop."""
        findings = session.inspect(items)
        if findings and not loop.is_closed():
            loop.call_soon_threadsafe(self._note, session, flow, findings)

    @guarded
    def _note(self, session: Session, flow: Flow | None, findings: list[Finding]) -> None:
        for finding in findings:
            self.last.append(_row(finding))
        if flow is not None and findings:
            annotate(flow, findings, session.about.reveal)
            ctx.master.addons.trigger(hooks.UpdateHook([flow]))


def _row(finding: Finding) -> list[str]:
    """Returns a finding for a table; only words, so that bodies are not kept."""
    match = finding.match
    moment = datetime.fromtimestamp(finding.time / 1_000_000, UTC)
    clauses = " ".join(dict.fromkeys(clause.id for clause in finding.clauses))
    phase = ", ".join(consent(finding.phase, None, None))
    cells = (f"{moment:%H:%M:%S}", finding.severity, match.identifier, disguise(match.form))
    return [harmless(cell) for cell in (*cells, recipient(finding), finding.exchange.host, phase, clauses)]
