"""`leaktap sdk import`: takes in a database of trackers that the user has under its own licence."""

from pathlib import Path
from typing import Annotated

import typer

from leaktap.cli import CommandError, examples, say

_MOST_SHOWN = 20


def command(sdk: typer.Typer) -> None:
    """Registers `sdk import`."""
    sdk.command(
        "import",
        short_help="Take in a database of trackers.",
        epilog=examples(
            "leaktap sdk import hosts.txt",
            "leaktap sdk import --remove hosts",
        ),
    )(import_)


def import_(
    file: Annotated[
        Path | None, typer.Argument(help="A file, a folder or a zip file; its format is told by its content.")
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the import; else the file's name.")] = "",
    remove: Annotated[str, typer.Option(metavar="NAME", help="Forget an import.")] = "",
) -> None:
    """Import hosts and companies from Exodus, DuckDuckGo, TrackerControl, Disconnect, Ghostery, AdGuard or hosts files.

    What is imported is asked where leaktap's own catalogue has nothing; where both name a host's company, ours stands.
    """
    from leaktap.attribution.imports import _store
    from leaktap.config import ConfigError

    if (file is None) == (not remove):
        raise CommandError("leaktap sdk import: takes either a file or --remove NAME: give one of them")
    if remove:
        if not _store.remove(remove):
            raise CommandError(f"--remove: there is no import {remove!r}: leaktap sdk list --imported shows them")
        typer.echo(f"{remove}: removed")
        return
    assert file is not None
    try:
        result = _store.read(file, name or _named(file))
        place = _store.save(result.kept)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    _tell(result, place)


def show() -> None:
    """Lists the user's imports: name, format, companies, hosts and where it lies, separated by tabs.

    Raises:
        CommandError: one of them is not usable.
    """
    from leaktap.attribution.imports import _store
    from leaktap.config import ConfigError

    try:
        for each in _store.imported():
            kept = each.kept
            counts = f"{len({sdk.company for sdk in kept.sdks})} companies\t{len(kept.hosts)} hosts"
            typer.echo(f"{kept.name}\t{kept.format}\t{counts}\t{_store.folder() / kept.name}.json")
    except ConfigError as error:
        raise CommandError(str(error)) from None


def _named(file: Path) -> str:
    """Returns a name for an import: the file's without its ending."""
    return file.resolve().name.removesuffix(file.suffix)


def _tell(result: "object", place: Path) -> None:
    """Says what was imported, what was passed over, and where it contradicts our catalogue."""
    from leaktap.attribution._catalogue import catalogue
    from leaktap.attribution.imports._store import Import, conflicts

    assert isinstance(result, Import)
    kept = result.kept
    companies = len({sdk.company for sdk in kept.sdks})
    typer.echo(f"{kept.name}: {kept.format}, {companies} companies, {len(kept.hosts)} hosts, kept as {place}")
    for why, count in sorted(result.passed.items()):
        say(f"{count} entries passed over: {why}, the first {result.first[why]!r}")
    found = list(conflicts(kept, catalogue()))
    for host, theirs, ours in found[:_MOST_SHOWN]:
        typer.echo(f"conflict {host}: theirs {theirs}, ours {ours}, which stands")
    if len(found) > _MOST_SHOWN:
        typer.echo(f"and {len(found) - _MOST_SHOWN} more conflicts, in which ours stands")
