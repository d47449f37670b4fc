"""Who looks at the dashboard: each is sent what is new, as server-sent events, no faster than it takes it.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Nothing is sent to a page that has not taken what it was
sent before; what it misses meanwhile is told at once later. Pages that know as much get the same portion, made once.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from tornado.concurrent import Future
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.iostream import StreamClosedError

from leaktap.addon._board import Update

MOST_PAGES = 12
_PAUSE, _SHORT_PAUSE = 0.5, 0.05
"""Seconds between portions: where a page knows all, and where there is more to tell."""
_SILENCE = 5.0
"""Seconds after which a page hears that all is well."""
_STUCK = 60.0

type Since = Callable[[int], Update]


def event(update: Update, run: str) -> bytes:
    """Returns a portion as an event; its name is what a page says that comes back."""
    return f"retry: 2000\nid: {run}.{update.until}\ndata: {update.text}\n\n".encode()


class _Page:
    """One that looks; `known` is up to where it was told."""

    def __init__(self, connection: HTTP1Connection, known: int, sent: "Future[None]") -> None:
        self.connection, self.known, self.sent = connection, known, sent
        self.behind, self.told = True, monotonic()


class Streams:
    """All that look."""

    def __init__(self, since: Since, run: str, state: Callable[[], Any]) -> None:
        """`state` is what is told whole in each portion: where it changes, pages are told."""
        self._since, self._run, self._state = since, run, state
        self._pages: list[_Page] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last: Any = None

    @property
    def full(self) -> bool:
        """Whether no further page is served."""
        return len(self._pages) >= MOST_PAGES

    def add(self, connection: HTTP1Connection, headers: HTTPHeaders, known: int) -> None:
        """Begins to tell a page what is newer than a change."""
        connection.set_close_callback(lambda: self._left(page))
        page = _Page(connection, known, connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers))
        self._pages.append(page)
        self._schedule(0)

    def close(self) -> None:
        """Ends all."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for page in list(self._pages):
            page.connection.close()
        self._pages.clear()

    def _left(self, page: _Page) -> None:
        if page in self._pages:
            self._pages.remove(page)

    def _schedule(self, delay: float) -> None:
        if self._timer is None and self._pages:
            self._timer = asyncio.get_running_loop().call_later(delay, self._tell)

    def _tell(self) -> None:
        """Sends each page that has taken the last portion the next one."""
        self._timer = None
        now, state = monotonic(), self._state()
        changed, self._last = state != self._last, state
        made: dict[int, tuple[Update, bytes]] = {}
        for page in list(self._pages):
            if not page.sent.done():
                if now - page.told > _STUCK:
                    page.connection.close()
                    self._left(page)
                continue
            if page.known not in made:
                update = self._since(page.known)
                made[page.known] = update, event(update, self._run)
            update, data = made[page.known]
            if update.until == page.known and not (changed or page.behind) and now - page.told < _SILENCE:
                continue
            try:
                page.sent = page.connection.write(data)
            except StreamClosedError:
                self._left(page)
                continue
            page.sent.add_done_callback(_heard)
            page.known, page.behind, page.told = update.until, update.more, now
        self._schedule(_SHORT_PAUSE if any(page.behind for page in self._pages) else _PAUSE)


def _heard(sent: "Future[None]") -> None:
    """Takes notice of a write that failed: the connection's end is told elsewhere."""
    if not sent.cancelled():
        sent.exception()
