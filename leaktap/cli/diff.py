"""`leaktap diff RUN_A RUN_B`: what follows the phone although no decoder opens it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaktap.cli import OK, UNREADABLE, CommandError, examples, say

if TYPE_CHECKING:
    from leaktap.attribution import Owners
    from leaktap.config import Case
    from leaktap.differential import Analysis, Suspect
    from leaktap.keyring import Keys
    from leaktap.sources import Reading

_MOST_SHOWN = 48


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Find what follows the phone in runs on two.",
        epilog=examples(
            "leaktap diff phone-a-1.pcapng phone-b-1.pcapng --again-a phone-a-2.pcapng --again-b phone-b-2.pcapng",
        ),
    )(diff)


def diff(
    run_a: Annotated[
        str, typer.Argument(metavar="RUN_A", help="A run on the first phone: any INPUT of scan, a folder as one run.")
    ],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The same run on the second phone.")],
    again_a: Annotated[
        list[str] | None, typer.Option(metavar="INPUT", help="A further run on the first phone (repeatable).")
    ] = None,
    again_b: Annotated[
        list[str] | None, typer.Option(metavar="INPUT", help="A further run on the second phone (repeatable).")
    ] = None,
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="The case: the app, its schemas and keys.")] = None,
    device: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="The phones' profiles: what they explain is said so.")
    ] = None,
    keys: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A TLS key log (repeatable).")] = None,
    keyring: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Keys of the app's encryption.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON lines, one suspect each.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the values whole.")] = False,
) -> int:
    """Find fields and lengths that follow the phone, by runs of one app on two phones, each done twice at least.

    What is the same in all runs of a phone and never the other's, and is neither chance nor the clock, is a suspected
    leak. Take turns (first, second, first, second phone): what follows the time of day then follows no phone.

    Exit: 0 done, 2 usage or configuration error, 3 an input could not be read to its end (what was read counts).
    """
    from leaktap.attribution import Owners
    from leaktap.cli._case import keyring as load_keyring
    from leaktap.cli._case import load
    from leaktap.cli._inputs import check, expanded
    from leaktap.differential import Analysis, Run
    from leaktap.identifiers.matcher import Matcher
    from leaktap.sources import Reading

    sides = {"a": [run_a, *(again_a or ())], "b": [run_b, *(again_b or ())]}
    runs = [run for paths in sides.values() for run in paths]
    files = {run: expanded([run]) for run in runs}
    inputs = [path for run in runs for path in files[run]]
    if len(set(inputs)) < len(inputs):
        raise CommandError("a run is named twice: give each input once")
    about, devices = load(case, device or [])
    secrets = load_keyring(about, keyring or [])
    reading = Reading(keys=tuple(keys or ()))
    check(inputs, reading, growing=False)
    analysis = Analysis(Run(path, side) for side, paths in sides.items() for path in paths)  # type: ignore[arg-type]
    broken = [run for run in runs if not _read(run, files[run], analysis, about, secrets, reading)]
    matcher = Matcher(devices) if devices else None
    owners = Owners(about.app)
    suspects = list(analysis.suspects())
    rows = [_record(each, owners, _explained(each, matcher), reveal) for each in suspects]
    if json_:
        _print_json(rows)
    else:
        _print(rows, analysis, [len(paths) for paths in sides.values()])
    return UNREADABLE if broken else OK


def _read(
    run: str, files: Sequence[str], analysis: "Analysis", about: "Case", keys: "Keys", reading: "Reading"
) -> bool:
    """Takes the fields of one run; tells whether it could be read to its end."""
    from leaktap.attribution import Apps
    from leaktap.decoders import Opener
    from leaktap.differential import fields
    from leaktap.model import Exchange, Fault
    from leaktap.sources import read

    opener, apps, whole = Opener(about, keys), Apps(about.app), True
    for item in (item for path in files for item in read(path, reading)):
        match item:
            case Exchange():
                app = apps.app(item)
                if app and about.app.package and app.package and app.package != about.app.package:
                    continue
                for seen in fields(item, opener):
                    analysis.add(run, seen)
            case Fault(stage="source"):
                say(f"{item.where}: {item.why}")
                whole = False
    return whole


def _explained(suspect: "Suspect", matcher: Any) -> list[str]:
    """Returns the classes of what the profiles have that stands in a suspect's values, with their forms."""
    from leaktap.model import Leaf

    found: dict[str, None] = {}
    for value in suspect.values if matcher and suspect.kind == "value" else ():
        for match in matcher.match([Leaf(suspect.field.path, value)], "", ""):
            if match.basis == "known":
                found.setdefault(" ".join((match.identifier, *match.form)))
    return list(found)


