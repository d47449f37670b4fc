"""`leaktap report RESULTS...`: results as one page that can be sent and printed."""

from collections.abc import Sequence
from pathlib import Path
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
    check_language(lang)
    for index, path in enumerate(results):
        if path in results[:index]:
            raise CommandError(f"{path}: is named twice: remove one")
        if path != "-" and not Path(path).exists():
            raise CommandError(f"{path}: there is no such file: leaktap scan INPUT -o {path} makes one")
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


def check_language(lang: str) -> None:
    """Refuses a language that there are no texts of; nothing stands for the locale's.

    Raises:
        CommandError: says which there are.
    """
    if not lang:
        return
    from leaktap.report import languages

    if lang not in languages():
        raise CommandError(f"--lang {lang}: is no language of reports: use {' or '.join(languages())}")


def check_target(output: str, inputs: Sequence[str]) -> None:
    """Refuses a target that would overwrite an input, that is no page, or that cannot be made here.

    Raises:
        CommandError: says so.
    """
    if output != "-" and Path(output).suffix.lower() not in (".html", ".htm", ".pdf"):
        raise CommandError(f"{output}: is no page: end it in .html or .pdf")
    for path in inputs:
        if "-" not in (path, output) and Path(output).exists() and Path(output).samefile(path):
            raise CommandError(f"{output}: is an input: write somewhere else")
    if output.lower().endswith(".pdf"):
        from leaktap.report import PdfError, check

        try:
            check()
        except PdfError as error:
            raise CommandError(f"{output}: {error}") from None


def write(output: str, page: bytes) -> None:
    """Writes a page, as PDF where the target is one.

    Raises:
        CommandError: it cannot be made or written.
    """
    from leaktap.report import PdfError, pdf
    from leaktap.sinks import SinkError
    from leaktap.sinks._output import Output

    try:
        made = pdf(page) if output.lower().endswith(".pdf") else page
        target = Output(output)
        try:
            target.write(made)
        finally:
            target.close()
    except (PdfError, SinkError) as error:
        said = str(error)
        raise CommandError(said if said.startswith(output) else f"{output}: {said}") from None
