"""The phone's page inside mitmproxy, and the same for scripts on a port of this machine.

Requests to the page's host are answered here and go nowhere; they are no traffic of the phone.
"""

# mypy: disable-error-code="no-untyped-call"
# mitmproxy leaves these of its own functions untyped.

import logging
import os
import secrets
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from time import time

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.http import Headers, HTTPFlow, Response
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.netutil import bind_sockets

from leaktap.addon._control import MOST_BODY, Call, Control, Reply
from leaktap.addon._log import ALERT
from leaktap.addon._session import failure
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
        "Where scripts and leaktap mark are heard: HOST:PORT, port 0 is any that is free; empty: nowhere.",
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
        self.control = Control(live.mark, live.phase, self._rows, lambda: live.app, _token, lambda: live.phones)
        self._server: HTTPServer | None = None
        self._file: Path | None = None
        self._host = ""

    @property
    def address(self) -> str:
        """The page's address, with its token; nothing where there is no page."""
        return f"http://{self._host}/?k={self.control.token}" if self._host else ""

    def load(self, loader: Loader) -> None:
        """Declares the options."""
        for name, default, text in OPTIONS:
            loader.add_option(name, str, default, text)

    def configure(self, updated: set[str]) -> None:
        """Notes the page's name.

        Raises:
            OptionsError: the endpoint is no HOST:PORT.
        """
        self._host = ctx.options.leaktap_page.lower()
        if "leaktap_listen" in updated:
            _place(ctx.options.leaktap_listen)

    def running(self) -> None:
        """Begins to listen, and tells where the page is."""
        if self._server is None and ctx.options.leaktap_listen:
            self._listen(*_place(ctx.options.leaktap_listen))
        if self.address and _TOKEN not in os.environ:
            log.log(ALERT, f"leaktap: the phone's page is {self.address}")

    def request(self, flow: HTTPFlow) -> None:
        """Answers what the phone asks of the page."""
        try:
            if self._host and flow.request.pretty_host.lower() == self._host:
                flow.metadata[OWN] = True
                flow.response = _response(self.control.answer(_call(flow)))
        except Exception as error:  # noqa: BLE001 (no exception leaves a hook)
            log.error(f"leaktap: {failure('page', error).why}")

    def done(self) -> None:
        """Listens no longer."""
        if self._server:
            self._server.stop()
            self._server = None
        if self._file:
            with suppress(OSError):
                self._file.unlink()
            self._file = None

    def _listen(self, host: str, port: int) -> None:
        try:
            sockets = bind_sockets(port, host)
            self._server = HTTPServer(self._hear, max_body_size=MOST_BODY, max_header_size=MOST_BODY)
            self._server.add_sockets(sockets)
            url = f"http://{host}:{sockets[0].getsockname()[1]}"
            case = ctx.options.leaktap_case
            self._file = announce(Running(os.getpid(), url, self.control.token, self.address, case))
        except OSError as error:
            log.error(f"leaktap: leaktap_listen {host}:{port}: leaktap mark is not heard ({error.strerror})")

    def _hear(self, request: HTTPServerRequest) -> None:
        headers = request.headers
        call = Call(
            request.method or "",
            request.uri or "/",
            headers.get("Content-Type", ""),
            headers.get("Authorization", ""),
            request.body,
            microseconds(time()),
        )
        try:
            reply = self.control.answer(call)
        except Exception as error:  # noqa: BLE001 (what goes wrong here must not end up in mitmproxy's loop)
            log.error(f"leaktap: {failure('page', error).why}")
            reply = Reply(500, (), b"")
        fields = HTTPHeaders({**dict(reply.headers), "Content-Length": str(len(reply.body))})
        connection = request.connection
        assert connection is not None
        line = ResponseStartLine("HTTP/1.1", reply.status, HTTPStatus(reply.status).phrase)
        connection.write_headers(line, fields, b"" if request.method == "HEAD" else reply.body)
        connection.finish()

    def _rows(self) -> list[tuple[str, ...]]:
        return [note.row for note in reversed(self._live.last)]


def _place(text: str) -> tuple[str, int]:
    """Returns host and port.

    Raises:
        OptionsError: the text says none.
    """
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdecimal() and int(port) < 65_536):
        raise OptionsError(f"leaktap_listen: {text!r} is no HOST:PORT: write it as 127.0.0.1:8484")
    return host.strip("[]"), int(port or 0)


def _call(flow: HTTPFlow) -> Call:
    request = flow.request
    kind, authorization = request.headers.get("content-type", ""), request.headers.get("authorization", "")
    begun = microseconds(request.timestamp_start)
    return Call(request.method, request.path, kind, authorization, request.raw_content or b"", begun)


def _response(reply: Reply) -> Response:
    fields = [(name.encode(), value.encode("latin-1", "replace")) for name, value in reply.headers]
    return Response.make(reply.status, reply.body, Headers(fields))
