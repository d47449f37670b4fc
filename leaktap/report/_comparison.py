"""The page of a comparison: what a later result mended, brought and kept, in the report's words and layout."""

from collections.abc import Iterable

from leaktap.records import SummaryRecord
from leaktap.report._page import render
from leaktap.report._rules import Said, about
from leaktap.report._texts import Texts, texts_in
from leaktap.results.compare import CHANGES, Comparison, Result

_MOST_ROWS = 500


def comparison(held: Comparison, old: Result, new: Result, language: str) -> bytes:
    """Returns the page of two results held against each other, in a language (`zh`, `en`)."""
    texts = texts_in(language)
    rows = {change: [row for row in held.rows if row.change == change] for change in CHANGES}
    titles = {clause.id: clause.title for row in held.rows for clause in (*row.new, *row.still, *row.fixed)}
    app = next((name for result in (new, old) if (name := _app(result.summary))), "")
    values = {
        "skip": "findings",
        "version": next((said for result in (new, old) if (said := _version(result.summary))), ""),
        "app": app,
        "counts": {change: len(some) for change, some in rows.items()},
        "both": list(_both(old.summary, new.summary, texts)),
        "caveats": held.caveats,
        "changes": [(change, some[:_MOST_ROWS], len(some[_MOST_ROWS:])) for change, some in rows.items() if some],
        "said": [_said(id_, titles[id_], language) for id_ in sorted(titles)],
    }
    return render(
        "compare.html", texts, f"{app or texts.say('report.untitled')} – {texts.say('compare.title')}", values
    )


def _said(id_: str, title: str, language: str) -> Said:
    known = about(id_, language)
    return known if known.document else Said(id_, title)


def _app(summary: SummaryRecord | None) -> str:
    if not summary or not (case := summary.get("case")):
        return ""
    return case["app"]["name"] or case["app"]["package"]


def _version(summary: SummaryRecord | None) -> str:
    return summary.get("versions", {}).get("leaktap", "") if summary else ""


def _both(old: SummaryRecord | None, new: SummaryRecord | None, texts: Texts) -> Iterable[tuple[str, str, str]]:
    """Yields what the two results were of: a name, and what either says."""
    sides = [_side(summary, texts) for summary in (old, new)]
    for name in sides[1]:
        yield name, sides[0][name], sides[1][name]


def _side(summary: SummaryRecord | None, texts: Texts) -> dict[str, str]:
    case = summary.get("case") if summary else None
    versions = summary.get("versions", {}) if summary else {}
    return {
        texts.say("about.app"): case["app"]["package"] if case else "",
        texts.say("about.version"): case["app"]["version"] if case else "",
        texts.say("about.phone"): texts.some(device["name"] for device in case["devices"]) if case else "",
        texts.say("about.input"): texts.some(summary["inputs"][:6]) if summary else "",
        texts.say("compare.share"): texts.share(summary["inspected_share"]) if summary else "",
        texts.say("compare.exchanges"): f"{summary['exchanges']:,}" if summary else "",
        texts.say("compare.by_severity"): texts.some(
            f"{texts.word('severity', name)} {count:,}" for name, count in summary["findings"].items() if count
        )
        if summary
        else "",
        texts.say("about.made_by"): f"leaktap {versions['leaktap']}" if "leaktap" in versions else "",
        texts.say("about.rules"): versions.get("rules", ""),
    }
