"""`leaktap live`: mitmproxy of this environment with leaktap in it.

Cases and devices are checked here, where an error is one line; then the process becomes mitmproxy.
"""

import os
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import CommandError, examples

if TYPE_CHECKING:
    from leaktap.model import Phase


class Ui(StrEnum):
    """The faces of mitmproxy."""

    console = "console"
    web = "web"
    dump = "dump"


_PROGRAMS = {Ui.console: "mitmproxy", Ui.web: "mitmweb", Ui.dump: "mitmdump"}


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Watch traffic in a running mitmproxy.",
        epilog=examples(
            "leaktap live --case case.yaml -o findings.jsonl",
            "leaktap live --ui dump --case case.yaml -- --mode wireguard",
        ),
    )(live)


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
    events: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Marks of an earlier session, adb logcat -b events, or a table (repeatable)."
        ),
    ] = None,
    events_out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where marks are kept; beside the case, named after the hour, if left out."),
    ] = None,
    consent: Annotated[str, typer.Option(metavar="TIME", help="When the user agreed: 2026-11-21T10:00:19Z.")] = "",
    before_consent: Annotated[bool, typer.Option("--before-consent", help="Begin before the user's consent.")] = False,
    output: Annotated[
        list[str] | None,
        typer.Option("-o", "--output", metavar="SINK", help="A path; its ending picks the format (repeatable)."),
    ] = None,
    spool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where records wait for outputs that are far away.")
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal data whole.")] = False,
    responses: Annotated[bool, typer.Option("--responses", help="Also look into what servers answer.")] = False,
    dashboard_host: Annotated[
        str,
        typer.Option(metavar="HOST[:PORT]", help="Show the dashboard to the network as well: 0.0.0.0 is everybody."),
    ] = "",
    ui: Annotated[Ui, typer.Option(help="mitmproxy in the terminal, in the browser, or without a face.")] = Ui.console,
) -> None:
    """Watch traffic in a running mitmproxy. The phone's page, leaktap mark and Ctrl-E in it mark what happens."""
    from leaktap.cli._case import keyring as load_keyring
    from leaktap.cli._case import load, timeline
    from leaktap.cli._dashboard import listening
    from leaktap.cli.addon_path import script
    from leaktap.config import to_time

    about, _ = load(case, device or [])
    happened = timeline(about, consent, before_consent, events or ())
    load_keyring(about, keyring or [])
    if ui is Ui.console and "-" in (output or ()):
        raise CommandError("-o -: mitmproxy's console needs the terminal: take --ui dump, or write to a file")
    _check_outputs(output or (), spool)
    options = [("leaktap_case", str(case.absolute()))] if case else []
    options += [("leaktap_device", str(file.absolute())) for file in device or ()]
    options += [("leaktap_keyring", str(file.absolute())) for file in keyring or ()]
    options += [("leaktap_output", target) for target in output or ()]
    options += [("leaktap_spool", str(spool.absolute()))] if spool else []
    options += [("leaktap_events", str(file.absolute())) for file in events or ()]
    if events_out := events_out or (_beside(case) if case else None):
        options += [("leaktap_events_out", str(events_out.absolute()))]
    options += [("leaktap_consent", consent)] if consent else []
    options += [(f"leaktap_{name}", "true") for name in _flags(before_consent, reveal, responses)]
    places, dashboards = listening(rest or (), dashboard_host)
    options += places
    sets = [part for name, value in options for part in ("--set", f"{name}={value}")]
    program = _PROGRAMS[ui]
    code = f"import sys; sys.argv[0] = {program!r}; from mitmproxy.tools.main import {program} as run; sys.exit(run())"
    _greet(ui, rest or (), happened.phase(to_time(datetime.now(UTC)), about.app.package), dashboards, events_out)
    os.execv(sys.executable, [sys.executable, "-P", "-c", code, "-s", str(script()), *sets, *(rest or ())])


def _beside(case: Path) -> Path:
    """Returns where the marks of a session that begins now are kept."""
    return case.with_name(f"{case.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.events.csv")


def _greet(ui: Ui, rest: Sequence[str], phase: "Phase", dashboards: Sequence[str], events_out: Path | None) -> None:
    """Shows where the pages are, with a token that mitmproxy inherits, and how the session stands."""
    from leaktap.qr import qr
    from leaktap.sessions import watching
    from leaktap.sinks._words import consent

    if "-q" in rest or "--quiet" in rest:
        return
    token = os.environ.setdefault("LEAKTAP_TOKEN", secrets.token_urlsafe(16))
    host = next((part.partition("=")[2] for part in rest if part.startswith("leaktap_page=")), "leak.tap")
    if host:
        address = f"http://{host}/?k={token}"
        say = [qr(address), f"The phone's page, through the proxy: {address}"]
    else:
        say = []
    say += [f"The dashboard: {address}/dashboard?k={watching(token)}" for address in dashboards]
    say.append(f"Consent: {', '.join(consent(phase, phase.to_consent, phase.to_consent))}")
    if events_out:
        say.append(f"Marks are kept in {events_out}")
    print("\n".join(say), file=sys.stderr, flush=True)
    if ui is Ui.console and sys.stdin.isatty():
        input("Press Enter for mitmproxy (the command leaktap.page shows this again) ")


def _check_outputs(targets: Sequence[str], spool: Path | None) -> None:
    """Opens the outputs as the addon will in a moment; becoming mitmproxy closes them."""
    from leaktap.sinks import Options, SinkError, open_sink

    try:
        for target in targets:
            open_sink(target, Options(live=True, dry=True, spool=spool), "text")
    except SinkError as error:
        raise CommandError(str(error)) from None


def _flags(before_consent: bool, reveal: bool, responses: bool) -> list[str]:
    said = {"before_consent": before_consent, "reveal": reveal, "responses": responses}
    return [name for name, wanted in said.items() if wanted]
