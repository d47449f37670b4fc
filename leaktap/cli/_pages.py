"""Pages made of results: what `report` and `compare` have in common in what they refuse, and how they write."""

from collections.abc import Sequence
from pathlib import Path

from leaktap.cli import CommandError


def check_result(path: str) -> None:
    """Refuses a result file that is not there; `-` is standard input.

    Raises:
        CommandError: says how one is made.
    """
    if path != "-" and not Path(path).exists():
        raise CommandError(f"{path}: there is no such file: leaktap scan INPUT -o {path} makes one")


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
