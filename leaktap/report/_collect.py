"""Takes records one by one and keeps what a report shows of them, in bounded memory.

Findings that differ only in time, value or list index are one group. What goes beyond a bound is counted, so that every
number in the report is true, and the report says how many rows it leaves out.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from leaktap.model import SEVERITIES, Severity
from leaktap.records import (
    BlindRecord,
    ClauseFields,
    DeclaredRecord,
    FaultRecord,
    FindingRecord,
    InventoryRecord,
    PublishedRecord,
    RecipientFields,
    SummaryRecord,
)
from leaktap.report._lanes import Lane

MOST_GROUPS = 5000
_MOST_ROWS = 5000
_MOST_NAMED = 100
_MOST_LANES = 500
_INDEX = re.compile(r"\[\d+\]")
_CODE = "code_download"

BEFORE = ("before_notice", "before_consent")
AGAINST = ("refused", "withdrawn")
"""Phases in which the user has not agreed yet, and those in which the user does not agree any more."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who received something: the SDK, else the company, else the host."""

    name: str
    company: str
    party: str
    kind: str = field(default="", compare=False)

    @classmethod
    def of(cls, owner: RecipientFields, host: str) -> "Recipient":
        """Returns the recipient of a request to a host."""
        name = owner["sdk"] or owner["company"] or host
        return cls(name, owner["company"], owner["party"], owner.get("kind", ""))


@dataclass(slots=True)
class Group:
    """Findings that are alike; `first` is the first of them."""

    first: FindingRecord
    recipient: Recipient
    count: int = 0
    last: str = ""
    values: set[str] = field(default_factory=set)
    hosts: dict[str, None] = field(default_factory=dict)
    clauses: dict[str, ClauseFields] = field(default_factory=dict)
    severity: Severity = "info"

    @property
    def rank(self) -> tuple[int, str, str]:
        """What groups are sorted by, the worst first."""
        return SEVERITIES.index(self.severity), self.first["time"], self.first["id"]


@dataclass(slots=True)
class Broken:
    """A clause that is broken: by how many findings, at its worst."""

    hit: ClauseFields
    count: int = 0
    session: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Unseen:
    """What was not inspected for one reason at one host."""

    first: BlindRecord
    count: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Breach:
    """What of a leak breaks clauses in one phase."""

    count: int = 0
    worst: int = len(SEVERITIES) - 1
    forms: dict[tuple[str, ...], None] = field(default_factory=dict)
    clauses: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Leaked:
    """A class that went to a recipient: how often, its worst severity, and what breaks clauses, by phase."""

    count: int = 0
    worst: int = len(SEVERITIES) - 1
    breaches: dict[str, Breach] = field(default_factory=dict)

    def add(self, record: FindingRecord) -> None:
        """Counts a finding."""
        severity = SEVERITIES.index(record["severity"])
        self.count += 1
        self.worst = min(self.worst, severity)
        if not record["clauses"]:
            return
        breach = self.breaches.setdefault(record["phase"], Breach())
        breach.count += 1
        breach.worst = min(breach.worst, severity)
        if len(breach.forms) < _MOST_NAMED:
            breach.forms[tuple(record["form"])] = None
        if len(breach.clauses) < _MOST_NAMED:
            breach.clauses.update((clause["id"], None) for clause in record["clauses"])


type Key = tuple[object, ...]
type Leak = tuple[str, Recipient]


