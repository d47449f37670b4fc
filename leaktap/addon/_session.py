"""A session: a pipeline with its outputs and its worker, from one setting of the options to the next."""

from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic

from leaktap.addon._outputs import Outputs
from leaktap.addon._worker import Worker
from leaktap.addon.options import Settings
from leaktap.config import Event, case_key, to_time
from leaktap.consent import Timeline
from leaktap.model import Blind, Exchange, Finding, Seen, Time
from leaktap.pipeline import Pipeline

SOURCE = "live"
_DRAIN = 5.0
"""Seconds that the end of a session waits for the worker."""


class Session:
    """What inspects and reports while the options stay as they are. One thread at a time may call `inspect`."""

    def __init__(self, about: Settings, marks: Iterable[Event]) -> None:
        """Opens the outputs and compiles the profiles.

        Raises:
            SinkError: an output cannot be opened.
        """
        self.about = about
        self.began = monotonic()
        self.outputs = Outputs(about.outputs, about.reveal)
        self.timeline = Timeline(about.events, clock_offset=about.case.clock_offset)
        for mark in marks:
            self.timeline.mark(mark)
        self.pipeline = Pipeline(
            about.case,
            about.devices,
            self.timeline,
            responses=about.responses,
            ended=False,
            key=case_key(about.case),
            keys=about.keys,
        )
        self.pipeline.warm()
        self.worker = Worker()
        self.refused: list[Blind] = []
        self.dns: Blind | None = None

    def refuse(self, items: Iterable[Seen]) -> None:
        """Notes what the worker had no room for; the notes are written when the pipeline is free."""
        for item in items:
            if isinstance(item, Exchange):
                item = Blind(
                    item.time,
                    "limit",
                    item.origin.protocol,
                    item.host,
                    item.server.ip,
                    item.server.port,
                    size(item),
                    SOURCE,
                    detail="the live queue was full",
                )
            if isinstance(item, Blind):
                self.refused.append(item)

    def inspect(self, items: Iterable[Seen]) -> list[Finding]:
        """Judges, writes to the outputs, and returns the findings."""
        findings = []
        refused, self.refused = self.refused, []
        for item in (*refused, *items):
            for record in self.pipeline.inspect(item):
                self.outputs.write(record)
                if isinstance(record, Finding):
                    findings.append(record)
        return findings

    def finish(self) -> None:
        """Writes the summary and closes the outputs."""
        left = self.worker.close(_DRAIN)
        rest: list[Seen] = [self.dns] if self.dns else []
        if left:
            rest.append(Blind(now(), "limit", "http", source=SOURCE, detail=f"{left} messages waited at the end"))
        self.inspect(rest)
        self.outputs.write(self.pipeline.finish(monotonic() - self.began))
        self.outputs.close()


def now() -> Time:
    """Returns this moment."""
    return to_time(datetime.now(UTC))


def size(item: Seen) -> int:
    """Returns how many bytes of bodies there are to inspect."""
    if not isinstance(item, Exchange):
        return 0
    return len(item.request.body) + (len(item.response.body) if item.response else 0)
