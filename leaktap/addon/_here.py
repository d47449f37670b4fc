"""A session in mitmproxy's own process, where another cannot be started: everything is inspected at once."""

from asyncio import AbstractEventLoop
from collections.abc import Iterable

from mitmproxy.flow import Flow

from leaktap.addon._beside import Told
from leaktap.addon._items import Item
from leaktap.addon._session import Session
from leaktap.addon._settings import Settings
from leaktap.config import Event


class Here:
    """What `Beside` is, without a process."""

    idle = True
    waiting = 0

    def __init__(self, about: Settings, marks: Iterable[Event], told: Told) -> None:
        """Opens the outputs.

        Raises:
            SinkError: an output cannot be opened.
        """
        self.session = Session(about, marks)
        self.session.warm()
        self._told = told

    def attach(self, loop: AbstractEventLoop) -> None:
        """Needs no loop."""

    def put(self, item: Item, flow: Flow | None = None) -> None:
        """Inspects an item, whose findings belong on `flow`."""
        notes, tally = self.session.take([item]), self.session.tally()
        if notes or tally:
            self._told(notes, {flow.id: flow} if flow else {}, tally)

    def mark(self, event: Event) -> None:
        """Makes an event part of the timeline."""
        self.session.take([event])

    def leave(self) -> None:
        """Writes the summary."""
        self.session.finish()

    def close(self, seconds: float) -> None:
        """Does the same."""
        self.session.finish()
