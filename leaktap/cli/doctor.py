"""`leaktap doctor`: looks whether the machine has what a live session needs, and says what mends it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from leaktap.cli import FOUND, OK, examples

SCHEMA = "leaktap.doctor/1"


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Check what a live session needs.",
        epilog=examples(
            "leaktap doctor",
            "leaktap doctor --port 8081 --json",
        ),
    )(doctor)


def doctor(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The proxy's port.")] = 8080,
    confdir: Annotated[Path, typer.Option(metavar="FOLDER", help="mitmproxy's folder.")] = Path("~/.mitmproxy"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check what a live session needs: certificate, forwarding, firewall, names, clock, programs, room, ports.

    Exit: 0 nothing is in the way, 1 something is.
    """
    from leaktap.doctor import About, examine

    verdicts = examine(About(port=port, confdir=confdir.expanduser()))
    if as_json:
        checks = [{"name": v.name, "state": v.state, "says": v.says, "mend": v.mend} for v in verdicts]
        print(json.dumps({"schema": SCHEMA, "checks": checks}, indent=2))
    else:
        for verdict in verdicts:
            print(f"{verdict.state:4}  {verdict.name:11}  {verdict.says}")
            if verdict.mend:
                print(f"{'':19}{verdict.mend}")
    return FOUND if any(verdict.state == "fail" for verdict in verdicts) else OK
