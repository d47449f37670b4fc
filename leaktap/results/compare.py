"""Two results of one app held against each other: what was mended, what came new, what is still there.

A leak is a class that an app sends to a recipient; it is told apart by that and not by host, path or value, which
change from version to version. A clause that it broke before and not now is fixed, and so on. What was not seen again
is only as good as the second run could see: a row says where that run was blind towards the recipient, and `caveats`
what makes the runs hard to compare.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from leaktap.model import SEVERITIES, Severity
from leaktap.records import BlindRecord, FindingRecord, OwnerFields, PublishedRecord, SummaryRecord

type Change = Literal["new", "still", "fixed", "appeared", "gone", "same"]

CHANGES: dict[Change, str] = {
    "new": "breaks a clause that it did not break before",
    "still": "breaks a clause as before",
    "fixed": "breaks no clause any more",
    "appeared": "is new and breaks no clause",
    "gone": "is not seen any more and broke no clause",
    "same": "is there as before and breaks no clause",
}
"""Every change of a leak, the worst first, and how to say it."""

_LESS = 0.05
"""By how much less of the traffic a second run may see before that is worth a word."""

_MOST_IDS = 5


@dataclass(frozen=True, slots=True)
class Leak:
    """A class of information, the app that sends it and who receives it; `party` is only told, not compared."""

    app: str
    identifier: str
    recipient: str
    party: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause as the records name it."""

    id: str
    title: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a leak: its clauses by their change, how often and in which forms and phases it was seen.

    `findings` are ids of the first findings in the newer result, or in the older one where that has none. `unsure` says
    why what is not seen any more may still be there.
    """

    leak: Leak
    change: Change
    severity: Severity
    new: tuple[Clause, ...]
    still: tuple[Clause, ...]
    fixed: tuple[Clause, ...]
    count: tuple[int, int]
    forms: tuple[tuple[str, ...], tuple[str, ...]]
    phases: tuple[tuple[str, ...], tuple[str, ...]]
    findings: tuple[str, ...]
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, the worst change first, and what makes the two results hard to compare."""

    rows: tuple[Row, ...]
    caveats: tuple[str, ...]

    def count(self, change: Change) -> int:
        """Returns how many leaks changed so."""
        return sum(row.change == change for row in self.rows)


@dataclass(slots=True)
class _Seen:
    """A leak in one result."""

    count: int = 0
    severity: int = len(SEVERITIES) - 1
    clauses: dict[str, Clause] = field(default_factory=dict)
    forms: dict[str, None] = field(default_factory=dict)
    phases: dict[str, None] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """What one result amounts to, its records taken in one by one; grows with the leaks, not with the findings."""

    leaks: dict[Leak, _Seen] = field(default_factory=dict)
    unseen: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    summary: SummaryRecord | None = None

    @classmethod
    def of(cls, records: Iterable[PublishedRecord]) -> "Result":
        """Takes all records of a result."""
        result = cls()
        for record in records:
            match record["schema"]:
                case "leaktap.finding/1":
                    result._finding(record)
                case "leaktap.blind/1":
                    result._blind(record)
                case "leaktap.summary/1":
                    result._summary(record)
        return result

    def _finding(self, record: FindingRecord) -> None:
        app = record["app"]["package"] or record["app"]["name"] if record["app"] else ""
        owner, host = record["owner"], record["destination"]["host"]
        seen = self.leaks.setdefault(Leak(app, record["identifier"], recipient(owner, host), owner["party"]), _Seen())
        seen.count += 1
        seen.severity = min(seen.severity, SEVERITIES.index(record["severity"]))
        for clause in record["clauses"]:
            _add(seen.clauses, Clause(clause["id"], clause["title"], clause["severity"]))
        seen.forms.setdefault(" ".join(record["form"]) or "plain")
        seen.phases.setdefault(record["phase"])
        self.phases[record["phase"]] += 1
        if len(seen.findings) < _MOST_IDS:
            seen.findings.append(record["id"])

    def _blind(self, record: BlindRecord) -> None:
        owner = record["owner"]
        self.unseen[recipient(owner, record["host"]) if owner else record["host"]] += 1

    def _summary(self, record: SummaryRecord) -> None:
        self.summary = record
        for clause in record["session_clauses"]:
            seen = self.leaks.setdefault(Leak("", "", ""), _Seen())
            seen.count += 1
            seen.severity = min(seen.severity, SEVERITIES.index(clause["severity"]))
            _add(seen.clauses, Clause(clause["id"], clause["title"], clause["severity"]))


