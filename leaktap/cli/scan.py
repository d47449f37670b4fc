"""`leaktap scan`: reads captures, flow files and HARs from beginning to end and reports what left."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import FOUND, INTERRUPTED, OK, READER_GONE, UNREADABLE, USAGE, CommandError

if TYPE_CHECKING:
    from leaktap.cli._outputs import Outputs
    from leaktap.cli._progress import Meter
    from leaktap.model import Seen
    from leaktap.pipeline import Pipeline
    from leaktap.sources import Reading, Stop

_SEVERITIES = ("critical", "high", "medium", "low", "info")


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command()(scan)


def scan(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="pcap, pcapng, mitmproxy flows or HAR; - is standard input."),
    ],
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="The case: app, devices, events, policy.")] = None,
    device: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A device profile (repeatable).")] = None,
    keys: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A TLS key log (repeatable).")] = None,
    consent: Annotated[str, typer.Option(metavar="TIME", help="When the user agreed: 2026-11-21T10:00:19Z.")] = "",
    before_consent: Annotated[bool, typer.Option("--before-consent", help="The user never agreed.")] = False,
    output: Annotated[
        list[str] | None,
        typer.Option("-o", "--output", metavar="SINK", help="- or a path; its ending picks the format (repeatable)."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", metavar="text|jsonl", help="The format of -.")] = "text",
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal data whole.")] = False,
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help=f"Exit with 1 at a finding this severe: {', '.join(_SEVERITIES)}.")
    ] = "",
    jobs: Annotated[int, typer.Option(metavar="N", help="1, or 2: large files are read by a second process.")] = 2,
    engine: Annotated[str, typer.Option(metavar="ENGINE", help="What reads packets; only native so far.")] = "native",
    responses: Annotated[bool, typer.Option("--responses", help="Also look into what servers answer.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Read on while the last INPUT grows, until Ctrl-C.")] = False,
) -> int:
    """Report which personal information left, from captures, flow files and HARs.

    Exit: 0 nothing at or above --fail-on, 1 something is, 2 usage or configuration error or an output failed, 3 an
    input could not be read to its end (what was read is reported), 130 Ctrl-C (likewise).
    """
    began = monotonic()
    if engine != "native":
        raise CommandError(f"--engine {engine}: is not available yet: leave it out for native")
    if jobs not in (1, 2):
        raise CommandError(f"--jobs {jobs}: one process or two are available: leave it out")
    if fail_on and fail_on not in _SEVERITIES:
        raise CommandError(f"--fail-on {fail_on}: is no severity: use one of {', '.join(_SEVERITIES)}")
    if inputs.count("-") > 1:
        raise CommandError("-: standard input can be read only once")

    from leaktap.cli._case import load, timeline
    from leaktap.cli._signals import stopping
    from leaktap.sources import Reading, is_live

    about, devices = load(case, device or [])
    events = timeline(about, consent, before_consent)
    reading = Reading(keys=tuple(keys or ()))
    _check(inputs, reading)
    reading = Reading(reading.keys, ahead=jobs == 2, follow=follow)
    live = [is_live(path, follow and path is inputs[-1]) for path in inputs]
    seen = _seen(inputs, reading)  # a second process begins to read here, before the rest is made ready

    from leaktap.cli._outputs import Outputs
    from leaktap.cli._progress import Meter
    from leaktap.config import case_key
    from leaktap.pipeline import Pipeline
    from leaktap.sinks import Options

    given = [*inputs, *map(str, [*([case] if case else []), *about.devices, *(device or []), *(keys or [])])]
    outputs = Outputs(output or ["-"], Options(reveal=reveal, live=any(live)), format_, given)
    pipeline = Pipeline(about, devices, events, responses=responses, key=case_key(about))
    if any(live):
        pipeline.warm()
    meter = Meter(inputs, hidden=any(live) and outputs.on_terminal)
    with stopping(reading.stop):
        return _run(pipeline, reading.stop, seen, outputs, meter, fail_on, began)


def _check(inputs: Sequence[str], reading: "Reading") -> None:
    """Refuses what is not there before anything is read or written. Pipes can be opened only once: not here."""
    from leaktap.config import ConfigError
    from leaktap.sources import InputError, read
    from leaktap.wire.keys import KeyLog

    try:
        for path in inputs:
            if not Path(path).is_fifo():
                read(path, reading)
        for file in reading.keys:
            if not file.is_fifo():
                KeyLog().add_file(file)
    except (InputError, ConfigError) as error:
        raise CommandError(str(error)) from None


def _run(
    pipeline: "Pipeline",
    stop: "Stop",
    seen: "Iterator[tuple[int, Seen]]",
    outputs: "Outputs",
    meter: "Meter",
    fail_on: str,
    began: float,
) -> int:
    """Reads all inputs into all outputs and returns the exit code."""
    from leaktap.model import Fault, Finding, Progress

    worst = len(_SEVERITIES)
    unreadable = interrupted = False
    try:
        with meter:
            for index, item in seen:
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
    summary = pipeline.finish(monotonic() - began)
    outputs.write(summary)
    outputs.close()
    if outputs.failed:
        return USAGE
    if outputs.gone:
        return READER_GONE
    if interrupted or stop.asked:
        return INTERRUPTED
    if unreadable:
        return UNREADABLE
    worst = min([worst, *(_SEVERITIES.index(clause.severity) for clause in summary.session_clauses)])
    return FOUND if fail_on and worst <= _SEVERITIES.index(fail_on) else OK


def _seen(inputs: Sequence[str], reading: "Reading") -> "Iterator[tuple[int, Seen]]":
    """Opens the first input, and returns what all of them show, one after the other, each with the input's index."""
    from leaktap.model import Fault
    from leaktap.sources import InputError, names, read

    called = names(inputs)

    def of(path: str) -> "Iterator[Seen]":
        try:
            own = replace(reading, follow=reading.follow and path is inputs[-1], name=called[path])
            return read(path, own)
        except InputError as error:
            return iter([Fault("source", path, str(error).removeprefix(f"{path}: "))])

    def rest() -> "Iterator[Iterator[Seen]]":
        for path in inputs[1:]:
            if reading.stop.asked:
                return
            yield of(path)

    first = of(inputs[0])
    readers = itertools.chain([first], rest())
    return ((index, item) for index, reader in enumerate(readers) for item in reader)
