"""`leaktap report RESULTS...`: results as one page that can be sent and printed."""

from typing import Annotated

import typer

from leaktap.cli import OK, CommandError, examples


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Write results as one page, HTML or PDF.",
        epilog=examples(
            "leaktap report results.jsonl",
            "leaktap report results.jsonl -o report.html --lang en",
        ),
    )(report)


def report(
    results: Annotated[list[str], typer.Argument(metavar="RESULTS", help="Results of one app: JSON lines.")],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="The page, .html or .pdf; - is standard output.")
    ] = "report.html",
    lang: Annotated[str, typer.Option(metavar="zh|en", help="Its language; the locale's if left out.")] = "",
) -> int:
    """Write results as one page for people: what left, when, to whom, against which clause, with the evidence.

    The page is a single file that asks no host for anything; a .pdf needs Chromium, Chrome or WeasyPrint.
    """
    from leaktap.cli._pages import check_language, check_result, check_target, write

    check_language(lang)
    for index, path in enumerate(results):
        if path in results[:index]:
            raise CommandError(f"{path}: is named twice: remove one")
        check_result(path)
    check_target(output, results)

    from itertools import chain

    from leaktap.report import collect, language
    from leaktap.report import report as page
    from leaktap.results import ResultError, read_results

    try:
        found = collect(chain.from_iterable(map(read_results, results)))
    except ResultError as error:
        raise CommandError(str(error)) from None
    if len(packages := sorted(found.packages())) > 1:
        raise CommandError(f"the results are of different apps, {', '.join(packages)}: make a report of each")
    write(output, page(found, lang or language()))
    return OK
