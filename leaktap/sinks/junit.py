"""JUnit XML (`.junit.xml`), for continuous integration: each clause is a test, and fails where it is broken.

The dialect is what Jenkins, GitLab and GitHub's actions read (testmoapp/junitxml describes it): a suite per document of
rules, skipped tests for clauses that no traffic can show, and a suite `leaktap` for findings that break no clause, for
what was not inspected and for faults. Text that XML cannot hold becomes `�`.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

from leaktap.model import SEVERITIES
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._closing import Closing, Collected, Group
from leaktap.sinks._words import counted, disguise, harmless, phase_words, size

_MOST_LINES = 100


def open_junit(target: str, options: Options) -> Closing:
    """Opens the target.

    Raises:
        SinkError: it cannot be written.
    """
    return Closing(target, options, _render)


def _render(found: Collected) -> bytes:
    from leaktap.rules import load_documents

    root = ElementTree.Element("testsuites", name="leaktap")
    broken: dict[str, list[Group]] = {}
    titles: dict[str, str] = {}
    for group in found.worst_first:
        for clause in group.clauses.values():
            broken.setdefault(clause["id"], []).append(group)
            titles.setdefault(clause["id"], clause["title"])
    summary = found.summary
    session = {clause["id"]: clause for clause in summary["session_clauses"]} if summary else {}
    unobservable = set(summary["unobservable"]) if summary else set()
    for document in load_documents():
        titles |= {f"{document.document}/{clause.id}": clause.title.en for clause in document.clauses}
    titles |= {id_: clause["title"] for id_, clause in session.items()}
    suites: dict[str, ElementTree.Element] = {}
    for id_ in sorted(titles):
        name = id_.partition("/")[0]
        suite = suites.get(name)
        if suite is None:
            suite = suites[name] = ElementTree.SubElement(root, "testsuite", name=harmless(name))
        case = _case(suite, id_.partition("/")[2] or id_, titles[id_])
        if id_ in broken:
            _failure(case, titles[id_], _about(broken[id_]))
        elif id_ in session:
            _failure(case, titles[id_], ["shown by the session as a whole"])
        elif id_ in unobservable:
            ElementTree.SubElement(case, "skipped", message="no traffic can show it")
    _leaktap(root, found)
    for suite in (*root, root):
        cases = list(suite.iter("testcase"))
        for kind in ("failure", "error", "skipped"):
            name = {"failure": "failures", "error": "errors"}.get(kind, kind)
            suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
        suite.set("tests", str(len(cases)))
        suite.set("time", f"{summary['seconds'] if summary and suite is root else 0:.3f}")
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _leaktap(root: ElementTree.Element, found: Collected) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name="leaktap")
    without = [group for group in found.worst_first if not group.clauses]
    case = _case(suite, "findings", "Findings that break no clause")
    if without or found.more:
        more = [f"and {counted(found.more, 'further finding')}"] if found.more else []
        _text(ElementTree.SubElement(case, "system-out"), [*_about(without), *more])
    case = _case(suite, "inspected", "What was not inspected")
    if found.blind:
        lines = [
            f"{why}: {protocol} {host}, {size(unseen.bytes)}, {unseen.count} times"
            for (why, protocol, host), unseen in found.blind.items()
        ]
        share = f"{found.summary['inspected_share']:.1%} were inspected" if found.summary else "not all was inspected"
        _text(ElementTree.SubElement(case, "skipped", message=share), lines)
    case = _case(suite, "faults", "What went wrong")
    if found.faults:
        lines = [f"{stage}: {where}: {why}" for stage, where, why in found.faults]
        _text(ElementTree.SubElement(case, "error", message=counted(len(lines), "fault"), type="fault"), lines)


def _case(suite: ElementTree.Element, name: str, title: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", name=harmless(f"{name} {title}", 300), classname=suite.get("name") or "", time="0"
    )


def _failure(case: ElementTree.Element, title: str, lines: list[str]) -> None:
    _text(ElementTree.SubElement(case, "failure", message=harmless(title), type="clause"), lines)


def _about(groups: Iterable[Group]) -> list[str]:
    return [_line(group) for group in sorted(groups, key=lambda group: SEVERITIES.index(group.severity))]


def _line(group: Group) -> str:
    first = group.first
    what = f"{first['identifier']} {first['value']} ({disguise(first['form'])})"
    where = f"{group.recipient} ({first['destination']['host']}), {phase_words(first['phase'])}"
    return f"#{first['id']} {group.severity}: {what} to {where}, {group.count} times; {first['path']}"


def _text(element: ElementTree.Element, lines: list[str]) -> None:
    rest = [f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    element.text = "\n".join(harmless(line) for line in (*lines[:_MOST_LINES], *rest))


SINK = SinkKind("junit", open_junit, endings=(".junit.xml",))
