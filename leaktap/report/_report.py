"""The report's page: what the templates need, out of what was collected."""

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from leaktap.model import SEVERITIES, VERDICTS
from leaktap.records import CoverageFields, DeclaredRecord, InputFields, microseconds
from leaktap.report._collect import Collected
from leaktap.report._findings import findings
from leaktap.report._first import cases, facts, inspected, keys, stands, verdict
from leaktap.report._flows import Flow, flows
from leaktap.report._page import render
from leaktap.report._rules import about
from leaktap.report._svg import WIDTHS, element
from leaktap.report._texts import Texts, texts_in, zone_at
from leaktap.report._timeline import Event, Row, shape, timeline

_MOST_LEAKS = 10
_MOST_LANES = 18
_MOST_NARROW = 12
_MOST_ROWS = 300
_MOST_EVENTS = 60
_MOST_FLAGS = 14
_CONSENT = {"consent": True, "refuse": False, "withdraw": False}
_MARKED = ("notice", "launch", "stop", "install")


def report(found: Collected, language: str) -> bytes:
    """Returns the whole report as a page in a language (`zh`, `en`)."""
    texts = texts_in(language, zone_at(found.span[0]) if found.span else zone_at("1970-01-01T00:00:00Z"))
    shown = stands(found)
    line, tone, more = verdict(found, shown, texts)
    share, whole, exchanges = inspected(found)
    known = cases(found)
    view = findings(found, texts)
    app = known[0]["app"] if known else {"name": "", "package": "", "version": ""}
    declared = [_declared(row, texts) for row in sorted(found.declared.values(), key=_worst_first)]
    inventory = sorted(
        found.inventory.values(), key=lambda row: (SEVERITIES.index(row["severity"]), row["identifier"], row["first"])
    )
    blind = sorted(found.blind.values(), key=lambda unseen: -unseen.bytes)
    title = f"{app['name'] or app['package'] or texts.say('report.untitled')} – {texts.say('report.title')}"
    values: dict[str, Any] = {
        "skip": "findings",
        "version": _version(found),
        "app": app,
        "apps": len(known),
        "verdict": line,
        "verdict_class": tone,
        "verdict_more": more,
        "keys": keys(found, shown, texts),
        "facts": facts(found, texts),
        "sections": _sections(bool(view.entries)),
        "stands": shown,
        "most_leaks": _MOST_LEAKS,
        "found": found,
        "view": view,
        "legend": [_sample(index) for index in range(len(SEVERITIES))],
        "timeline": _timeline(found, texts),
        "flows": _flows(found, texts),
        "declared": declared[:_MOST_ROWS],
        "declared_more": len(declared[_MOST_ROWS:]) + found.left_out["declared"],
        "inventory": inventory[:_MOST_ROWS],
        "inventory_more": len(inventory[_MOST_ROWS:]) + found.left_out["inventory"],
        "blind": blind[:_MOST_ROWS],
        "blind_more": len(blind[_MOST_ROWS:]) + found.left_out["blind"],
        "inspected": share,
        "bytes": whole,
        "exchanges": exchanges,
        "unobservable": [
            about(id_, language) for id_ in dict.fromkeys(i for run in found.runs for i in run["unobservable"])
        ],
        "revealed": found.revealed,
        "files": list(_files(found)),
        "cases": known,
        "most_events": _MOST_EVENTS,
        "faults": found.faults.most_common(),
    }
    return render("report.html", texts, title, values)


def _version(found: Collected) -> str:
    return next((run["versions"]["leaktap"] for run in found.runs if "leaktap" in run.get("versions", {})), "")


def _sections(evidence: bool) -> list[str]:
    names = [
        "summary",
        "timeline",
        "flows",
        "clauses",
        "evidence",
        "declared",
        "inventory",
        "blind",
        "unobservable",
        "method",
    ]
    return [name for name in names if evidence or name != "evidence"]


def _worst_first(row: DeclaredRecord) -> tuple[int, str, str]:
    return VERDICTS.index(row["verdict"]), row["subject"], row["name"]


def _sample(severity: int) -> Markup:
    """Returns the dot of a severity for the legend; its word stands beside it."""
    dot = element("path", d=shape(severity, 7, 7, 5), class_=f"dot s{severity}")
    return element("svg", dot, viewBox="0 0 14 14", aria_hidden="true", class_="key")


def _timeline(found: Collected, texts: Texts) -> dict[str, Any] | None:
    lanes = sorted(found.lanes.items(), key=lambda item: (item[1].worst, -item[1].count, item[0].name))
    if not lanes:
        return None
    events = _events(found, texts)
    label = texts.say("timeline.described", len(lanes))
    rows = [Row(texts.named(who.name), lane.dots) for who, lane in lanes]
    return {
        "pictures": [
            timeline(rows[: _MOST_NARROW if kind == "narrow" else _MOST_LANES], events, texts, kind, label)
            for kind in WIDTHS
        ],
        "more": max(len(lanes) - _MOST_LANES, 0),
        "rows": [
            {
                "who": who,
                "count": lane.count,
                "worst": lane.worst,
                "first": _time(lane.dots[0][0], texts),
                "last": _time(lane.dots[-1][0], texts),
            }
            for who, lane in lanes[:_MOST_ROWS]
        ],
    }


