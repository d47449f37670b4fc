"""The phone's page inside mitmproxy; on a port of this machine the same for scripts, and the dashboard.

Requests to the page's host are answered here and go nowhere; they are no traffic of the phone.
"""

# mypy: disable-error-code="no-untyped-call"
# mitmproxy leaves these of its own functions untyped.

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import time

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.http import Headers, HTTPFlow, RequestData, Response
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.netutil import bind_sockets

from leaktap.addon._control import EVENTS, FULL, MOST_BODY, Call, Control, Reply
from leaktap.addon._dashboard import Dashboard
from leaktap.addon._log import ALERT
from leaktap.addon._session import failure
from leaktap.addon._stream import Streams
from leaktap.addon.live import Live
from leaktap.sessions import Running, announce
from leaktap.sources._shown import microseconds
from leaktap.sources.flows import OWN

log = logging.getLogger("leaktap")

OPTIONS = (
    ("leaktap_page", "leak.tap", "The name of the page for the phone; empty: no page."),
    (
        "leaktap_listen",
        "127.0.0.1:0",
        "Where scripts and leaktap mark are heard, and where the dashboard is: HOST:PORT, port 0 is any that is free; "
        "empty: nowhere.",
    ),
    (
        "leaktap_dashboard",
        "",
        "Where else the dashboard is, for others in the network: HOST:PORT; marks are not heard there. Empty: nowhere.",
    ),
)
_TOKEN = "LEAKTAP_TOKEN"
"""The environment variable by which leaktap live, which prints the address, says the token."""
_token = os.environ.get(_TOKEN) or secrets.token_urlsafe(16)
"""The token of this process: it stays when the script is reloaded."""