def recipient(owner: OwnerFields, host: str) -> str:
    """Returns who received something, under a name that stays from version to version."""
    if owner["party"] == "first":
        return owner["company"] or "the app's own"
    return owner["sdk"] or owner["company"] or host


def compare(old: Result, new: Result) -> Comparison:
    """Holds the newer result against the older one."""
    rows = [_row(leak, old.leaks.get(leak), new.leaks.get(leak), new) for leak in {**new.leaks, **old.leaks}]
    order = list(CHANGES)
    rows.sort(key=lambda row: (order.index(row.change), SEVERITIES.index(row.severity), _words(row.leak)))
    return Comparison(tuple(rows), tuple(_caveats(old, new)))


def _row(leak: Leak, old: _Seen | None, new: _Seen | None, result: Result) -> Row:
    before, now = old or _Seen(), new or _Seen()
    fresh = tuple(now.clauses[id] for id in sorted(now.clauses.keys() - before.clauses.keys()))
    still = tuple(now.clauses[id] for id in sorted(now.clauses.keys() & before.clauses.keys()))
    fixed = tuple(before.clauses[id] for id in sorted(before.clauses.keys() - now.clauses.keys()))
    change: Change = (
        "new" if fresh else "still" if still else "fixed" if fixed
        else "same" if old and new else "appeared" if new else "gone"
    )  # fmt: skip
    blind = result.unseen[leak.recipient] if change in ("fixed", "gone") and not now.count else 0
    return Row(
        leak=leak,
        change=change,
        severity=SEVERITIES[(before if change in ("fixed", "gone") else now).severity],
        new=fresh,
        still=still,
        fixed=fixed,
        count=(before.count, now.count),
        forms=(tuple(before.forms), tuple(now.forms)),
        phases=(tuple(before.phases), tuple(now.phases)),
        findings=tuple(now.findings or before.findings),
        unsure=f"{blind} messages or connections to it could not be inspected" if blind else "",
    )


def _caveats(old: Result, new: Result) -> Iterator[str]:
    """Yields what makes two results hard to compare, in whole sentences."""
    for name, result in (("older", old), ("newer", new)):
        if result.summary is None:
            yield f"The {name} result has no summary: its run did not come to its end."
    known = [{phase for phase in result.phases if phase != "unknown"} for result in (old, new)]
    if known[0] and new.phases and not known[1]:
        yield "The newer run does not know when the user consented: clauses about consent cannot be broken in it."
    if old.summary and new.summary:
        yield from _between(old.summary, new.summary)


def _between(old: SummaryRecord, new: SummaryRecord) -> Iterator[str]:
    """Yields what the summaries say against comparing the results."""
    if new["inspected_share"] < old["inspected_share"] - _LESS:
        shares = f"{new['inspected_share']:.0%} of its traffic, the older one {old['inspected_share']:.0%}"
        yield f"The newer run could inspect {shares}."
    if new["exchanges"] * 2 < old["exchanges"]:
        counts = f"{new['exchanges']} messages, the older one {old['exchanges']}"
        yield f"The newer run saw {counts}: it may have exercised less of the app."
    rules = [summary.get("versions", {}).get("rules") for summary in (old, new)]
    if all(rules) and rules[0] != rules[1]:
        yield "The results were judged by different versions of the rule book."
    before, now = old.get("case"), new.get("case")
    if not before or not now:
        return
    apps = before["app"]["package"], now["app"]["package"]
    if all(apps) and apps[0] != apps[1]:
        yield f"The results are of different apps: {apps[0]} and {apps[1]}."
    if before["declared"] and not now["declared"]:
        yield "The newer run was not told what the policy declares: clauses about that cannot be broken in it."
    if before["necessary"] and not now["necessary"]:
        yield "The newer run was not told what the app's function needs: clauses about that cannot be broken in it."


def _add(clauses: dict[str, Clause], clause: Clause) -> None:
    """Keeps a clause at its worst severity."""
    known = clauses.get(clause.id)
    if known is None or SEVERITIES.index(clause.severity) < SEVERITIES.index(known.severity):
        clauses[clause.id] = clause


def _words(leak: Leak) -> tuple[str, ...]:
    return leak.app, leak.identifier, leak.recipient
