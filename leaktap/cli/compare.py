"""`leaktap compare OLD NEW`: what a later version of an app mended, what it brought, and what is still there."""

from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import FOUND, OK, CommandError, examples, severities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leaktap.model import Severity
    from leaktap.results.compare import Comparison, Result, Row

_SEVERITIES = severities()


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Hold a later result against an earlier one.",
        epilog=examples(
            "leaktap compare old.jsonl new.jsonl",
            "leaktap compare old.jsonl new.jsonl --fail-on-new medium",
            "leaktap compare old.jsonl new.jsonl -o compare.html",
        ),
    )(compare)


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The earlier result: JSON lines of leaktap scan.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later result.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Also list what is as before and breaks no clause.")] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Write the comparison as a page, .html or .pdf.")
    ] = "",
    lang: Annotated[str, typer.Option(metavar="zh|en", help="The page's language; the locale's if left out.")] = "",
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help="Exit with 1 if a clause so severe is broken anew or still.",
            autocompletion=severities,
        ),
    ] = "",
    fail_on_new: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help="Exit with 1 if a clause so severe is broken anew.",
            autocompletion=severities,
        ),
    ] = "",
) -> int:
    """Hold a later result against an earlier one: fixed, new and still there, by class, recipient and clause.

    Exit: 0 nothing at or above --fail-on or --fail-on-new, 1 something is, 2 usage error or a result cannot be read.
    """
    for option, severity in (("--fail-on", fail_on), ("--fail-on-new", fail_on_new)):
        if severity and severity not in _SEVERITIES:
            raise CommandError(f"{option} {severity}: is no severity: use one of {', '.join(_SEVERITIES)}")
    if old == new == "-":
        raise CommandError("-: standard input can be read only once")

    from leaktap.cli._pages import check_language, check_target

    check_language(lang)
    if output:
        check_target(output, (old, new))

    from leaktap.results.compare import compare as hold

    results = _result(old), _result(new)
    comparison = hold(*results)
    if output:
        from leaktap.cli._pages import write
        from leaktap.report import comparison as page
        from leaktap.report import language

        write(output, page(comparison, *results, lang or language()))
    if output == "-":
        pass
    elif json:
        _print_json(comparison)
    else:
        _print(comparison, all_)
    fresh = [clause.severity for row in comparison.rows for clause in row.new]
    still = [clause.severity for row in comparison.rows for clause in row.still]
    return FOUND if _reach([*fresh, *still], fail_on) or _reach(fresh, fail_on_new) else OK


def _reach(severities: "Iterable[Severity]", limit: str) -> bool:
    """Tells whether one of them is at or above a limit; without one, none is."""
    return bool(limit) and any(_SEVERITIES.index(severity) <= _SEVERITIES.index(limit) for severity in severities)


def _result(path: str) -> "Result":
    from leaktap.cli._pages import check_result
    from leaktap.results import ResultError, read_results
    from leaktap.results.compare import Result

    check_result(path)
    try:
        return Result.of(read_results(path))
    except ResultError as error:
        raise CommandError(str(error)) from None


def _print_json(comparison: "Comparison") -> None:
    from dataclasses import asdict

    import orjson

    from leaktap.results.compare import CHANGES

    counts = {change: comparison.count(change) for change in CHANGES}
    fields = {"schema": "leaktap.comparison/1", "counts": counts, **asdict(comparison)}
    print(orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode())


def _print(comparison: "Comparison", whole: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from leaktap.results.compare import CHANGES
    from leaktap.sinks._words import harmless

    console = Console(highlight=False)
    for change, words in CHANGES.items():
        rows = [row for row in comparison.rows if row.change == change]
        if not rows:
            continue
        console.print(Text(f"{change}: {len(rows)}, {words}", style="bold"))
        if change == "same" and not whole:
            continue
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for title in ("what", "to", "seen", "clauses"):
            table.add_column(title, overflow="fold")
        for row in rows:
            what = f"{row.leak.identifier or 'the session'}{_change_of(row.forms)}"
            to = f"{row.leak.recipient}{f' ({row.leak.party} party)' if row.leak.party else ''}"
            seen = f"{row.count[0]} → {row.count[1]}{_change_of(row.phases)}"
            cells = (what, to, seen + (f"; {row.unsure}" if row.unsure else ""), _clauses(row))
            table.add_row(*(Text(harmless(cell)) for cell in cells))
        console.print(table)
    if not comparison.rows:
        console.print(Text("Neither result has a finding."))
    for caveat in comparison.caveats:
        console.print(Text(harmless(f"Mind: {caveat}")))


def _change_of(values: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    """Says how forms or phases changed; nothing where they did not, or where one side has none."""
    old, new = map(sorted, values)
    shown = [", ".join(side) for side in (old, new) if side]
    if len(shown) == 2 and old == new:
        shown = shown[:1]
    return f" ({' → '.join(shown)})" if shown else ""


def _clauses(row: "Row") -> str:
    parts = (("new", row.new), ("still", row.still), ("fixed", row.fixed))
    said = [f"{word} {', '.join(clause.id for clause in clauses)}" for word, clauses in parts if clauses]
    return "; ".join(said) or "-"
