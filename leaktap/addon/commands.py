"""leaktap's commands in mitmproxy: marks, the phase, the page, and what was found: to list, explain, filter, export."""

# mypy: disable-error-code="no-untyped-call, untyped-decorator"
# mitmproxy leaves these of its own functions untyped.

import io
import json
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from mitmproxy import command, ctx, flow, types
from mitmproxy.exceptions import CommandError, OptionsError
from mitmproxy.io import FlowWriter

from leaktap.addon._control import to_event
from leaktap.addon._log import ALERT
from leaktap.addon._notes import MARKERS
from leaktap.addon._session import now
from leaktap.addon.live import Live
from leaktap.addon.page import Page
from leaktap.config import EventName
from leaktap.qr import qr
from leaktap.sinks._words import consent, harmless

log = logging.getLogger("leaktap")

_KEY = "ctrl e"
"""Opens the choice of events in mitmproxy's console."""
_CHOOSE = "console.choose.cmd Event leaktap.events leaktap.mark {choice}"


class Commands:
    """The commands, over the session of `live`."""

    def __init__(self, live: Live, page: Page) -> None:
        """Keeps the addons that have the session and the page."""
        self._live, self._page = live, page

    def running(self) -> None:
        """Binds the key, where there are keys."""
        if keymap := getattr(ctx.master, "keymap", None):
            keymap.add(_KEY, _CHOOSE, ["global"], "leaktap: mark an event, such as the user's consent")

    @command.command("leaktap.events")
    def events(self) -> Sequence[str]:
        """The events that can be marked."""
        return get_args(EventName.__value__)

    @command.command("leaktap.mark")
    @command.argument("event", type=types.Choice("leaktap.events"))
    def mark(self, event: str, app: str = "", at: str = "") -> None:
        """Mark an event, such as the user's consent, for one app where its package is given; now, or at a time."""
        try:
            self._live.mark(to_event(event, app, at, now()))
        except ValueError as error:
            raise CommandError(f"leaktap.mark: {error}") from None

    @command.command("leaktap.phase")
    def phase(self, app: str = "") -> str:
        """The phase of the user's consent at this moment."""
        return ", ".join(consent(self._live.phase(app), None, None))

    @command.command("leaktap.page")
    def page(self) -> str:
        """The address of the page for the phone; the log shows it as QR code."""
        if not self._page.address:
            raise CommandError("leaktap.page: there is none: set leaktap_page to its name")
        for row in qr(self._page.address).splitlines():
            log.log(ALERT, row)
        return self._page.address

    @command.command("leaktap.dashboard")
    def dashboard(self) -> str:
        """Where the dashboard is."""
        if not self._page.dashboards:
            raise CommandError("leaktap.dashboard: there is none: set leaktap_listen to HOST:PORT")
        return " ".join(self._page.dashboards)

    @command.command("leaktap.findings")
    def findings(self) -> types.Data:
        """The last findings, newest first: time, severity, what, disguise, to whom, host, phase, clauses, id."""
        found = (note.opened() for note in reversed(self._live.last))
        return [[*noted.row, str(noted.record["id"])] for noted in found]  # type: ignore[return-value]

    @command.command("leaktap.ids")
    def ids(self) -> Sequence[str]:
        """The ids of the last findings, newest first."""
        return [str(note.opened().record["id"]) for note in reversed(self._live.last)]

    @command.command("leaktap.explain")
    @command.argument("finding", type=types.Choice("leaktap.ids"))
    def explain(self, finding: str) -> types.Data:
        """Everything about one of the last findings, by its id."""
        for note in reversed(self._live.last):
            record = note.opened().record
            if record["id"] == finding:
                return [[name, harmless(value)] for name, value in _told("", record)]  # type: ignore[return-value]
        raise CommandError(f"leaktap.explain: {finding!r} is none of the last findings: see leaktap.findings")

    @command.command("leaktap.filter")
    def filter(self, what: str = "") -> None:
        """Show only flows with findings: all, those of a severity or worse, or those of a class or a recipient."""
        marks = list(dict.fromkeys(MARKERS.values()))
        expression = "~comment leaktap.found"
        if what in MARKERS:
            worse = marks[: marks.index(MARKERS[what]) + 1]
            expression = f"~marker '{'|'.join(mark.strip(':') for mark in worse)}'"
        elif what:
            expression = f'~comment "leaktap.found.*{_quoted(what)}"'
        try:
            ctx.options.update(view_filter=expression)
        except (KeyError, OptionsError) as error:
            raise CommandError(f"leaktap.filter: mitmproxy has no view here ({error})") from None

    @command.command("leaktap.export")
    def export(self, flows: Sequence[flow.Flow], path: types.Path) -> None:
        """Write the flows that have findings to a file, and their findings to one of JSON lines beside it."""
        told = [each for each in flows if each.metadata.get("leaktap")]
        place, kept = Path(path).expanduser(), io.BytesIO()
        for each in told:
            FlowWriter(kept).add(each)
        findings = [json.dumps(record) + "\n" for each in told for record in each.metadata["leaktap"]["findings"]]
        try:
            _write(place, kept.getvalue())
            _write(place.with_name(f"{place.name}.jsonl"), "".join(findings).encode())
        except OSError as error:
            raise CommandError(f"leaktap.export: {path}: cannot be written ({error.strerror})") from None
        log.log(ALERT, f"leaktap: {len(told)} flows with findings are in {place}, the findings in {place.name}.jsonl")


def _told(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yields the fields of a record under their whole names."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _told(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(value):
            yield from _told(f"{name}[{index}]", inner)
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _quoted(text: str) -> str:
    """Returns text for a regular expression within quotes of a filter."""
    return "".join(c if c.isalnum() or c in "_- " else "." for c in text)


def _write(file: Path, data: bytes) -> None:
    """Writes a file that only its owner can read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(data)
