"""`leaktap scan`: reads captures, flow files and HARs from beginning to end and reports what left."""

from collections.abc import Iterator, Sequence
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
    from leaktap.sources import Reading

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
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes to use; only 1 so far.")] = 1,
    engine: Annotated[str, typer.Option(metavar="ENGINE", help="What reads packets; only native so far.")] = "native",
    responses: Annotated[bool, typer.Option("--responses", help="Also look into what servers answer.")] = False,
) -> int:
    """Report which personal information left, from captures, flow files and HARs.

    Exit: 0 nothing at or above --fail-on, 1 something is, 2 usage or configuration error or an output failed, 3 an
    input could not be read to its end (what was read is reported).
    """
    began = monotonic()
    if engine != "native":
        raise CommandError(f"--engine {engine}: is not available yet: leave it out for native")
    if jobs != 1:
        raise CommandError(f"--jobs {jobs}: more than one process is not available yet: leave it out")
    if fail_on and fail_on not in _SEVERITIES:
        raise CommandError(f"--fail-on {fail_on}: is no severity: use one of {', '.join(_SEVERITIES)}")
    if inputs.count("-") > 1:
        raise CommandError("-: standard input can be read only once")

    from leaktap.cli._case import load, timeline
    from leaktap.sources import Reading

    about, devices = load(case, device or [])
    events = timeline(about, consent, before_consent)
    reading = Reading(keys=tuple(keys or ()))
    _check(inputs, reading)

    from leaktap.cli._outputs import Outputs
    from leaktap.config import case_key
    from leaktap.pipeline import Pipeline
    from leaktap.sinks import Options

    given = [*inputs, *map(str, [*([case] if case else []), *about.devices, *(device or []), *(keys or [])])]
    outputs = Outputs(output or ["-"], Options(reveal=reveal), format_, given)
    pipeline = Pipeline(about, devices, events, responses=responses, key=case_key(about))
    return _run(pipeline, inputs, reading, outputs, fail_on, began)


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
    pipeline: "Pipeline", inputs: Sequence[str], reading: "Reading", outputs: "Outputs", fail_on: str, began: float
) -> int:
    """Reads all inputs into all outputs and returns the exit code."""
    from leaktap.cli._progress import Meter
    from leaktap.model import Fault, Finding

    worst = len(_SEVERITIES)
    unreadable = interrupted = False
    try:
        with Meter(inputs) as meter:
            for record in (record for seen in _seen(inputs, reading, meter) for record in pipeline.inspect(seen)):
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
    if interrupted:
        return INTERRUPTED
    if unreadable:
        return UNREADABLE
    worst = min([worst, *(_SEVERITIES.index(clause.severity) for clause in summary.session_clauses)])
    return FOUND if fail_on and worst <= _SEVERITIES.index(fail_on) else OK


def _seen(inputs: Sequence[str], reading: "Reading", meter: "Meter") -> "Iterator[Seen]":
    """Yields what all inputs show, one after the other."""
    from leaktap.config import ConfigError
    from leaktap.model import Fault, Progress
    from leaktap.sources import InputError, read

    for index, path in enumerate(inputs):
        try:
            for seen in read(path, reading):
                if isinstance(seen, Progress):
                    meter.at(index, seen.bytes)
                yield seen
        except (InputError, ConfigError) as error:
            yield Fault("source", path, str(error).removeprefix(f"{path}: "))
