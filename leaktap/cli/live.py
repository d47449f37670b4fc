"""`leaktap live`: mitmproxy of this environment with leaktap in it.

Cases and devices are checked here, where an error is one line; then the process becomes mitmproxy.
"""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from leaktap.cli import CommandError


class Ui(StrEnum):
    """The faces of mitmproxy."""

    console = "console"
    web = "web"
    dump = "dump"


_PROGRAMS = {Ui.console: "mitmproxy", Ui.web: "mitmweb", Ui.dump: "mitmdump"}


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command()(live)


def live(
    rest: Annotated[
        list[str] | None, typer.Argument(metavar="[-- MITMPROXY OPTIONS]", help="Handed to mitmproxy as they are.")
    ] = None,
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="The case: app, devices, events, policy.")] = None,
    device: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A device profile (repeatable).")] = None,
    keyring: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Keys of apps' own encryption, or a log of hooks that saw it (repeatable)."),
    ] = None,
    consent: Annotated[str, typer.Option(metavar="TIME", help="When the user agreed: 2026-11-21T10:00:19Z.")] = "",
    before_consent: Annotated[bool, typer.Option("--before-consent", help="Begin before the user's consent.")] = False,
    output: Annotated[
        list[str] | None,
        typer.Option("-o", "--output", metavar="SINK", help="A path; its ending picks the format (repeatable)."),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal data whole.")] = False,
    responses: Annotated[bool, typer.Option("--responses", help="Also look into what servers answer.")] = False,
    ui: Annotated[Ui, typer.Option(help="mitmproxy in the terminal, in the browser, or without a face.")] = Ui.console,
) -> None:
    """Watch traffic in a running mitmproxy; leaktap.mark consent (a command in it) marks the user's consent."""
    from leaktap.cli._case import keyring as load_keyring
    from leaktap.cli._case import load, timeline
    from leaktap.cli.addon_path import script

    about, _ = load(case, device or [])
    timeline(about, consent, before_consent)
    load_keyring(about, keyring or [])
    if ui is Ui.console and "-" in (output or ()):
        raise CommandError("-o -: mitmproxy's console needs the terminal: take --ui dump, or write to a file")
    _check_outputs(output or ())
    options = [("leaktap_case", str(case.absolute()))] if case else []
    options += [("leaktap_device", str(file.absolute())) for file in device or ()]
    options += [("leaktap_keyring", str(file.absolute())) for file in keyring or ()]
    options += [("leaktap_output", target) for target in output or ()]
    options += [("leaktap_consent", consent)] if consent else []
    options += [(f"leaktap_{name}", "true") for name in _flags(before_consent, reveal, responses)]
    sets = [part for name, value in options for part in ("--set", f"{name}={value}")]
    program = _PROGRAMS[ui]
    code = f"import sys; sys.argv[0] = {program!r}; from mitmproxy.tools.main import {program} as run; sys.exit(run())"
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-c", code, "-s", str(script()), *sets, *(rest or ())])


def _check_outputs(targets: Sequence[str]) -> None:
    """Opens the outputs as the addon will in a moment; becoming mitmproxy closes them."""
    from leaktap.sinks import Options, SinkError, open_sink

    try:
        for target in targets:
            open_sink(target, Options(live=True, dry=True), "text")
    except SinkError as error:
        raise CommandError(str(error)) from None


def _flags(before_consent: bool, reveal: bool, responses: bool) -> list[str]:
    said = {"before_consent": before_consent, "reveal": reveal, "responses": responses}
    return [name for name, wanted in said.items() if wanted]
