"""leaktap's commands in mitmproxy: consent marks, the phase, and what was found last."""

# mypy: disable-error-code="no-untyped-call, untyped-decorator"
# mitmproxy leaves these of its own functions untyped.

from collections.abc import Sequence
from typing import get_args

from mitmproxy import command, types
from mitmproxy.exceptions import CommandError

from leaktap.addon._session import now
from leaktap.addon.live import Live
from leaktap.config import Event, EventName
from leaktap.sinks._words import consent


class Commands:
    """The commands, over the session of `live`."""

    def __init__(self, live: Live) -> None:
        """Keeps the addon that has the session."""
        self._live = live

    @command.command("leaktap.events")
    def events(self) -> Sequence[str]:
        """The events that can be marked."""
        return get_args(EventName.__value__)

    @command.command("leaktap.mark")
    @command.argument("event", type=types.Choice("leaktap.events"))
    def mark(self, event: str, app: str = "") -> None:
        """Mark an event, such as the user's consent, at this moment; for one app where its package is given."""
        if event not in self.events():
            raise CommandError(f"leaktap.mark: {event!r} is no event: use one of {', '.join(self.events())}")
        self._live.mark(Event.model_validate({"at": now(), "event": event, "app": app, "clock": "capture"}))

    @command.command("leaktap.phase")
    def phase(self, app: str = "") -> str:
        """The phase of the user's consent at this moment."""
        return ", ".join(consent(self._live.phase(app), None, None))

    @command.command("leaktap.findings")
    def findings(self) -> types.Data:
        """The last findings, newest first: time, severity, what, disguise, to whom, host, phase, clauses."""
        return [list(note.row) for note in reversed(self._live.last)]  # type: ignore[return-value]