class Page:
    """The addon. It stands before `live` in the list, so that its own requests are not taken for the phone's."""

    def __init__(self, live: Live) -> None:
        """Speaks for the session of `live`."""
        self._live = live
        dashboard = Dashboard(live.board, self._state)
        self.control = Control(
            live.mark, live.phase, self._rows, lambda: live.app, _token, dashboard, lambda: live.phones
        )
        self._streams = Streams(dashboard.since, live.board.run, self._stands)
        self._servers: list[HTTPServer] = []
        self._file: Path | None = None
        self._listens = False
        self._urls: list[str] = []
        self._host, self._name = "", b""

    @property
    def address(self) -> str:
        """The page's address, with its token; nothing where there is no page."""
        return f"http://{self._host}/?k={self.control.token}" if self._host else ""

    @property
    def dashboards(self) -> list[str]:
        """The dashboard's addresses, with the token that changes nothing."""
        return [f"{url}/dashboard?k={self.control.watch}" for url in self._urls]

    def load(self, loader: Loader) -> None:
        """Declares the options."""
        for name, default, text in OPTIONS:
            loader.add_option(name, str, default, text)

    def configure(self, updated: set[str]) -> None:
        """Notes the page's name.

        Raises:
            OptionsError: the endpoint is no HOST:PORT, or the page's name is none.
        """
        host = ctx.options.leaktap_page.lower()
        try:
            self._host, self._name = host, host.encode("idna")
        except UnicodeError:
            raise OptionsError(f"leaktap_page: {host!r} is no name of a host") from None
        for name in ("leaktap_listen", "leaktap_dashboard"):
            if name in updated:
                _place(name)

    def running(self) -> None:
        """Begins to listen, and tells where the page is."""
        if not self._listens:
            self._listens = True
            self._listen()
        if self.address and _TOKEN not in os.environ:
            log.log(ALERT, f"leaktap: the phone's page is {self.address}")

    def request(self, flow: HTTPFlow) -> None:
        """Answers what the phone asks of the page."""
        try:
            if self._host and self._may_be(flow.request.data) and flow.request.pretty_host.lower() == self._host:
                flow.metadata[OWN] = True
                flow.response = _response(self.control.answer(_call(flow)))
        except Exception as error:  # noqa: BLE001 (no exception leaves a hook)
            log.error(f"leaktap: {failure('page', error).why}")

    def done(self) -> None:
        """Listens no longer."""
        self._listens = False
        self._streams.close()
        for server in self._servers:
            server.stop()
        self._servers.clear()
        self._urls.clear()
        if self._file:
            with suppress(OSError):
                self._file.unlink()
            self._file = None

    def _may_be(self, asked: RequestData) -> bool:
        """Whether a request may be for the page: what mitmproxy does to tell its host takes more time than all else."""
        name = self._name
        if name in asked.authority.lower() or asked.host.lower() == self._host:
            return True
        return name in b"\n".join([value for key, value in asked.headers.fields if len(key) == 4]).lower()

    def _listen(self) -> None:
        """Opens what the options name, and tells of it."""
        if url := self._serve("leaktap_listen", "leaktap mark is not heard, and there is no dashboard", watched=False):
            session = Running(os.getpid(), url, self.control.token, self.address, ctx.options.leaktap_case)
            try:
                self._file = announce(session)
            except OSError as error:
                log.warning(f"leaktap: leaktap mark is not heard ({error.strerror})")
        self._serve("leaktap_dashboard", "there is no dashboard", watched=True)
        if _TOKEN not in os.environ:
            for address in self.dashboards:
                log.log(ALERT, f"leaktap: the dashboard is {address}")

    def _serve(self, name: str, otherwise: str, watched: bool) -> str:
        """Listens where an option says and returns the address, or nothing where it does not."""
        host, port = _place(name)
        if not host:
            return ""
        try:
            sockets = bind_sockets(port, host)
        except OSError as error:
            log.warning(f"leaktap: {name} {host}:{port}: {otherwise} ({error.strerror})")
            return ""
        hear = partial(self._hear, watched=watched)
        server = HTTPServer(hear, max_body_size=MOST_BODY, max_header_size=MOST_BODY, idle_connection_timeout=60)
        server.add_sockets(sockets)
        self._servers.append(server)
        self._urls.append(f"http://{f'[{host}]' if ':' in host else host}:{sockets[0].getsockname()[1]}")
        return self._urls[-1]

    def _hear(self, request: HTTPServerRequest, watched: bool) -> None:
        headers, connection = request.headers, request.connection
        assert isinstance(connection, HTTP1Connection)
        call = Call(
            request.method or "",
            request.uri or "/",
            headers.get("Content-Type", ""),
            headers.get("Authorization", ""),
            request.body,
            microseconds(time()),
            headers.get("Last-Event-ID", ""),
        )
        try:
            known = self.control.looks(call)
            if known is not None and not self._streams.full:
                self._streams.add(connection, HTTPHeaders(dict(EVENTS)), known)
                return
            reply = self.control.answer(call, watched) if known is None else FULL
        except Exception as error:  # noqa: BLE001 (what goes wrong here must not end up in mitmproxy's loop)
            log.error(f"leaktap: {failure('page', error).why}")
            reply = Reply(500, (), b"")
        fields = HTTPHeaders({**dict(reply.headers), "Content-Length": str(len(reply.body))})
        line = ResponseStartLine("HTTP/1.1", reply.status, HTTPStatus(reply.status).phrase)
        connection.write_headers(line, fields, b"" if request.method == "HEAD" else reply.body)
        connection.finish()

    def _stands(self) -> tuple[object, ...]:
        """Returns what dashboards hear of at once when it changes."""
        phase = self._live.phase()
        return phase.name, phase.background, self._live.app

    def _state(self) -> dict[str, object]:
        """Returns what dashboards are told whole each time; times are in milliseconds."""
        name, background, app = self._stands()
        waiting = self._live.session.waiting if self._live.session else 0
        said = {"phase": name, "background": background, "app": app}
        return said | {"waiting": waiting, "now": round(time() * 1000)}

    def _rows(self) -> Iterator[tuple[str, ...]]:
        return (note.opened().row for note in reversed(self._live.last))


def _place(name: str) -> tuple[str, int]:
    """Returns host and port of an option.

    Raises:
        OptionsError: the text says none.
    """
    text = getattr(ctx.options, name)
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdecimal() and int(port) < 65_536):
        raise OptionsError(f"{name}: {text!r} is no HOST:PORT: write it as 127.0.0.1:8484")
    return host.strip("[]"), int(port or 0)


def _call(flow: HTTPFlow) -> Call:
    request = flow.request
    kind, authorization = request.headers.get("content-type", ""), request.headers.get("authorization", "")
    begun = microseconds(request.timestamp_start)
    heard = request.headers.get("last-event-id", "")
    return Call(request.method, request.path, kind, authorization, request.raw_content or b"", begun, heard)


def _response(reply: Reply) -> Response:
    fields = [(name.encode(), value.encode("latin-1", "replace")) for name, value in reply.headers]
    return Response.make(reply.status, reply.body, Headers(fields))