def _time(time: int, texts: Texts) -> str:
    return f"{texts.local(time):%Y-%m-%d %H:%M:%S}"


def _events(found: Collected, texts: Texts) -> list[Event]:
    """Returns the events worth a line, those of consent before others where there are many, in order of time."""
    seen = {(event["event"], event["time"]) for case in cases(found) for event in case["events"]}
    known = [(name, microseconds(time)) for name, time in sorted(seen, key=lambda item: item[1])]
    chosen = [item for item in known if item[0] in _CONSENT][:_MOST_FLAGS]
    for name in _MARKED:
        chosen += [item for item in known if item[0] == name][: max(_MOST_FLAGS - len(chosen), 0)]
    return [
        Event(time, texts.word("event", name), name in _CONSENT, _CONSENT.get(name, False))
        for name, time in sorted(chosen, key=lambda item: item[1])
    ]


def _flows(found: Collected, texts: Texts) -> dict[str, Any] | None:
    leaks = sorted(found.leaks.items(), key=lambda item: (item[1].worst, item[0][0], item[0][1].name))
    if not leaks:
        return None
    nobody = texts.say("flows.nobody")
    bands = [
        Flow(texts.identifier(identifier), texts.named(who.name), texts.named(who.company) or nobody, seen.worst)
        for (identifier, who), seen in leaks
    ]
    heads = [texts.say(f"flows.{name}") for name in ("classes", "recipients", "companies")]
    label, others = texts.say("flows.described"), texts.say("flows.others")
    return {
        "pictures": [flows(bands, heads, others, kind, label) for kind in WIDTHS],
        "rows": leaks[:_MOST_ROWS],
        "more": max(len(leaks) - _MOST_ROWS, 0),
    }


def _declared(row: DeclaredRecord, texts: Texts) -> dict[str, Any]:
    is_class = row["subject"] == "identifier"
    return {
        "verdict": row["verdict"],
        "order": VERDICTS.index(row["verdict"]),
        "name": texts.identifier(row["name"]) if is_class else row["name"],
        "subject": texts.word("subject", row["subject"]),
        "company": texts.named(row["company"]) if row["company"] not in row["name"] else "",
        "policy": _policy(row, texts),
        "observed": _observed(row, texts),
    }


def _policy(row: DeclaredRecord, texts: Texts) -> str:
    if row["verdict"] == "undeclared":
        return texts.say("declared.not_in_it")
    parts = [texts.disguise([row["form"]])] if row["form"] else []
    if row["max_per_hour"] is not None:
        parts.append(texts.say("declared.at_most", row["max_per_hour"]))
    return texts.some(parts) or texts.say("declared.declared")


def _observed(row: DeclaredRecord, texts: Texts) -> str:
    if row["verdict"] == "unseen":
        return _unseen(row["coverage"], row["subject"] == "sdk", texts)
    if row["verdict"] == "more_often":
        return texts.say("declared.per_hour", row["per_hour"])
    if row["subject"] == "sdk":
        what = texts.some(map(texts.identifier, row["identifiers"][:8]))
        requests = texts.say("declared.requests", row["exchanges"])
        return texts.some(
            [requests, texts.say("declared.with", what=what) if what else texts.say("declared.nothing_personal")]
        )
    forms = texts.several(texts.disguise(form["form"]) for form in row["forms"][:3])
    return (
        f"{texts.say('declared.seen', row['count'], who=texts.some(map(texts.named, row['recipients'][:5])))} ({forms})"
    )


def _unseen(coverage: CoverageFields, sdk: bool, texts: Texts) -> str:
    if sdk and coverage["blind"]:
        why = (f"{texts.word('blind_why', name)} ×{count:,}" for name, count in coverage["blind"].items())
        return texts.say("declared.blind", why=texts.some(why))
    if coverage["inspected_share"] == 1:
        return texts.say("declared.not_seen_all")
    return texts.say("declared.not_seen", share=texts.share(coverage["inspected_share"]))


def _files(found: Collected) -> Iterable[InputFields | dict[str, str | None]]:
    """Yields the inputs, each once; of an earlier leaktap's results only their names are known."""
    told = set()
    for run in found.runs:
        files: Sequence[Any] = run.get("files") or [
            {"name": name, "bytes": None, "sha256": None} for name in run["inputs"]
        ]
        for file in files:
            if (file["name"], file["sha256"]) not in told:
                told.add((file["name"], file["sha256"]))
                yield file
