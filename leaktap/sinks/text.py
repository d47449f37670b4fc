"""A table that a person reads: what leaked, to whom, how disguised, before or after consent, against which clause.

Findings that differ only in time, value or list index are one row with a count; the table is printed when the sink is
closed. A live session prints each new row at once, as a line, and again at its tenth, hundredth, ... finding. All
captured text passes through `harmless`, and goes to rich as `Text`, never as markup.
"""

import io
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leaktap.model import (
    BLIND_REASONS,
    SEVERITIES,
    Blind,
    ClauseHit,
    Declared,
    Fault,
    Finding,
    Inventory,
    Record,
    Severity,
    Summary,
    Time,
)
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._endings import declared_table, inventory_table, table_of
from leaktap.sinks._output import Output
from leaktap.sinks._record import shown_path, shown_value
from leaktap.sinks._words import clause_ids, consent, counted, disguise, harmless, local, short, size, zone

type Key = tuple[object, ...]

_PIPE_WIDTH = 100
_MOST_ROWS = 5000
_MOST_BLIND = 30
_MOST_FAULTS = 20
_STYLE: dict[Severity, str] = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}
_SHARES = (17, 19, 20, None, None)
"""How the columns of findings share the width; the last two take what they need."""
_TOLD = frozenset(10**power for power in range(9))
"""The counts at which a live session says a row, so that a chatty SDK is a line with a counter."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class _Row:
    first: Finding
    time: Time
    count: int = 0
    values: set[str] = field(default_factory=set)
    hosts: dict[str, None] = field(default_factory=dict)
    clauses: dict[str, ClauseHit] = field(default_factory=dict)
    severity: int = len(SEVERITIES) - 1
    to_consent: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Unseen:
    count: int = 0
    bytes: int = 0
    details: set[str] = field(default_factory=set)


class TextTable:
    """Collects rows; prints them when closed, or as they come in a live session."""

    def __init__(self, target: str, options: Options) -> None:
        """Opens the target.

        Raises:
            SinkError: it cannot be written.
        """
        self._output = Output(target, options.append)
        self._options = options
        self._rows: dict[Key, _Row] = {}
        self._more = 0
        self._zone = ""
        self._blind: dict[Key, _Unseen] = {}
        self._faults: Counter[Fault] = Counter()
        self._inventory: list[Inventory] = []
        self._declared: list[Declared] = []
        self._summary: Summary | None = None

    def write(self, record: Record) -> None:
        """Takes one record; in a live session a new row is printed at once."""
        match record:
            case Finding():
                self._add(record)
            case Blind():
                self._add_blind(record)
            case Fault():
                if record in self._faults or len(self._faults) < _MOST_ROWS:
                    self._faults[record] += 1
            case Inventory():
                self._inventory.append(record)
            case Declared():
                self._declared.append(record)
            case Summary():
                self._summary = record

    def close(self) -> None:
        """Prints what was collected and closes the target."""
        try:
            self._print(self._everything())
        finally:
            self._output.close()

    def _add(self, finding: Finding) -> None:
        match, owner = finding.match, finding.owner
        who = (
            (owner.party, owner.sdk, owner.company)
            if owner.sdk or owner.company
            else (owner.party, finding.exchange.host)
        )
        key: Key = (
            _heading(finding),
            match.identifier,
            match.form,
            finding.direction,
            *who,
            finding.phase.name,
            finding.phase.background,
            _INDEX.sub("[*]", match.leaf.path),
        )
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                self._more += 1
                return
            row = self._rows[key] = _Row(finding, finding.time)
        row.count += 1
        if self._options.live and row.count in _TOLD:
            self._print(self._new(finding, row.count))
        row.time = min(row.time, finding.time)
        row.severity = min(row.severity, SEVERITIES.index(finding.severity))
        if len(row.values) < 100:
            row.values.add(finding.value_ref or match.value)
        if len(row.hosts) < 100:
            row.hosts[finding.exchange.host] = None
        row.clauses.update((clause.id, clause) for clause in finding.clauses)
        if finding.phase.to_consent is not None:
            row.to_consent = [f([*row.to_consent, finding.phase.to_consent]) for f in (max, min)]

    def _add_blind(self, blind: Blind) -> None:
        key: Key = (blind.why, blind.protocol, blind.host or blind.ip)
        if key not in self._blind and len(self._blind) >= _MOST_ROWS:
            key = (blind.why, blind.protocol, "(other hosts)")
        unseen = self._blind.setdefault(key, _Unseen())
        unseen.count += 1
        unseen.bytes += blind.bytes
        if blind.detail and len(unseen.details) < 4:
            unseen.details.add(blind.detail)

    def _new(self, finding: Finding, count: int) -> Iterable[Text]:
        """Yields the line of a row; before the first one, and where it changes, the zone of the times."""
        if (where := zone(local(finding.time))) != self._zone:
            self._zone = where
            yield Text(f"Times are {where}", style="dim")
        yield self._line(finding).append(f" ×{count:,}" if count > 1 else "")

    def _line(self, finding: Finding) -> Text:
        """Says one new thing of a live session."""
        match = finding.match
        line = Text(f"{local(finding.time):%H:%M:%S} ", style="dim")
        line.append(f"{finding.severity:8} ", _STYLE[finding.severity])
        line.append(harmless(f"{match.identifier} {shown_value(finding, self._options.reveal)}"), "bold")
        line.append(f" ({harmless(disguise(match.form))}) to {harmless(_recipient(finding))}")
        if harmless(finding.exchange.host) not in line.plain:
            line.append(f" ({harmless(finding.exchange.host)})")
        to_consent = finding.phase.to_consent
        line.append(f", {', '.join(consent(finding.phase, to_consent, to_consent))}")
        if finding.clauses:
            line.append(f", {'; '.join(map(harmless, clause_ids(clause.id for clause in finding.clauses)))}")
        return line

    def _everything(self) -> Iterable[Table | Text | str]:
        if not self._options.live:
            yield from self._findings()
            yield from self._broken()
        yield from declared_table(self._declared)
        yield from inventory_table(self._inventory, _heading)
        yield from self._not_inspected()
        yield from self._went_wrong()
        if self._summary:
            yield from self._session(self._summary)
            yield from _totals(self._summary)

    def _findings(self) -> Iterable[Table | Text | str]:
        sections: dict[str, list[_Row]] = {}
        for row in sorted(self._rows.values(), key=lambda row: (row.severity, row.time)):
            sections.setdefault(_heading(row.first), []).append(row)
        if not sections:
            inspected = self._summary.inspected_share if self._summary else 0.0
            where = "" if inspected == 1 else f" in the {_percent(inspected)} of the traffic that could be inspected"
            yield Text(f"No personal information was found leaving{where}.", style="bold")
            yield ""
        for heading, rows in sections.items():
            yield Text(harmless(heading), style="bold")
            table = table_of("What leaked", "To whom", "How disguised", "Consent", "Clauses")
            table.leading = 1
            for column, share in zip(table.columns, _SHARES, strict=True):
                column.ratio = share
            for row in rows:
                table.add_row(*self._cells(row))
            yield table
            yield ""
        if self._more:
            yield f"and {counted(self._more, 'finding')} in further rows; the JSON lines have them all"
            yield ""

    def _cells(self, row: _Row) -> tuple[Text, ...]:
        first, match = row.first, row.first.match
        severity = SEVERITIES[row.severity]
        what = Text(f"{match.identifier}", style="bold")
        what.append(f" ×{row.count}" if row.count > 1 else "")
        what.append(f"\n{harmless(short(shown_value(first, self._options.reveal)), 80)}", "not bold")
        if match.count > 1:
            what.append(f"\n{match.count:,} in one message", "not bold dim")
        if len(row.values) > 1:
            what.append(f"\n+ {counted(len(row.values) - 1, 'other value')}", "not bold dim")
        hosts = list(row.hosts)
        to_whom = Text(harmless(_recipient(first)))
        if hosts[0] != _recipient(first):
            to_whom.append(f"\n{harmless(hosts[0])}", "dim")
        if len(hosts) > 1:
            to_whom.append(f"\n+ {counted(len(hosts) - 1, 'other host')}", "dim")
        how = Text(harmless(disguise(match.form)))
        how.append(f"\n{harmless(shown_path(first, self._options.reveal))}", "dim")
        earliest, latest = row.to_consent or (None, None)
        when = Text("\n".join(consent(first.phase, earliest, latest)))
        if first.phase.name not in ("consented", "unknown"):
            when.stylize(_STYLE[severity])
        which = Text(severity, style=_STYLE[severity])
        for line in clause_ids(row.clauses):
            which.append(f"\n{harmless(line)}", "not bold")
        return what, to_whom, how, when, which

    def _broken(self) -> Iterable[Table | Text | str]:
        """Says what the clauses are that stand in the rows, and how often each is broken."""
        counts: Counter[str] = Counter()
        hits: dict[str, ClauseHit] = {}
        for row in self._rows.values():
            for clause in row.clauses.values():
                counts[clause.id] += row.count
                worst = hits.setdefault(clause.id, clause)
                hits[clause.id] = min(worst, clause, key=lambda hit: SEVERITIES.index(hit.severity))
        if hits:
            yield Text("Clauses", style="bold")
            yield _clauses(hits.values(), counts)
            yield ""

    def _not_inspected(self) -> Iterable[Table | Text | str]:
        if not self._blind:
            return
        yield Text("Not inspected", style="bold")
        table = table_of("Why", "Protocol", "Host", "Bytes", "Count")
        table.columns[3].justify = table.columns[4].justify = "right"
        table.columns[3].no_wrap = table.columns[4].no_wrap = True
        ordered = sorted(self._blind.items(), key=lambda item: -item[1].bytes)
        for (why, protocol, host), unseen in ordered[:_MOST_BLIND]:
            reason = Text(harmless(BLIND_REASONS.get(str(why), str(why))))
            for detail in sorted(unseen.details):
                reason.append(f"\n{harmless(detail)}", "dim")
            cells = (reason, Text(harmless(str(protocol))), Text(harmless(str(host))))
            table.add_row(*cells, size(unseen.bytes), f"{unseen.count:,}")
        if rest := [unseen for _, unseen in ordered[_MOST_BLIND:]]:
            count, bytes_ = sum(unseen.count for unseen in rest), sum(unseen.bytes for unseen in rest)
            table.add_row(f"and {len(rest)} more rows", "", "", size(bytes_), f"{count:,}")
        yield table
        yield ""

    def _went_wrong(self) -> Iterable[Text | str]:
        if not self._faults:
            return
        yield Text("Faults", style="bold")
        for fault, count in list(self._faults.items())[:_MOST_FAULTS]:
            times = f" ({count} times)" if count > 1 else ""
            yield Text(f"  {harmless(fault.stage)}: {harmless(fault.where)}: {harmless(fault.why)}{times}")
        if len(self._faults) > _MOST_FAULTS:
            yield f"  and {len(self._faults) - _MOST_FAULTS} more"
        yield ""

    def _session(self, summary: Summary) -> Iterable[Table | Text | str]:
        if summary.session_clauses:
            yield Text("Clauses that the session as a whole breaks", style="bold")
            yield _clauses(summary.session_clauses, {})
            yield ""
        yield from _clock(summary)
        if summary.unobservable:
            ids = "; ".join(map(harmless, clause_ids(summary.unobservable)))
            yield Text(
                f"Not observable in traffic ({counted(len(summary.unobservable), 'clause')}): {ids}", style="dim"
            )
            yield ""

    def _print(self, things: Iterable[Table | Text | str]) -> None:
        """Renders and writes; rich decides about colour by the terminal and NO_COLOR."""
        output = self._output
        buffer = io.TextIOWrapper(io.BytesIO(), encoding=output.encoding, errors="replace", newline="\n")
        console = Console(
            file=buffer,
            force_terminal=output.terminal,
            width=shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if output.terminal else _PIPE_WIDTH,
            height=25,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        for thing in things:
            console.print(thing, soft_wrap=self._options.live and isinstance(thing, Text))
        buffer.flush()
        rendered = buffer.buffer.getvalue()
        output.write(rendered)


def _clauses(hits: Iterable[ClauseHit], counts: Mapping[str, int]) -> Table:
    """Says what clauses forbid, the worst first, with how often each is broken where that is known."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for hit in sorted(hits, key=lambda hit: (SEVERITIES.index(hit.severity), hit.id)):
        times = f"×{counts[hit.id]}" if hit.id in counts else ""
        severity = Text(hit.severity, style=_STYLE[hit.severity])
        grid.add_row(" ", severity, times, Text(harmless(hit.id)), Text(harmless(hit.title)))
    return grid


