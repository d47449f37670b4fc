"""The findings by clause: which rows stand under which clause, and the evidence of each row, within bounds."""

from dataclasses import dataclass, field

from leaktap.model import SEVERITIES
from leaktap.records import ClauseFields
from leaktap.report._collect import Broken, Collected, Group
from leaktap.report._evidence import Evidence, evidence
from leaktap.report._rules import Said, said
from leaktap.report._texts import Texts

_MOST_EVIDENCE = 100
_MOST_OF_CLAUSE = 15
_MOST_WITHOUT = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A group of findings as a row; `number` is that of its evidence, 0 where there was no room for it."""

    group: Group
    number: int


@dataclass(frozen=True, slots=True)
class ClauseView:
    """A broken clause with its rows; `more` rows are left out."""

    broken: Broken
    said: Said
    rows: list[Row]
    groups: int
    more: int


@dataclass(frozen=True, slots=True)
class Entry:
    """The evidence of a row."""

    row: Row
    evidence: Evidence

    @property
    def reasons(self) -> list[tuple[str, list[ClauseFields]]]:
        """The clauses by why they are broken, for the same reason often breaks several."""
        reasons: dict[str, list[ClauseFields]] = {}
        for _, clause in sorted(self.row.group.clauses.items()):
            reasons.setdefault(clause.get("why", ""), []).append(clause)
        return list(reasons.items())


@dataclass(slots=True)
class Findings:
    """The findings by clause, those that break none, and the evidence of all that have a row."""

    clauses: list[ClauseView] = field(default_factory=list)
    without: list[Row] = field(default_factory=list)
    without_count: int = 0
    without_more: int = 0
    entries: list[Entry] = field(default_factory=list)
    no_entry: int = 0


def findings(found: Collected, texts: Texts) -> Findings:
    """Sorts the groups under their clauses, the worst first, each clause with as many rows as there is room for."""
    groups = sorted(found.groups.values(), key=lambda group: group.rank)
    of_clause: dict[str, list[Group]] = {}
    for group in groups:
        for id_ in list(group.clauses) or [""]:
            of_clause.setdefault(id_, []).append(group)
    shown = {id_: some[: _MOST_OF_CLAUSE if id_ else _MOST_WITHOUT] for id_, some in of_clause.items()}
    wanted = {id(group) for some in shown.values() for group in some}
    ordered = [group for group in groups if id(group) in wanted]
    numbers = {id(group): number for number, group in enumerate(ordered[:_MOST_EVIDENCE], 1)}

    def rows(id_: str) -> list[Row]:
        return [Row(group, numbers.get(id(group), 0)) for group in shown.get(id_, ())]

    view = Findings()
    for id_, broken in sorted(
        found.clauses.items(), key=lambda item: (SEVERITIES.index(item[1].hit["severity"]), item[0])
    ):
        count = len(of_clause.get(id_, ()))
        view.clauses.append(ClauseView(broken, said(broken.hit, texts.name), rows(id_), count, count - len(rows(id_))))
    view.without = rows("")
    view.without_count = sum(group.count for group in of_clause.get("", ()))
    view.without_more = len(of_clause.get("", ())) - len(view.without)
    view.entries = [Entry(Row(group, numbers[id(group)]), evidence(group.first)) for group in ordered[:_MOST_EVIDENCE]]
    view.no_entry = len(ordered) - len(view.entries)
    return view
