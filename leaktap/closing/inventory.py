"""The inventory of a run: which class went to whom, for which purpose, how often, when, in which phase and form.

It is the list that MIIT 26/2023, 1.3.2 asks apps to keep, taken from traffic: one row for a class, a recipient (SDK and
company, else the host), a purpose, an app and a phone. Memory is bounded by the rows: classes times recipients, and
what no row is left for is counted together by class.
"""

from dataclasses import dataclass, field

from leaktap.model import SEVERITIES, App, Device, Direction, Finding, Inventory, Owner, PhaseName, Time

MOST_ROWS = 10_000
_MOST_HOSTS = 20
_MOST_VALUES = 1000
_MOST_FORMS = 50
_MOST_FINDINGS = 10
_LEAST_SECRET = 4

type _Key = tuple[str, ...]


@dataclass(slots=True)
class _Row:
    category: str
    direction: Direction
    owner: Owner
    app: App | None
    device: Device
    first: Time
    last: Time
    count: int = 0
    background: int = 0
    severity: int = len(SEVERITIES) - 1
    confidence: float = 0.0
    hosts: dict[str, int] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    phases: dict[PhaseName, int] = field(default_factory=dict)
    forms: dict[tuple[str, ...], int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


class Ledger:
    """Takes findings one by one, and gives the rows at the end."""

    def __init__(self) -> None:
        """Begins empty."""
        self._rows: dict[_Key, _Row] = {}

    def add(self, finding: Finding) -> None:
        """Counts a finding in its row."""
        match, time = finding.match, finding.time
        host = place(finding)
        row = self._row(finding, host)
        row.count += 1
        row.first, row.last = min(row.first, time), max(row.last, time)
        row.background += finding.phase.background
        row.severity = min(row.severity, SEVERITIES.index(finding.severity))
        row.confidence = max(row.confidence, match.confidence)
        count(row.hosts, host, _MOST_HOSTS)
        count(row.phases, finding.phase.name, _MOST_FORMS)
        count(row.forms, match.form, _MOST_FORMS)
        if len(row.values) < _MOST_VALUES:
            row.values.add(finding.value_ref)
        if len(row.findings) < _MOST_FINDINGS:
            row.findings.append(finding.id)

    def rows(self) -> list[Inventory]:
        """Returns the rows, in the order in which each was first seen."""
        return [
            Inventory(
                identifier=key[0],
                category=row.category,
                direction=row.direction,
                owner=row.owner,
                hosts=dict(row.hosts),
                app=row.app,
                device=row.device,
                count=row.count,
                values=len(row.values),
                first=row.first,
                last=row.last,
                phases=dict(row.phases),
                background=row.background,
                forms=dict(row.forms),
                severity=SEVERITIES[row.severity],
                confidence=row.confidence,
                findings=tuple(row.findings),
            )
            for key, row in self._rows.items()
        ]

    def _row(self, finding: Finding, host: str) -> _Row:
        owner, app, device = finding.owner, finding.app, finding.device
        recipient = (owner.sdk, owner.company) if owner.sdk or owner.company else (host,)
        sender = (app.package or app.name if app else "", device.name or device.mac or device.ip)
        what: _Key = (finding.match.identifier, finding.direction, owner.party)
        key: _Key = (*what, *sender, owner.purpose, *recipient)
        row = self._rows.get(key)
        if row is None and len(self._rows) >= MOST_ROWS:
            owner, app, device = Owner(owner.party, basis="recipients beyond the most rows"), None, Device()
            row = self._rows.get(key := what)
        if row is None:
            row = _Row(finding.match.category, finding.direction, owner, app, device, finding.time, finding.time)
            self._rows[key] = row
        return row


def place(finding: Finding) -> str:
    """Returns the host that a finding went to, with `*` where its name carries the value."""
    host, match = finding.exchange.host, finding.match
    start, end = match.span
    for secret in (match.value, match.leaf.value[start:end].decode("utf-8", "replace")):
        if len(secret) >= _LEAST_SECRET and secret.casefold() in host.casefold():
            host = host.casefold().replace(secret.casefold(), "*")
    return host


def count[K](counts: dict[K, int], key: K, most: int) -> None:
    """Counts one more of a kind; of new kinds, only while there are fewer than `most`."""
    if key in counts or len(counts) < most:
        counts[key] = counts.get(key, 0) + 1
