"""`leaktap decode [FILE]`: the decode tree of one payload, and the identifiers in it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import OK, CommandError, examples

if TYPE_CHECKING:
    from leaktap.trees import Shown, Tree

_MOST_BYTES = 64 << 20


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Print the decode tree of one payload.",
        epilog=examples(
            "leaktap decode payload --device device.yaml",
            "leaktap decode payload --content-type application/json --json",
        ),
    )(decode)


def decode(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="The bytes of a message's body; - (or nothing) is standard input.")
    ] = "-",
    content_type: Annotated[str, typer.Option(metavar="TYPE", help="The Content-Type that it came with.")] = "",
    content_encoding: Annotated[str, typer.Option(metavar="CODING", help="The Content-Encoding, likewise.")] = "",
    host: Annotated[str, typer.Option(metavar="HOST", help="To whom it went: some formats are known by that.")] = "",
    path: Annotated[str, typer.Option(metavar="PATH", help="The path of the request, likewise.")] = "/",
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="The case: its schemas, keys and devices.")] = None,
    device: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A device profile (repeatable).")] = None,
    keyring: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Keys of the app's encryption.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the tree as one JSON document.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the identifiers that are found whole.")] = False,
) -> int:
    """Print what each decoder makes of a payload, as a tree, with the identifiers marked where they are.

    What is identified is masked, unless --reveal; everything else is shown as it is.
    """
    from leaktap.cli._case import keyring as load_keyring
    from leaktap.cli._case import load
    from leaktap.examine import Examiner
    from leaktap.trees import Shown, Tree, carrier

    about, devices = load(case, device or [])
    keys = load_keyring(about, keyring or [])
    payload = _payload(file)
    tree = Tree(payload)
    exchange = carrier(payload, host.lower(), path, content_type, content_encoding)
    tree.hang(Examiner(about, devices, keys=keys).examine(exchange, tree.watch))
    _print(tree, Shown(tree.matches, reveal), json_)
    return OK


def _payload(file: str) -> bytes:
    try:
        if file == "-":
            payload = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                payload = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{file}: cannot be read ({getattr(error, 'strerror', None) or error}): check the path"
        ) from None
    if len(payload) > _MOST_BYTES:
        raise CommandError(
            f"{file}: is larger than {_MOST_BYTES >> 20} MB: this is no single payload; see leaktap scan"
        )
    return payload


def _print(tree: "Tree", shown: "Shown", as_json: bool) -> None:
    import io
    import json

    from rich.console import Console

    from leaktap import trees
    from leaktap.sinks import ReaderGone
    from leaktap.sinks._output import Output

    output = Output("-")
    buffer = io.TextIOWrapper(io.BytesIO(), encoding=output.encoding, errors="replace", newline="\n")
    if as_json:
        buffer.write(json.dumps(trees.document(tree, shown), indent=2) + "\n")
    else:
        coloured = output.terminal and not os.environ.get("NO_COLOR")
        console = Console(
            file=buffer, force_terminal=coloured, highlight=False, markup=False, emoji=False, legacy_windows=False
        )
        for line in trees.lines(tree, shown):
            console.print(line, soft_wrap=True)
    buffer.flush()
    try:
        output.write(buffer.buffer.getvalue())
    except ReaderGone:
        raise BrokenPipeError from None