def _heading(item: Finding | Inventory) -> str:
    """Says whose traffic it is: the phone and the app."""
    device, app = item.device, item.app
    phone = device.name or device.ip or device.mac or "unknown device"
    if device.name and device.ip:
        phone += f" ({device.ip})"
    if not app:
        return phone
    which = f"{app.name} ({app.package})" if app.name and app.package else app.name or app.package
    return f"{phone} · {which}" if which else phone


def _recipient(finding: Finding) -> str:
    owner = finding.owner
    if owner.sdk:
        return f"{owner.sdk} ({owner.company})" if owner.company and owner.company != owner.sdk else owner.sdk
    name = owner.company or finding.exchange.host
    return f"{name} (first party)" if owner.party == "first" else name


def _clock(summary: Summary) -> Iterable[Text | str]:
    how = "measured from a mark" if summary.clock_measured else "given"
    for device, seconds in summary.clock_offset.items():
        of = f" of {harmless(device)}" if device else ""
        yield Text(f"Phone's clock{of}: {seconds:+.3f} s against the capture's ({how})", style="dim")
    if summary.clock_measured and not summary.clock_offset:
        yield Text(
            "Phone's clock: not measured, for no mark is like an event of the case; no offset taken", style="bold"
        )
    if summary.clock_measured or summary.clock_offset:
        yield ""


def _totals(summary: Summary) -> Iterable[Text | str]:
    found = [f"{summary.findings[name]:,} {name}" for name in SEVERITIES if summary.findings.get(name)]
    parts = [
        f"{counted(sum(summary.findings.values()), 'finding')}" + (f" ({', '.join(found)})" if found else ""),
        f"{counted(summary.exchanges, 'exchange')}",
        size(summary.bytes),
        f"{_percent(summary.inspected_share)} inspected",
    ]
    if summary.faults:
        parts.append(counted(summary.faults, "fault"))
    parts.append(f"{summary.seconds:.1f} s, {summary.mb_per_s:.1f} MB/s")
    yield Text(" · ".join(parts), style="bold")


def _percent(share: float) -> str:
    """Rounds down, so that 100% means all of it."""
    return f"{int(share * 1000) / 10:g}%"


SINK = SinkKind("text", TextTable, endings=(".txt",))
