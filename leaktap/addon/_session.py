"""A session: a pipeline with its outputs, from one setting of the options to the next. Knows nothing of mitmproxy.

What it is told are a source's items, or what `sources` takes from flows in plain values. What it tells mitmproxy are
`Note`s: what of a finding belongs on its flow.
"""

import pickle
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple

from leaktap.addon._items import SOURCE, Answered, Item
from leaktap.addon._log import recipient
from leaktap.addon._outputs import Outputs
from leaktap.addon._settings import Settings
from leaktap.addon._tally import Tally
from leaktap.config import Event, case_key, to_time
from leaktap.consent import Timeline
from leaktap.model import Answer, Blind, Fault, Finding, Seen, Severity, Time
from leaktap.pipeline import Pipeline
from leaktap.sinks._record import record
from leaktap.sinks._words import clause_ids, consent, disguise, harmless
from leaktap.sources._conversation import Conversation, Over, Piece
from leaktap.sources._shown import Asked, Spoken, exchange, message_exchange, microseconds
from leaktap.wire.names import Names

_MOST_TALKS = 4096
"""Connections of TCP and UDP that are followed at once."""


class Noted(NamedTuple):
    """A finding as its flow and tables show it: `row` are its words, `record` what is published of it."""

    severity: Severity
    said: str
    row: tuple[str, ...]
    record: dict[str, Any]


class Note(NamedTuple):
    """What belongs on a flow, packed until somebody looks: mitmproxy's process has no time for what nobody reads."""

    flow: str
    packed: bytes

    def opened(self) -> Noted:
        """Returns what it says."""
        return Noted._make(pickle.loads(self.packed))


class Session:
    """What inspects and reports while the options stay as they are."""

    def __init__(self, about: Settings, marks: Iterable[Event] = ()) -> None:
        """Opens the outputs and compiles the profiles.

        Raises:
            SinkError: an output cannot be opened.
        """
        self.about = about
        self._began = monotonic()
        self.outputs = Outputs(about.outputs, about.reveal, about.kept, about.spool)
        timeline = timeline_of(about, marks)
        key = case_key(about.case)
        self.pipeline = Pipeline(
            about.case, about.devices, timeline, responses=about.responses, ended=False, key=key, keys=about.keys
        )
        self._names = Names()
        self._talks: dict[str, Conversation] = {}
        self._tally = Tally()
        self._told = 0, 0

    def warm(self) -> None:
        """Compiles what else the first message would wait for."""
        self.pipeline.warm()

    def take(self, items: Iterable[Item]) -> list[Note]:
        """Inspects, writes to the outputs, and returns what belongs on flows."""
        notes = []
        for item in items:
            for seen in self._seen(item):
                for told in self.pipeline.inspect(seen):
                    self.outputs.write(told)
                    match told:
                        case Finding():
                            notes.append(_note(told, self.about.reveal))
                        case Blind():
                            self._tally.unseen(told)
                        case Fault():
                            self._tally.faults += 1
        return notes

    def tally(self) -> Tally:
        """Returns what was taken since this was asked last, beside the findings."""
        tally, self._tally = self._tally, Tally()
        told, self._told = self._told, self.pipeline.inspected
        tally.exchanges, tally.bytes = self._told[0] - told[0], self._told[1] - told[1]
        return tally

    def finish(self) -> None:
        """Writes the records that close a run and closes the outputs."""
        for talk in self._talks.values():
            for seen in talk.close():
                for told in self.pipeline.inspect(seen):
                    self.outputs.write(told)
        self._talks.clear()
        for last in self.pipeline.closing(monotonic() - self._began):
            self.outputs.write(last)
        self.outputs.close()

    def _seen(self, item: Item) -> Iterator[Seen]:
        """Yields what an item amounts to for the pipeline."""
        match item:
            case Asked():
                yield exchange(item, None, SOURCE, f"flow:{item.flow}")
            case Answered():
                yield Answer(exchange(item.asked, item.replied, SOURCE, f"flow:{item.asked.flow}"))
            case Spoken():
                yield message_exchange(item, SOURCE, f"flow:{item.asked.flow}")
            case Piece():
                talk = self._talk(item)
                yield from talk.feed(item.client, item.data, microseconds(item.time))
                yield from talk.pause()
                if len(self._talks) > _MOST_TALKS:
                    yield from self._talks.pop(next(iter(self._talks))).close()
            case Over():
                if ended := self._talks.pop(item.line.flow, None):
                    yield from ended.close()
            case Event():
                self.pipeline.timeline.mark(item)
            case _:
                yield item

    def _talk(self, piece: Piece) -> Conversation:
        line = piece.line
        talk = self._talks.pop(line.flow, None) or Conversation(line, f"flow:{line.flow}", self._names)
        self._talks[line.flow] = talk  # behind those that were silent for longer
        return talk


def timeline_of(about: Settings, marks: Iterable[Event]) -> Timeline:
    """Returns the timeline of a session whose tester has marked these events so far."""
    timeline = Timeline(about.events, clock_offset=about.case.clock_offset)
    for mark in marks:
        timeline.mark(mark)
    return timeline


def failure(where: str, error: BaseException) -> Fault:
    """Returns what is to be said of an error of ours."""
    return Fault("source", f"{SOURCE}: {where}", " ".join(f"{type(error).__name__}: {error}".split())[:400])


def now() -> Time:
    """Returns this moment."""
    return to_time(datetime.now(UTC))


def _note(finding: Finding, reveal: bool) -> Note:
    match, phase = finding.match, ", ".join(consent(finding.phase, None, None))
    clauses = "; ".join(clause_ids(dict.fromkeys(clause.id for clause in finding.clauses)))
    form, who = disguise(match.form), recipient(finding)
    words = f"{match.identifier}{f' ({form})' if match.form else ''} -> {who}, {phase}{clauses and f' [{clauses}]'}"
    moment = datetime.fromtimestamp(finding.time / 1_000_000, UTC)
    row = (f"{moment:%H:%M:%S}", finding.severity, match.identifier, form, who, finding.exchange.host, phase, clauses)
    flow = finding.exchange.origin.flow or ""
    noted = Noted(finding.severity, harmless(words), tuple(map(harmless, row)), dict(record(finding, reveal)))
    return Note(flow, pickle.dumps(tuple(noted)))
