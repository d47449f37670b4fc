"""What closes a run, as tables for a person: declared against observed, and the inventory. Fits eighty columns."""

from collections.abc import Callable, Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from leaktap.model import BLIND_REASONS, Declared, Inventory, Time, Verdict
from leaktap.sinks._words import counted, disguise, harmless, local, phase_words, recipient_words, zone

type Heading = Callable[[Inventory], str]

_MOST_ROWS = 40
_MOST_NAMES = 4
_VERDICTS: dict[Verdict, tuple[str, str]] = {
    "undeclared": ("undeclared", "red"),
    "more_often": ("more often", "yellow"),
    "weaker": ("weaker", "yellow"),
    "unseen": ("never seen", "dim"),
    "as_declared": ("as declared", "green"),
}


def declared_table(rows: Sequence[Declared]) -> Iterable[Table | Text | str]:
    """Yields the policy's breaches and what was never seen as a table, and what is as declared as a line."""
    if not rows:
        return
    yield Text("Declared against observed", style="bold")
    table = table_of("Verdict", "What", "Policy", "Observed")
    for column, share in zip(table.columns, (12, 22, 17, 38), strict=True):
        column.ratio = share
    shown = [row for row in rows if row.verdict != "as_declared"]
    for row in shown[:_MOST_ROWS]:
        words, style = _VERDICTS[row.verdict]
        what = Text("SDK " if row.subject == "sdk" else "", "dim").append(harmless(row.name, 60), "bold not dim")
        if row.company and row.company not in row.name:
            what.append(f"\n{harmless(row.company, 60)}", "not bold dim")
        table.add_row(Text(words, style), what, Text(harmless(_promised(row))), Text(harmless(_observed(row))))
    if shown:
        yield table
    if len(shown) > _MOST_ROWS:
        yield _further(len(shown) - _MOST_ROWS)
    kept = [f"SDK {row.name}" if row.subject == "sdk" else row.name for row in rows if row.verdict == "as_declared"]
    if kept:
        yield Text(f"As declared: {harmless(', '.join(kept))}", style="green")
    yield ""


def inventory_table(rows: Sequence[Inventory], heading: Heading) -> Iterable[Table | Text | str]:
    """Yields the inventory, a table for each phone and app where there are several."""
    if not rows:
        return
    sections: dict[str, list[Inventory]] = {}
    for row in rows[:_MOST_ROWS]:
        sections.setdefault(heading(row), []).append(row)
    for name, some in sections.items():
        title = Text("Inventory", style="bold")
        yield title.append(f": {harmless(name)}", "not bold") if len(sections) > 1 else title
        zones = dict.fromkeys(zone(local(row.first)) for row in some)
        times = f"First, last\n({', '.join(zones)})"
        table = table_of("Class", "Recipient", "Count", times, "Phases", "How")
        table.columns[2].justify = "right"
        table.columns[2].no_wrap = True
        for column, share in zip(table.columns, (13, 20, None, 11, 21, 12), strict=True):
            column.ratio = share
        for row in some:
            table.add_row(*_cells(row))
        yield table
        yield ""
    if len(rows) > _MOST_ROWS:
        yield _further(len(rows) - _MOST_ROWS)
        yield ""


def _cells(row: Inventory) -> tuple[Text, ...]:
    owner = row.owner
    what = Text(harmless(row.identifier), "bold")
    if row.direction == "response":
        what.append("\nreceived", "not bold dim")
    whom = Text(harmless(recipient_words(owner.sdk, owner.company, next(iter(row.hosts), "further hosts")), 80))
    if owner.purpose:
        whom.append(f"\n{harmless(owner.purpose, 60)}", "dim")
    phases = [f"{count:,} {phase_words(name)}" for name, count in row.phases.items()]
    if row.background:
        phases.append(f"{row.background:,} in the background")
    forms = [disguise(form) for form in sorted(row.forms, key=lambda form: -row.forms[form])]
    how = Text(harmless(_few(forms, "; ", 2)))
    return what, whom, Text(f"{row.count:,}"), Text(_span(row.first, row.last)), Text("\n".join(phases)), how


def _span(first: Time, last: Time) -> str:
    """Returns from when to when in the machine's zone, with the days where they are not one."""
    begin, end = local(first), local(last)
    if begin.date() != end.date():
        return f"{begin:%Y-%m-%d}\n{begin:%H:%M:%S}\n{end:%Y-%m-%d}\n{end:%H:%M:%S}"
    times = dict.fromkeys(f"{moment:%H:%M:%S}" for moment in (begin, end))
    return "\n".join(times)


def _promised(row: Declared) -> str:
    if row.verdict == "undeclared":
        return "not in it"
    parts = [row.form] if row.form else []
    if row.max_per_hour is not None:
        parts.append(f"at most {row.max_per_hour:,} an hour")
    return ", ".join(parts) or "declared"


def _observed(row: Declared) -> str:
    match row.verdict:
        case "unseen":
            return _unseen(row)
        case "more_often":
            return f"{counted(row.per_hour, 'request')} within an hour"
    who = _few(row.identifiers if row.subject == "sdk" else row.recipients, ", ", _MOST_NAMES)
    if row.subject == "sdk":
        return f"{counted(row.exchanges, 'request')}{f' with {who}' if who else ', nothing personal found'}"
    forms = f" ({_few([disguise(form) for form in row.forms], '; ', 2)})" if row.verdict == "weaker" else ""
    sure = "" if row.confidence >= 0.7 else f", confidence {row.confidence:.1f}"
    return f"×{row.count:,}{forms} to {who}{sure}"


def _unseen(row: Declared) -> str:
    """Says that nothing was seen, and what that is worth."""
    coverage = row.coverage
    if row.subject == "sdk" and coverage.blind:
        why = "; ".join(f"{count:,} {BLIND_REASONS.get(name, name)}" for name, count in coverage.blind.items())
        return f"its traffic could not be inspected: {why}"
    if coverage.inspected_share == 1:
        return "not in this traffic"
    return f"not in the {int(coverage.inspected_share * 1000) / 10:g}% that could be inspected"


def _few(names: Sequence[str], between: str, most: int) -> str:
    more = len(names) - most
    return between.join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _further(count: int) -> str:
    return f"and {counted(count, 'further row')}; the JSON lines have them all"


def table_of(*columns: str) -> Table:
    """Returns a table in the style of all of them."""
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, expand=True)
    for column in table.columns:
        column.overflow = "fold"
    return table
