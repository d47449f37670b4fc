"""`leaktap explain ID FILE...`: everything about one finding, from the clause down to the bytes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import OK, CommandError, examples, say

if TYPE_CHECKING:
    from leaktap.model import Finding
    from leaktap.pipeline import Pipeline
    from leaktap.records import FindingRecord
    from leaktap.sources import Reading

_FEWEST = 4
"""Characters of an id that are enough to ask for."""


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Explain one finding, from clause to bytes.",
        epilog=examples(
            "leaktap explain 89500bbb results.jsonl",
            "leaktap explain 89500bbb results.jsonl capture.pcapng --case case.yaml",
            "leaktap explain 89500bbb capture.pcapng --case case.yaml --pcap out.pcapng",
        ),
    )(explain)


def explain(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The finding's id, or how it begins.")],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="The result (JSON lines), the inputs that it is of, or both."),
    ],
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="The case, as in the run.")] = None,
    device: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A device profile, as in the run.")] = None,
    keys: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A TLS key log (repeatable).")] = None,
    keyring: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Keys of the app's encryption.")] = None,
    events: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Event logs, as in the run.")] = None,
    consent: Annotated[str, typer.Option(metavar="TIME", help="As in the run.")] = "",
    before_consent: Annotated[bool, typer.Option("--before-consent", help="As in the run.")] = False,
    pcap: Annotated[
        Path | None, typer.Option(metavar="OUT.pcapng", help="Cut the connection's packets out, with its secrets.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal data whole.")] = False,
) -> int:
    """Explain one finding: why this identifier, this owner, this phase, each clause; and the bytes, form by form.

    From a result alone comes what the result says; the bytes need the inputs, with the options of the run.
    """
    from leaktap.results import is_result

    if len(id_) < _FEWEST:
        raise CommandError(f"{id_}: is too short for an id: give {_FEWEST} characters at least")
    for file in files:
        if not Path(file).exists():
            raise CommandError(f"{file}: there is no such file: check the path")
    results = [file for file in files if is_result(file)]
    inputs = [file for file in files if file not in results]
    if pcap and not inputs:
        raise CommandError("--pcap: name the capture that the finding is of, beside the result")
    told = _told(id_, results)
    found = None
    if inputs:
        from leaktap.cli._case import keyring as load_keyring
        from leaktap.cli._case import load, timeline
        from leaktap.cli._inputs import check
        from leaktap.config import case_key
        from leaktap.pipeline import Pipeline
        from leaktap.sources import Reading

        about, devices = load(case, device or [])
        happened = timeline(about, consent, before_consent, events or ())
        secrets = load_keyring(about, keyring or [])
        pipeline = Pipeline(about, devices, happened, responses=True, key=case_key(about), keys=secrets)
        reading = Reading(keys=tuple(keys or ()))
        check(inputs, reading, growing=False)
        found = _find(told["id"] if told else id_, inputs, reading, pipeline)
    if not (found or told):
        cure = "options that differ from the run's change what is found" if inputs else "see the ids in the result"
        raise CommandError(f"{id_}: there is no such finding in {', '.join(files)}: {cure}")
    _print(told, found, reveal, json_)
    if pcap and found:
        _cut(found[0], found[1], tuple(keys or ()), pcap)
    return OK


type _Found = "tuple[Finding, str, Pipeline]"


def _told(id_: str, results: Sequence[str]) -> "FindingRecord | None":
    """Returns the record that an id means."""
    from leaktap.results import ResultError, read_results

    told: dict[str, FindingRecord] = {}
    try:
        for file in results:
            for record in read_results(file):
                if record["schema"] == "leaktap.finding/1" and record["id"].startswith(id_):
                    told[record["id"]] = record
    except ResultError as error:
        raise CommandError(str(error)) from None
    return told[_only(id_, list(told))] if told else None


def _only(id_: str, ids: Sequence[str]) -> str:
    if len(ids) > 1:
        raise CommandError(f"{id_}: is how several ids begin: give more of one: {', '.join(sorted(ids)[:5])}")
    return ids[0]


def _find(id_: str, inputs: Sequence[str], reading: "Reading", pipeline: "Pipeline") -> "_Found | None":
    """Returns the finding, the input that it is in, and what judged it; all inputs are read, for clauses that count."""
    from leaktap.cli._inputs import seen
    from leaktap.model import Fault, Finding

    found: dict[str, tuple[Finding, str]] = {}
    for index, item in seen(inputs, reading):
        for record in pipeline.inspect(item):
            if isinstance(record, Finding) and record.id.startswith(id_):
                found[record.id] = record, inputs[index]
            elif isinstance(record, Fault) and record.stage == "source":
                say(f"{record.where}: {record.why}")
    if not found:
        return None
    finding, path = found[_only(id_, list(found))]
    return finding, path, pipeline


def _print(told: "FindingRecord | None", found: "_Found | None", reveal: bool, as_json: bool) -> None:
    from rich.console import Console

    from leaktap.cli import _explained
    from leaktap.explain import explain as trace
    from leaktap.rulebook import rule_book
    from leaktap.sinks._record import record as fields_of

    explanation = trace(found[0], found[2].examiner) if found else None
    shown = _explained.shown_of(explanation, reveal) if explanation else None
    record = fields_of(found[0], reveal) if found else told
    assert record is not None
    if as_json:
        import orjson

        document = _explained.document(record, explanation, shown, reveal)  # type: ignore[arg-type]
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return
    clauses = {f"{doc.document}/{clause.id}": clause for doc in rule_book() for clause in doc.clauses}
    console = Console(highlight=False, markup=False, emoji=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
    for line in _explained.of_record(record, clauses):  # type: ignore[arg-type]
        console.print(line, soft_wrap=True)
    if explanation and shown:
        for line in _explained.of_bytes(explanation, shown, reveal):
            console.print(line, soft_wrap=True)
    else:
        console.print("\nName the input too, with the options of the run, to see the bytes.")


def _cut(finding: "Finding", path: str, keys: Sequence[Path], target: Path) -> None:
    """Writes the connection's packets."""
    from leaktap.config import ConfigError
    from leaktap.sources import InputError, cut_connection

    if target.exists() and target.samefile(path):
        raise CommandError(f"{target}: is the input itself: write somewhere else")
    try:
        made = cut_connection(path, keys, finding.exchange, finding.message.frames, target)
    except (InputError, ConfigError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{target}: cannot be written ({error.strerror}): write somewhere else") from None
    say(f"{target}: {made.packets} packets and {made.secrets} secrets: who gets it can read this connection")