def _record(suspect: "Suspect", owners: "Owners", explained: Sequence[str], reveal: bool) -> dict[str, Any]:
    """Returns the fields of `leaktap.suspect/1`."""
    place = suspect.field
    owner = owners.of_host(place.host, place.target)
    return {
        "schema": "leaktap.suspect/1",
        "kind": suspect.kind,
        "app": place.app,
        "method": place.method,
        "host": place.host,
        "target": place.target,
        "path": place.path,
        "owner": {"party": owner.party, "sdk": owner.sdk, "company": owner.company, "purpose": owner.purpose},
        "values": [_shown(value, suspect.span, reveal) for value in suspect.values],
        "span": list(suspect.span) if suspect.kind == "bytes" else None,
        "lengths": [list(pair) for pair in suspect.lengths],
        "runs": suspect.runs,
        "seen": suspect.seen,
        "exchanges": [{"run": run, "exchange": exchange} for run, exchange in suspect.exchanges],
        "explained": list(explained),
        "confidence": suspect.confidence,
        "why": suspect.why,
    }


def _shown(value: bytes, span: tuple[int, int], reveal: bool) -> str:
    """Returns a value, or the part of it that follows the phone, as text or hex; masked unless it may be shown."""
    from leaktap.sinks._mask import mask

    part = value[slice(*span)] if span[1] else value
    try:
        text = part.decode()
    except UnicodeDecodeError:
        text = part.hex()
    text = text if text.isprintable() else part.hex()
    if not reveal:
        text = mask(text)
    return text if len(text) <= _MOST_SHOWN or reveal else text[:_MOST_SHOWN] + "…"


def _print_json(rows: Sequence[dict[str, Any]]) -> None:
    import orjson

    for row in rows:
        print(orjson.dumps(row).decode())


def _print(rows: Sequence[dict[str, Any]], analysis: "Analysis", runs: Sequence[int]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from leaktap.sinks._words import harmless

    console = Console(highlight=False)
    if not analysis.repeated:
        console.print(
            Text(
                f"{analysis.differing()} fields differ between the phones, but single runs cannot tell a phone from"
                " chance: repeat the run on each phone (--again-a, --again-b).",
            )
        )
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("to", "where", "what follows the phone", "why"):
        table.add_column(title, overflow="fold")
    for row in rows:
        owner = row["owner"]["sdk"] or row["owner"]["company"] or row["owner"]["party"]
        shown = " | ".join(row["values"])
        if row["kind"] == "bytes":
            shown = f"bytes {row['span'][0]} to {row['span'][1] - 1}: {shown}"
        elif row["kind"] == "length":
            shown = " | ".join(
                f"{low} bytes" if low == high else f"{low} to {high} bytes" for low, high in row["lengths"]
            )
        explained = f"; explained by the profiles: {', '.join(row['explained'])}" if row["explained"] else ""
        where = f"{row['method']} {row['target']} {row['path']}"
        cells = (f"{row['host']} ({owner})", where, shown, f"{row['why']}{explained} ({row['confidence']:.2f})")
        table.add_row(*(Text(harmless(cell)) for cell in cells))
    if rows:
        console.print(table)
    else:
        console.print(Text(f"Nothing follows the phone in {runs[0]} and {runs[1]} runs."))
    if not analysis.in_turns:
        console.print(
            Text("Mind: all runs of one phone came before the other's: what follows the time may be among it.")
        )
    if analysis.left_out:
        console.print(Text(f"Mind: {analysis.left_out} fields were left out: there are too many to keep."))
