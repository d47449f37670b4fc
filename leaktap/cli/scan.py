"""`leaktap scan`: reads captures, flow files and HARs from beginning to end and reports what left."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import FOUND, INTERRUPTED, OK, READER_GONE, UNREADABLE, USAGE, CommandError, examples, severities
from leaktap.cli._garbage import settled, sparing
from leaktap.cli._voice import VOICE, Quiet, Verbose, detail

if TYPE_CHECKING:
    from leaktap.cli._hashes import Hashes
    from leaktap.cli._jobs import Item
    from leaktap.cli._loads import Loads
    from leaktap.cli._outputs import Outputs
    from leaktap.cli._progress import Meter
    from leaktap.pipeline import Pipeline
    from leaktap.sources import Stop

_WORTH_SHARING = 16 << 20
"""Bytes of inputs from which more than one process is worth starting."""

_SEVERITIES = severities()


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Report what left, from captures, flows and HARs.",
        epilog=examples(
            "leaktap scan capture.har",
            "leaktap scan capture.pcapng --case case.yaml -o - -o results.jsonl",
            "leaktap scan captures/ --device device.yaml --before-consent --fail-on high",
        ),
    )(scan)


@sparing
def scan(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="pcap, pcapng, mitmproxy flows or HAR, or a folder; - is standard input."),
    ],
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="The case: app, devices, events, policy.")] = None,
    device: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A device profile (repeatable).")] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A TLS key log, or a server's RSA key in PEM (repeatable)."),
    ] = None,
    keyring: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Keys of apps' own encryption, or a log of hooks that saw it (repeatable)."),
    ] = None,
    events: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="adb logcat -b events, or a table time,event,app (repeatable)."),
    ] = None,
    consent: Annotated[str, typer.Option(metavar="TIME", help="When the user agreed: 2026-11-21T10:00:19Z.")] = "",
    before_consent: Annotated[bool, typer.Option("--before-consent", help="The user never agreed.")] = False,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="SINK",
            help="-, a path whose ending picks the format, or a receiver (repeatable).",
        ),
    ] = None,
    format_: Annotated[str, typer.Option("--format", metavar="text|jsonl", help="The format of -.")] = "text",
    spool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where records wait for outputs that are far away.")
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal data whole.")] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help=f"Exit with 1 at a finding this severe: {', '.join(_SEVERITIES)}.",
            autocompletion=severities,
        ),
    ] = "",
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that share large inputs; one per core if left out.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="native|tshark|auto", help="What reads captures; auto: native, says where tshark helps."),
    ] = "auto",
    wpa_pwd: Annotated[
        list[str] | None,
        typer.Option(metavar="SSID:PASSPHRASE", help="A Wi-Fi's password, for --engine tshark (repeatable)."),
    ] = None,
    responses: Annotated[bool, typer.Option("--responses", help="Also look into what servers answer.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Read on while the last INPUT grows, until Ctrl-C.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Report which personal information left, from captures, flow files and HARs.

    Exit: 0 nothing at or above --fail-on, 1 something is, 2 usage or configuration error or an output failed, 3 an
    input could not be read to its end (what was read is reported), 130 Ctrl-C (likewise).
    """
    began = monotonic()
    if engine not in ("native", "tshark", "auto"):
        raise CommandError(f"--engine {engine}: is no engine: use native, tshark or auto")
    if wpa_pwd and engine != "tshark":
        raise CommandError("--wpa-pwd: only tshark opens encrypted Wi-Fi: add --engine tshark")
    if follow and engine == "tshark":
        raise CommandError("--engine tshark: reads captures that are complete: leave out --follow")
    if jobs is not None and jobs < 1:
        raise CommandError(f"--jobs {jobs}: there must be a process: leave it out for one per core")
    if fail_on and fail_on not in _SEVERITIES:
        raise CommandError(f"--fail-on {fail_on}: is no severity: use one of {', '.join(_SEVERITIES)}")
    if inputs.count("-") > 1:
        raise CommandError("-: standard input can be read only once")

    from leaktap.cli._case import keyring as load_keyring
    from leaktap.cli._case import load, timeline
    from leaktap.cli._hashes import Hashes
    from leaktap.cli._inputs import check, expanded, seen
    from leaktap.cli._signals import stopping
    from leaktap.sources import Reading, is_live, names

    about, devices = load(case, device or [])
    happened = timeline(about, consent, before_consent, events or ())
    secrets = load_keyring(about, keyring or [])
    inputs = expanded(inputs)
    reading = Reading(keys=tuple(keys or ()), engine=engine, wpa=tuple(wpa_pwd or ()))
    live = [is_live(path, follow and path is inputs[-1]) for path in inputs]
    check(inputs, reading, growing=any(live))
    reading = replace(reading, follow=follow)
    count, loads = (1, None) if any(live) else _processes(inputs, engine, jobs)

    from leaktap.cli._outputs import Outputs
    from leaktap.cli._progress import Meter
    from leaktap.cli._remarks import hint
    from leaktap.config import case_key
    from leaktap.pipeline import Pipeline
    from leaktap.sinks import Options
    from leaktap.sinks._words import size

    files = [*about.devices, *about.keyring, *(device or []), *(keys or []), *(keyring or [])]
    files += [*(log.file for log in about.logs), *(events or [])]
    given = [*inputs, *map(str, [*([case] if case else []), *files])]
    outputs = Outputs(output or ["-"], Options(reveal=reveal, live=any(live), spool=spool), format_, given)
    said: dict[str, str | bool] = {"responses": responses, "consent": consent, "before_consent": before_consent}
    options = {name: value for name, value in said.items() if value} | {"engine": engine}
    key = case_key(about)
    pipeline = Pipeline(about, devices, happened, responses=responses, key=key, keys=secrets, options=options)
    if any(live):
        pipeline.warm()
    settled()
    items: Iterator[tuple[int, Item]]
    if count > 1:
        from leaktap.cli._jobs import examined

        items = examined(inputs, reading, pipeline.examiner, count, loads)
    else:
        items = seen(inputs, reading)
    hashes = Hashes({} if any(live) else names(inputs))
    meter = Meter(inputs, hidden=VOICE.quiet or (any(live) and outputs.on_terminal))
    hint(case is not None, bool(devices), bool(happened.events) or before_consent)
    for path in inputs:
        detail(f"{path}: {size(Path(path).stat().st_size) if Path(path).is_file() else 'as it comes'}")
    detail(f"devices: {', '.join(each.name for each in devices) or 'none'}; events: {len(happened.events)}")
    detail(f"ready after {monotonic() - began:.1f} s")
    with stopping(reading.stop):
        code = _run(pipeline, reading.stop, items, outputs, meter, hashes, fail_on, began)
    if not outputs.tabled:
        outputs.total.say([target for target in output or () if target != "-"])
    return code


