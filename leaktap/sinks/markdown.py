"""Markdown (`.md`), for tickets: GitHub's dialect, tables of alike findings, the worst first.

Captured text stands in code spans only, where nothing is a link, a mention or markup; the span's fence is longer than
any run of backticks in it, and pipes are escaped as tables ask for (GitHub Flavored Markdown Spec, 4.10 and 6.3).
"""

import re
from collections.abc import Iterator, Sequence

from leaktap.model import BLIND_REASONS, SEVERITIES
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._closing import Closing, Collected, Group
from leaktap.sinks._words import counted, disguise, harmless, phase_words, short, size

_RUNS = re.compile(r"`+")
_PUNCTUATION = re.compile(r"[!-+./:-@\[-`{-~]")


def open_markdown(target: str, options: Options) -> Closing:
    """Opens the target.

    Raises:
        SinkError: it cannot be written.
    """
    return Closing(target, options, lambda found: "\n".join(_lines(found)).encode("utf-8", "replace"))


def _lines(found: Collected) -> Iterator[str]:
    groups, summary = found.worst_first, found.summary
    count = sum(group.count for group in groups) + found.more
    yield "# Personal information that left the phone"
    yield ""
    if summary:
        by = ", ".join(f"{summary['findings'][name]} {name}" for name in SEVERITIES if summary["findings"].get(name))
        share = f"{int(summary['inspected_share'] * 1000) / 10:g}%"
        yield f"- Findings: {counted(count, 'finding')}{f' ({by})' if by else ''}"
        yield f"- Inspected: {share} of {size(summary['bytes'])} in {counted(summary['exchanges'], 'exchange')}"
        yield f"- Inputs: {', '.join(map(code, summary['inputs'])) or 'none'}"
        yield ""
    yield "## Findings"
    yield ""
    if groups:
        yield from _table(
            ("Severity", "What", "Value", "Disguise", "To", "Consent", "Where", "Clauses", "Times"),
            [_row(group) for group in groups],
        )
    else:
        yield "None."
    if found.more:
        yield ""
        yield f"{counted(found.more, 'finding')} more are left out here; the JSON lines have them all."
    yield ""
    yield from _clauses(found)
    if found.declared:
        yield "## Declared against observed"
        yield ""
        yield from _table(
            ("Subject", "Name", "Verdict", "Findings"),
            [
                (row["subject"], code(row["name"]), row["verdict"].replace("_", " "), str(row["count"]))
                for row in found.declared
            ],
        )
        yield ""
    if found.blind:
        yield "## Not inspected"
        yield ""
        rows = [
            (BLIND_REASONS.get(why, code(why)), code(protocol), code(host), size(unseen.bytes), str(unseen.count))
            for (why, protocol, host), unseen in sorted(found.blind.items(), key=lambda item: -item[1].bytes)
        ]
        yield from _table(("Why", "Protocol", "Host", "Bytes", "Count"), rows)
        yield ""
    if found.faults:
        yield "## Faults"
        yield ""
        for (stage, where, why), times in found.faults.items():
            yield f"- {stage}: {code(f'{where}: {why}')}{f' ({times} times)' if times > 1 else ''}"
        yield ""
    if summary and summary["unobservable"]:
        yield f"No traffic can show: {', '.join(map(code, summary['unobservable']))}"
        yield ""


def _row(group: Group) -> tuple[str, ...]:
    first = group.first
    host = first["destination"]["host"]
    who = code(group.recipient) + (f" at {code(host)}" if host != group.recipient else "")
    more = len(group.hosts) - 1
    return (
        f"**{group.severity}**",
        code(first["identifier"]),
        code(short(first["value"])),
        code(disguise(first["form"])),
        who + (f" and {counted(more, 'other host')}" if more else ""),
        phase_words(first["phase"]) + (", in the background" if first["background"] else ""),
        code(first["path"]),
        " ".join(map(code, sorted(group.clauses))),
        str(group.count),
    )


def _clauses(found: Collected) -> Iterator[str]:
    hits = {clause["id"]: clause for group in found.groups.values() for clause in group.clauses.values()}
    if found.summary:
        hits |= {clause["id"]: clause for clause in found.summary["session_clauses"]}
    if hits:
        yield "## Clauses"
        yield ""
        ordered = sorted(hits.values(), key=lambda clause: (SEVERITIES.index(clause["severity"]), clause["id"]))
        yield from _table(
            ("Severity", "Clause", "What it forbids"),
            [(clause["severity"], code(clause["id"]), _plain(clause["title"])) for clause in ordered],
        )
        yield ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: str) -> str:
    """Returns text whose punctuation means nothing."""
    return _PUNCTUATION.sub(r"\\\g<0>", harmless(text))


def code(text: str) -> str:
    """Returns text as a code span that is safe in a table, too."""
    text = harmless(text).strip() or "-"
    fence = "`" * (max(map(len, _RUNS.findall(text)), default=0) + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    escaped = text.replace("|", "\\|")
    return f"{fence}{space}{escaped}{space}{fence}"


SINK = SinkKind("markdown", open_markdown, endings=(".md", ".markdown"))
