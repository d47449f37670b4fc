"""Holds a result file against one clause: what the run said of it, and how far its findings come when asked once more.

Phases are those of the run. The case is the one that the file's summary tells, unless another is given: then what its
policy declares, what is necessary and its baseline count instead, and its events where the file tells none.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaktap.cli import CommandError

if TYPE_CHECKING:
    from leaktap.config import Case, Event
    from leaktap.records import ClauseFields, SummaryRecord
    from leaktap.rules import Explanation

_MOST_SHOWN = 20
_MOST_REASONS = 3


def fields(clause: str, file: Path, case: Path | None) -> dict[str, Any]:
    """Returns what there is to say, under `results`.

    Raises:
        CommandError: a file cannot be read.
    """
    from leaktap.results import ResultError, read_results
    from leaktap.rules import of_record

    try:
        summary: SummaryRecord | None = None
        for record in read_results(file):
            if record["schema"] == "leaktap.summary/1":
                summary = record
        explanation, about = _explanation(clause, summary, case)
        said: list[dict[str, Any]] = []
        count = 0
        for record in read_results(file):
            if record["schema"] == "leaktap.finding/1":
                explanation.add(of_record(record, about.app.package))
                for hit in record["clauses"]:
                    if hit["id"] == clause:
                        count += 1
                        if len(said) < _MOST_SHOWN:
                            said.append({"finding": record["id"], "time": record["time"], **_hit(hit)})
    except ResultError as error:
        raise CommandError(str(error)) from None
    session = [_hit(hit) for hit in (summary["session_clauses"] if summary else ()) if hit["id"] == clause]
    return {"results": {"file": str(file), "fired": count, "hits": said, "session": session, **_again(explanation)}}


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Yields what `fields` returned as lines for a person."""
    from leaktap.sinks._words import counted, harmless

    yield f"in {found['file']}"
    judged = f"{found['judged']:,} judged"
    for reason, count in found["pardoned"].items():
        judged += f", {count:,} not: {reason}"
    yield f"  fired on {counted(found['fired'], 'finding')} ({judged})"
    for hit in found["hits"]:
        yield harmless(f"    {hit['finding']}  {hit['time']}  {hit.get('why', '')}".rstrip(), 1000)
        if hit.get("proof"):
            yield harmless(f"      proof: {' '.join(hit['proof'])}", 1000)
    for hit in found["session"]:
        yield harmless(f"    the session as a whole: {' '.join(hit.get('proof', []))}", 1000)
    if found["fired"] != found["fires"]:
        yield f"  held against this case now it fires on {found['fires']:,}"
    for number, way in enumerate(found["conditions"], 1):
        yield f"  condition {number}: {', '.join(f'{key}: {words}' for key, words in way['when'].items())}"
        if way["apart"]:
            yield f"    {way['apart']:,} not of its kind"
        for step in way["steps"]:
            lacking = "; ".join(f"{count:,} × {reason}" for reason, count in step["lacking"].items())
            yield harmless(f"    {step['key']:28}{step['met']:>8,} met{f', not: {lacking}' if lacking else ''}", 1000)
        if way["missing"]:
            yield harmless(f"    missing first: {way['missing']}", 1000)


def _again(explanation: "Explanation") -> dict[str, Any]:
    from leaktap.cli._stated import said

    missing = {id(way): f"{step.key}: {reason}" for way, step, reason in explanation.missing()}
    return {
        "judged": explanation.judged,
        "pardoned": dict(explanation.pardoned),
        "fires": explanation.fired,
        "conditions": [
            {
                "when": said(way.compiled.condition),
                "met": way.met,
                "apart": way.apart,
                "steps": [
                    {"key": step.key, "met": step.met, "lacking": dict(step.lacking.most_common(_MOST_REASONS))}
                    for step in way.steps
                    if step.met or step.lacking
                ],
                "missing": missing.get(id(way), ""),
            }
            for way in explanation.ways
        ],
    }


def _hit(hit: "ClauseFields") -> dict[str, Any]:
    return {key: value for key, value in hit.items() if key not in ("id", "title", "remedy")}


def _explanation(clause: str, summary: "SummaryRecord | None", file: Path | None) -> "tuple[Explanation, Case]":
    from leaktap.cli import _case
    from leaktap.consent import Timeline
    from leaktap.pipeline import products
    from leaktap.rulebook import rule_book
    from leaktap.rules import Engine, Explanation

    told, events = _told(summary)
    about = told
    if file is not None:
        about, _ = _case.load(file, ())
    timeline = Timeline(events) if events or file is None else _case.timeline(about, "", False)
    engine = Engine(about, timeline, documents=rule_book(), products=list(products()) if about.declared else ())
    return Explanation(engine, clause), about


def _told(summary: "SummaryRecord | None") -> "tuple[Case, list[Event]]":
    """Returns the case as the summary tells it, and its events by the capture's clock."""
    from leaktap.config import Case, Event

    case = summary.get("case") if summary else None
    if case is None:
        return Case(), []
    said = {key: value for key, value in case["app"].items() if key in ("package", "name", "developer", "domains")}
    about = {"app": said, "declared": case["declared"], "necessary": case["necessary"]}
    events = [
        Event.model_validate(
            {
                "at": event["time"],
                "event": event["event"] or None,
                "app": event["app"],
                "device": event["device"],
                "permission": event["permission"],
                "action": event["action"],
                "clock": "capture",
            }
        )
        for event in case["events"]
    ]
    return Case.model_validate(about), events