def _processes(inputs: Sequence[str], engine: str, jobs: int | None) -> "tuple[int, Loads | None]":
    """Returns how many processes share the inputs, and for large ones what weighs that which is to be shared."""
    count = jobs or os.process_cpu_count() or 1
    sizes = [Path(path).stat().st_size if Path(path).is_file() else 0 for path in inputs]
    large = sum(sizes) >= _WORTH_SHARING
    if count == 1 or engine == "tshark" or not all(sizes) or not (large or jobs):
        return 1, None
    from leaktap.cli._loads import Loads

    return count, Loads(inputs) if large and sys.platform == "linux" else None


def _run(
    pipeline: "Pipeline",
    stop: "Stop",
    items: "Iterator[tuple[int, Item]]",
    outputs: "Outputs",
    meter: "Meter",
    hashes: "Hashes",
    fail_on: str,
    began: float,
) -> int:
    """Reads all inputs into all outputs and returns the exit code."""
    from leaktap.model import Fault, Finding, Progress, Summary

    worst = len(_SEVERITIES)
    unreadable = interrupted = False
    try:
        with meter:
            for index, item in items:
                if isinstance(item, Progress):
                    meter.at(index, item.bytes)
                for record in pipeline.inspect(item):
                    outputs.write(record)
                    if isinstance(record, Finding):
                        worst = min(worst, _SEVERITIES.index(record.severity))
                    elif isinstance(record, Fault):
                        unreadable |= record.stage == "source"
                if not outputs:
                    break
    except KeyboardInterrupt:
        interrupted = True
    pipeline.hashes = hashes.result(wait=not (interrupted or stop.asked or outputs.gone))
    for last in pipeline.closing(monotonic() - began):
        outputs.write(last)
        if isinstance(last, Summary):
            worst = min([worst, *(_SEVERITIES.index(clause.severity) for clause in last.session_clauses)])
    outputs.close()
    if outputs.failed:
        return USAGE
    if outputs.gone:
        return READER_GONE
    if interrupted or stop.asked:
        return INTERRUPTED
    if unreadable:
        return UNREADABLE
    return FOUND if fail_on and worst <= _SEVERITIES.index(fail_on) else OK
