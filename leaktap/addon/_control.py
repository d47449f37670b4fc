"""What a session answers to those who speak to it: the phone's page, scripts and `leaktap mark`.

    GET  /?k=TOKEN     the phone's page
    GET  /dashboard    the dashboard
    GET  /events       what the dashboard shows: one server-sent event, all that is newer than Last-Event-ID or `since`
    GET  /state        JSON: phase, background, app, phones, findings
    POST /mark         event, and app and at if they are told: as a form (from the page) or as JSON

Without a token (in `k` or as `Authorization: Bearer`) nothing is told and nothing changes. There are two: one that may
do all this, and one made of it that may look at the dashboard and change nothing.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from leaktap.addon import _page
from leaktap.addon._dashboard import Dashboard
from leaktap.addon._stream import event as stream_event
from leaktap.config import Event, parse_time
from leaktap.marks import read_mark
from leaktap.model import Phase, Time
from leaktap.sessions import watching

MOST_BODY = 64 << 10
_MOST_SHOWN = 20
_READING = ("/state", "/dashboard", "/events")
"""What may be asked for with the token that changes nothing."""
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


EVENTS = (*_HEADERS, ("Content-Type", "text/event-stream; charset=utf-8"))
"""The header fields of a stream of events."""


class Call(NamedTuple):
    """A request: `time` is when it began."""

    method: str
    target: str
    content_type: str
    authorization: str
    body: bytes
    time: Time
    heard: str = ""
    """The last event that a dashboard heard."""


class Reply(NamedTuple):
    """The answer to a request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Control:
    """The endpoint, over whatever carries it."""

    def __init__(
        self,
        mark: Callable[[Event], Phase],
        phase: Callable[[], Phase],
        rows: Callable[[], Iterable[Sequence[str]]],
        app: Callable[[], str],
        token: str,
        dashboard: Dashboard,
        phones: Callable[[], Mapping[str, Sequence[int]]] = dict,
    ) -> None:
        """`rows` are the last findings in words, newest first; `phones` how many of an address' TLS connections
        accepted the proxy's certificate, and how many refused it.
        """
        self._mark, self._phase, self._rows, self._app = mark, phase, rows, app
        self.token, self.watch, self._phones = token, watching(token), phones
        self.dashboard = dashboard

    def looks(self, call: Call) -> int | None:
        """Returns up to which change a dashboard knows all that asks for events, and may; nothing if it is none."""
        url = urlsplit(call.target)
        if call.method != "GET" or url.path != "/events" or not self._may(call, url.path, parse_qs(url.query)):
            return None
        return self._known(call, parse_qs(url.query))

    def answer(self, call: Call, watched: bool = False) -> Reply:
        """Answers a request. Where it is only `watched`, nothing may change."""
        url = urlsplit(call.target)
        if call.method in ("GET", "HEAD") and url.path == "/style.css":
            return _reply(200, "text/css", _page.STYLE)
        if watched and url.path not in _READING:
            return _refused(404, "there is nothing here")
        if url.path == "/mark":
            return self._marked(call) if call.method == "POST" else _refused(405, "use POST")
        if call.method not in ("GET", "HEAD"):
            return _refused(405, "use GET")
        if url.path not in ("/", *_READING):
            return _refused(404, "there is nothing here")
        query = parse_qs(url.query)
        if not self._may(call, url.path, query):
            if url.path in ("/", "/dashboard"):
                return _html(403, _page.refusal(), _page.POLICY)
            return _refused(403, "no token")
        if url.path == "/dashboard":
            return _html(200, self.dashboard.html, self.dashboard.policy)
        if url.path == "/events":
            update = self.dashboard.since(self._known(call, query))
            return _reply(200, "text/event-stream", stream_event(update, self.dashboard.board.run).decode())
        rows, phase = list(islice(self._rows(), _MOST_SHOWN)), self._phase()
        if url.path == "/state":
            phones = {ip: {"accepted": yes, "refused": no} for ip, (yes, no) in self._phones().items()}
            found = [list(row) for row in rows]
            words = dict(zip(("zh", "en"), _page.phase_words(*_said(phase).values()), strict=True))
            return _json(200, {**_said(phase), "words": words, "app": self._app(), "phones": phones, "findings": found})
        html = _page.page(self.token, phase.name, phase.background, self._app(), rows)
        return _html(200, html, _page.POLICY)

    def _marked(self, call: Call) -> Reply:
        form = call.content_type.partition(";")[0].strip().lower() != "application/json"
        try:
            said = _form(call.body) if form else _object(call.body)
        except ValueError as error:
            return _refused(400, str(error))
        if not self._is_token(said.get("k", "") or _bearer(call)):
            return _refused(403, "no token")
        try:
            event = to_event(said.get("event", ""), said.get("app", ""), said.get("at", ""), call.time)
        except ValueError as error:
            return _refused(400, str(error))
        phase = self._mark(event)
        if form and not _bearer(call):
            return Reply(303, (*_HEADERS, ("Location", f"/?k={quote(self.token)}")), b"")
        return _json(200, _said(phase))

    def _known(self, call: Call, query: dict[str, list[str]]) -> int:
        return self.dashboard.known(call.heard or _first(query, "since"))

    def _may(self, call: Call, path: str, query: dict[str, list[str]]) -> bool:
        said = _first(query, "k") or _bearer(call)
        return self._is_token(said) or (path in _READING and _same(said, self.watch))

    def _is_token(self, said: str) -> bool:
        return _same(said, self.token)


def to_event(text: str, app: str, at: str, time: Time) -> Event:
    """Returns the event that a mark says, by the capture's clock, at `time` unless it says another.

    Raises:
        ValueError: it says none; the message says what there is.
    """
    mark = read_mark(text, parse_time(at) if at else time, "")
    said = {"event": mark.event or None, "permission": dict(mark.permission), "action": mark.action}
    place = {"app": app or mark.app, "device": mark.device, "clock": "capture"}
    return Event.model_validate({"at": mark.time, **said, **place})


def _said(phase: Phase) -> dict[str, Any]:
    return {"phase": phase.name, "background": phase.background}


def _form(body: bytes) -> dict[str, str]:
    fields = parse_qs(body[:MOST_BODY].decode("utf-8", "replace"), max_num_fields=20)
    return {name: values[0] for name, values in fields.items()}


def _object(body: bytes) -> dict[str, str]:
    try:
        said = json.loads(body[:MOST_BODY])
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON") from None
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise ValueError("the body is no object of texts")
    return said


def _same(said: str, token: str) -> bool:
    return hmac.compare_digest(said.encode("utf-8", "replace"), token.encode())


def _first(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


def _bearer(call: Call) -> str:
    kind, _, token = call.authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _refused(status: int, why: str) -> Reply:
    return _json(status, {"error": why})


def _json(status: int, said: dict[str, Any]) -> Reply:
    return _reply(status, "application/json", json.dumps(said))


def _html(status: int, text: str, policy: str) -> Reply:
    reply = _reply(status, "text/html", text)
    return reply._replace(headers=(*reply.headers, ("Content-Security-Policy", policy)))


def _reply(status: int, kind: str, text: str) -> Reply:
    return Reply(status, (*_HEADERS, ("Content-Type", f"{kind}; charset=utf-8")), text.encode("utf-8", "replace"))


FULL = _refused(503, "as many dashboards are open as are served")
"""The answer where there is no room for a further stream."""
