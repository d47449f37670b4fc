"""What a session answers to those who speak to it: the phone's page, scripts and `leaktap mark`.

    GET  /?k=TOKEN     the page
    GET  /state        JSON: phase, background, app, phones, findings
    POST /mark         event, and app and at if they are told: as a form (from the page) or as JSON

Without the token (in `k` or as `Authorization: Bearer`) nothing is told and nothing changes.
"""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from leaktap.addon import _page
from leaktap.config import Event, parse_time
from leaktap.marks import read_mark
from leaktap.model import Phase, Time

MOST_BODY = 64 << 10
_MOST_SHOWN = 20
_HEADERS = (
    ("Content-Security-Policy", _page.POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


class Call(NamedTuple):
    """A request: `time` is when it began."""

    method: str
    target: str
    content_type: str
    authorization: str
    body: bytes
    time: Time


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
        rows: Callable[[], Sequence[Sequence[str]]],
        app: Callable[[], str],
        token: str,
        phones: Callable[[], Mapping[str, Sequence[int]]] = dict,
    ) -> None:
        """`rows` are the last findings in words, newest first; `phones` how many of an address' TLS connections
        accepted the proxy's certificate, and how many refused it.
        """
        self._mark, self._phase, self._rows, self._app = mark, phase, rows, app
        self.token, self._phones = token, phones

    def answer(self, call: Call) -> Reply:
        """Answers a request."""
        url = urlsplit(call.target)
        if call.method in ("GET", "HEAD") and url.path == "/style.css":
            return _reply(200, "text/css", _page.STYLE)
        if url.path == "/mark":
            return self._marked(call) if call.method == "POST" else _refused(405, "use POST")
        if call.method not in ("GET", "HEAD"):
            return _refused(405, "use GET")
        if url.path not in ("/", "/state"):
            return _refused(404, "there is nothing here")
        if not self._is_token(_first(parse_qs(url.query), "k") or _bearer(call)):
            return _reply(403, "text/html", _page.refusal()) if url.path == "/" else _refused(403, "no token")
        rows, phase = list(self._rows())[:_MOST_SHOWN], self._phase()
        if url.path == "/state":
            phones = {ip: {"accepted": yes, "refused": no} for ip, (yes, no) in self._phones().items()}
            found = [list(row) for row in rows]
            return _json(200, {**_said(phase), "app": self._app(), "phones": phones, "findings": found})
        html = _page.page(self.token, phase.name, phase.background, self._app(), rows)
        return _reply(200, "text/html", html)

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

    def _is_token(self, said: str) -> bool:
        return hmac.compare_digest(said.encode("utf-8", "replace"), self.token.encode())


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


def _first(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


def _bearer(call: Call) -> str:
    kind, _, token = call.authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _refused(status: int, why: str) -> Reply:
    return _json(status, {"error": why})


def _json(status: int, said: dict[str, Any]) -> Reply:
    return _reply(status, "application/json", json.dumps(said))


def _reply(status: int, kind: str, text: str) -> Reply:
    return Reply(status, (*_HEADERS, ("Content-Type", f"{kind}; charset=utf-8")), text.encode("utf-8", "replace"))