@dataclass(slots=True)
class Collected:
    """What results amount to. `left_out` counts what found no room, by the name of the table."""

    groups: dict[Key, Group] = field(default_factory=dict)
    clauses: dict[str, Broken] = field(default_factory=dict)
    leaks: dict[Leak, Leaked] = field(default_factory=dict)
    lanes: dict[Recipient, Lane] = field(default_factory=dict)
    inventory: dict[Key, InventoryRecord] = field(default_factory=dict)
    declared: dict[Key, DeclaredRecord] = field(default_factory=dict)
    blind: dict[Key, Unseen] = field(default_factory=dict)
    faults: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    runs: list[SummaryRecord] = field(default_factory=list)
    findings: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    span: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, record: PublishedRecord) -> None:
        """Takes one record."""
        match record["schema"]:
            case "leaktap.finding/1":
                self._finding(record)
            case "leaktap.blind/1":
                self._blind(record)
            case "leaktap.fault/1":
                self._fault(record)
            case "leaktap.inventory/1":
                self._inventory(record)
            case "leaktap.declared/1":
                self._declared(record)
            case "leaktap.summary/1":
                self._summary(record)

    def packages(self) -> set[str]:
        """Returns the packages of the apps that the results are about, where they say it."""
        return {package for run in self.runs if (case := run.get("case")) and (package := case["app"]["package"])}

    @property
    def revealed(self) -> bool:
        """Whether values are whole: nothing of what was found is masked, as code's hash never is."""
        values = [group.first["value"] for group in self.groups.values() if group.first["identifier"] != _CODE]
        return bool(values) and not any("*" in value for value in values)

    def _finding(self, record: FindingRecord) -> None:
        recipient = Recipient.of(record["owner"], record["destination"]["host"])
        self.findings += 1
        self.severities[record["severity"]] += 1
        self.phases[record["phase"]] += 1
        self.span = [min([*self.span[:1], record["time"]]), max([*self.span[1:], record["time"]])]
        leak = record["identifier"], recipient
        if record["direction"] == "request" and (leak in self.leaks or len(self.leaks) < MOST_GROUPS):
            self.leaks.setdefault(leak, Leaked()).add(record)
        for clause in record["clauses"]:
            self._broken(clause, 1)
        if recipient in self.lanes or len(self.lanes) < _MOST_LANES:
            self.lanes.setdefault(recipient, Lane()).add(record["time"], record["severity"])
        self._group(record, recipient)

    def _group(self, record: FindingRecord, recipient: Recipient) -> None:
        app, device = record["app"], record["device"]
        key = (
            record["identifier"],
            "+".join(record["form"]),
            record["direction"],
            recipient,
            record["phase"],
            record["background"],
            _INDEX.sub("[*]", record["path"]),
            (app["package"] or app["name"]) if app else "",
            device["name"] or device["ip"],
        )
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= MOST_GROUPS:
                self.left_out["findings"] += 1
                return
            group = self.groups[key] = Group(record, recipient)
        elif record["time"] < group.first["time"]:
            group.first = record
        group.count += 1
        group.last = max(group.last, record["time"])
        group.severity = min(group.severity, record["severity"], key=SEVERITIES.index)
        for clause in record["clauses"]:
            group.clauses.setdefault(clause["id"], clause)
        if len(group.values) < _MOST_NAMED:
            group.values.add(record["value_ref"])
        if len(group.hosts) < _MOST_NAMED:
            group.hosts[record["destination"]["host"]] = None

    def _broken(self, clause: ClauseFields, findings: int) -> None:
        broken = self.clauses.get(clause["id"])
        if broken is None:
            if len(self.clauses) >= _MOST_ROWS:
                self.left_out["clauses"] += 1
                return
            broken = self.clauses[clause["id"]] = Broken(clause)
        broken.count += findings
        if SEVERITIES.index(clause["severity"]) < SEVERITIES.index(broken.hit["severity"]):
            broken.hit = clause

    def _blind(self, record: BlindRecord) -> None:
        key: Key = (record["why"], record["protocol"], record["host"] or record["ip"])
        if key not in self.blind and len(self.blind) >= _MOST_ROWS:
            self.left_out["blind"] += 1
            return
        unseen = self.blind.setdefault(key, Unseen(record))
        unseen.count += 1
        unseen.bytes += record["bytes"]

    def _fault(self, record: FaultRecord) -> None:
        key = (record["stage"], record["where"], record["why"])
        if key not in self.faults and len(self.faults) >= _MOST_NAMED:
            self.left_out["faults"] += 1
            return
        self.faults[key] += 1

    def _inventory(self, record: InventoryRecord) -> None:
        app, device = record["app"], record["device"]
        recipient = Recipient.of(record["owner"], next(iter(record["hosts"]), ""))
        key: Key = (
            record["identifier"],
            record["direction"],
            recipient,
            record["owner"]["purpose"],
            (app["package"] or app["name"]) if app else "",
            device["name"] or device["ip"],
        )
        if known := self.inventory.get(key):
            self.inventory[key] = _joined(known, record)
        elif len(self.inventory) < _MOST_ROWS:
            self.inventory[key] = record
        else:
            self.left_out["inventory"] += 1

    def _declared(self, record: DeclaredRecord) -> None:
        """Keeps a row of each subject and verdict; what was seen in one run is not unseen for another."""
        subject, unseen = (record["subject"], record["name"]), "unseen"
        if record["verdict"] == unseen and any(key[:2] == subject for key in self.declared):
            return
        if record["verdict"] != unseen:
            self.declared.pop((*subject, unseen), None)
        key = (*subject, record["verdict"])
        if known := self.declared.get(key):
            self.declared[key] = {**known, "count": known["count"] + record["count"]}
            self.declared[key]["exchanges"] += record["exchanges"]
            self.declared[key]["per_hour"] = max(known["per_hour"], record["per_hour"])
        elif len(self.declared) < _MOST_ROWS:
            self.declared[key] = record
        else:
            self.left_out["declared"] += 1

    def _summary(self, record: SummaryRecord) -> None:
        if len(self.runs) < _MOST_NAMED:
            self.runs.append(record)
        else:
            self.left_out["runs"] += 1
        for clause in record["session_clauses"]:
            self._broken(clause, 0)
            if clause["id"] in self.clauses:
                self.clauses[clause["id"]].session.extend(clause.get("proof", [])[:_MOST_NAMED] or [""])


def collect(records: Iterable[PublishedRecord]) -> Collected:
    """Takes all records of one or more results."""
    collected = Collected()
    for record in records:
        collected.add(record)
    return collected


def _joined(one: InventoryRecord, other: InventoryRecord) -> InventoryRecord:
    """Returns the same row of two runs as one; different values may be the same in both, so the larger number stays."""
    forms = Counter({tuple(form["form"]): form["count"] for form in one["forms"]})
    forms.update({tuple(form["form"]): form["count"] for form in other["forms"]})
    return {
        **one,
        "hosts": dict(Counter(one["hosts"]) + Counter(other["hosts"])),
        "count": one["count"] + other["count"],
        "values": max(one["values"], other["values"]),
        "first": min(one["first"], other["first"]),
        "last": max(one["last"], other["last"]),
        "phases": dict(Counter(one["phases"]) + Counter(other["phases"])),
        "background": one["background"] + other["background"],
        "forms": [{"form": list(form), "count": count} for form, count in forms.most_common()],
        "severity": min(one["severity"], other["severity"], key=SEVERITIES.index),
        "confidence": max(one["confidence"], other["confidence"]),
        "findings": one["findings"],
    }
