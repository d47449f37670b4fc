"""Outputs that are written when the run ends: what differs only in time, value or list index is one group by then.

Memory is bounded: groups and rows beyond the bound are counted, and every output says how many they are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from leaktap.model import SEVERITIES, Record, Severity
from leaktap.records import BlindRecord, ClauseFields, DeclaredRecord, FaultRecord, FindingRecord, SummaryRecord
from leaktap.sinks._api import Options
from leaktap.sinks._output import Output
from leaktap.sinks._record import record
from leaktap.sinks._words import recipient_words

_MOST = 5000
_MOST_VALUES = 100
_INDEX = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class Group:
    """Findings that are alike. `first` is the first of them, `key` what they have in common, stable from run to run."""

    first: FindingRecord
    key: tuple[str, ...]
    count: int = 0
    values: set[str] = field(default_factory=set)
    hosts: dict[str, None] = field(default_factory=dict)
    clauses: dict[str, ClauseFields] = field(default_factory=dict)
    severity: Severity = "info"
    last: str = ""

    @property
    def recipient(self) -> str:
        """Who received it, in few words."""
        owner = self.first["owner"]
        return recipient_words(owner["sdk"], owner["company"], self.first["destination"]["host"])


@dataclass(slots=True)
class Unseen:
    """What was not inspected for one reason at one host."""

    first: BlindRecord
    count: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Collected:
    """What a run amounts to, in the order in which it came. `more` counts findings that found no group."""

    groups: dict[tuple[str, ...], Group] = field(default_factory=dict)
    blind: dict[tuple[str, ...], Unseen] = field(default_factory=dict)
    faults: dict[tuple[str, ...], int] = field(default_factory=dict)
    declared: list[DeclaredRecord] = field(default_factory=list)
    summary: SummaryRecord | None = None
    more: int = 0

    def add(self, item: Record, reveal: bool) -> None:
        """Takes one record."""
        fields = record(item, reveal)
        match fields["schema"]:
            case "leaktap.finding/1":
                self._finding(fields)
            case "leaktap.blind/1":
                self._blind(fields)
            case "leaktap.fault/1":
                self._fault(fields)
            case "leaktap.declared/1":
                if len(self.declared) < _MOST:
                    self.declared.append(fields)
            case "leaktap.summary/1":
                self.summary = fields

    @property
    def worst_first(self) -> list[Group]:
        """The groups, the worst first."""
        return sorted(self.groups.values(), key=lambda group: (SEVERITIES.index(group.severity), group.first["time"]))

    def _finding(self, fields: FindingRecord) -> None:
        owner, app = fields["owner"], fields["app"]
        key = (
            fields["identifier"],
            "+".join(fields["form"]),
            fields["direction"],
            owner["sdk"] or owner["company"] or fields["destination"]["host"],
            fields["phase"],
            "background" if fields["background"] else "",
            _INDEX.sub("[*]", fields["path"]),
            (app["package"] or app["name"]) if app else "",
            fields["device"]["name"] or fields["device"]["ip"],
        )
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= _MOST:
                self.more += 1
                return
            group = self.groups[key] = Group(fields, key)
        group.count += 1
        group.last = max(group.last, fields["time"])
        group.severity = min(group.severity, fields["severity"], key=SEVERITIES.index)
        group.clauses.update((clause["id"], clause) for clause in fields["clauses"])
        if len(group.values) < _MOST_VALUES:
            group.values.add(fields["value_ref"])
        if len(group.hosts) < _MOST_VALUES:
            group.hosts[fields["destination"]["host"]] = None

    def _blind(self, fields: BlindRecord) -> None:
        key = (fields["why"], fields["protocol"], fields["host"] or fields["ip"])
        if key not in self.blind and len(self.blind) >= _MOST:
            key = (fields["why"], fields["protocol"], "(other hosts)")
        unseen = self.blind.setdefault(key, Unseen(fields))
        unseen.count += 1
        unseen.bytes += fields["bytes"]

    def _fault(self, fields: FaultRecord) -> None:
        key = (fields["stage"], fields["where"], fields["why"])
        if key not in self.faults and len(self.faults) >= _MOST:
            key = (fields["stage"], "", "further faults")
        self.faults[key] = self.faults.get(key, 0) + 1


class Closing:
    """Collects, and writes what `render` makes of it when closed."""

    def __init__(self, target: str, options: Options, render: Callable[[Collected], bytes]) -> None:
        """Opens the target.

        Raises:
            SinkError: it cannot be written.
        """
        self._output, self._reveal, self._render = Output(target), options.reveal, render
        self._collected = Collected()

    def write(self, record_: Record) -> None:
        """Takes one record."""
        self._collected.add(record_, self._reveal)

    def close(self) -> None:
        """Writes everything."""
        try:
            self._output.write(self._render(self._collected))
        finally:
            self._output.close()
