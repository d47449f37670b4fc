"""SARIF 2.1.0 (`.sarif`), for code scanning in GitHub and others: the clauses are the rules, alike findings one result.

OASIS Standard, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". A finding that breaks several
clauses is a result of each; one that breaks none is a result of the rule `personal-information/CLASS`. A result's place
is the input that shows it (there is no line in a capture: it is line 1), the path and the frames stand beside it.
Fingerprints hold what alike findings have in common, so that the same leak in tomorrow's capture is the same alert.
Text of results is plain: brackets, braces and backslashes are escaped as 3.11.5 and 3.11.6 ask for.
"""

import hashlib
from typing import Any
from urllib.parse import quote

from leaktap import __version__
from leaktap.model import Severity
from leaktap.records import ClauseFields
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._closing import Closing, Collected, Group
from leaktap.sinks._words import disguise, harmless, phase_words
from leaktap.sinks.jsonl import to_json

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "1.0"}
"""What GitHub shows as severity (`security-severity`): critical above 9, high from 7, medium from 4."""
_RANK = {"critical": 95.0, "high": 80.0, "medium": 55.0, "low": 30.0, "info": 10.0}


def open_sarif(target: str, options: Options) -> Closing:
    """Opens the target.

    Raises:
        SinkError: it cannot be written.
    """
    return Closing(target, options, _render)


def _render(found: Collected) -> bytes:
    rules = _Rules()
    results = [result for group in found.worst_first for result in _results(group, rules)]
    for clause in found.summary["session_clauses"] if found.summary else ():
        results.append(_session(clause, rules, found.summary["inputs"] if found.summary else []))
    notices = [
        _notice("warning", f"{stage}: {where}: {why}", count) for (stage, where, why), count in found.faults.items()
    ]
    for (why, protocol, host), unseen in found.blind.items():
        notices.append(_notice("note", f"not inspected: {why}: {protocol} {host}, {unseen.bytes} bytes", unseen.count))
    if found.more:
        notices.append(_notice("warning", f"{found.more} further findings are left out here; JSON lines have them all"))
    summary = found.summary
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "leaktap",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": rules.described,
            }
        },
        "invocations": [
            {
                "executionSuccessful": not any(stage == "source" for stage, _, _ in found.faults),
                "toolExecutionNotifications": notices,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if summary:
        run["artifacts"] = [{"location": {"uri": _uri(name)}} for name in dict.fromkeys(summary["inputs"])]
        run["properties"] = {
            "inspectedShare": summary["inspected_share"],
            "exchanges": summary["exchanges"],
            "bytes": summary["bytes"],
            "unobservable": summary["unobservable"],
        }
    return to_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + b"\n"


class _Rules:
    """The rules that results have named so far; `described` is what the log says of them."""

    def __init__(self) -> None:
        self.described: list[dict[str, Any]] = []
        self._index: dict[str, int] = {}

    def index(self, id_: str, title: str, severity: Severity, remedy: str) -> int:
        """Returns a rule's place; the worst severity that it was named with is the rule's."""
        if id_ not in self._index:
            self._index[id_] = len(self.described)
            title = harmless(title)
            self.described.append(
                {
                    "id": harmless(id_),
                    "shortDescription": {"text": title},
                    "fullDescription": {"text": title},
                    "help": {"text": harmless(remedy, 2000) or title},
                    "defaultConfiguration": {"level": "note"},
                    "properties": {"tags": ["security", "privacy"], "precision": "high", "security-severity": "0.0"},
                }
            )
        rule = self.described[self._index[id_]]
        if float(rule["properties"]["security-severity"]) < float(_SECURITY[severity]):
            rule["properties"]["security-severity"] = _SECURITY[severity]
            rule["defaultConfiguration"]["level"] = _LEVEL[severity]
        return self._index[id_]


def _results(group: Group, rules: _Rules) -> list[dict[str, Any]]:
    first = group.first
    named = [(hit["id"], hit["title"], hit["severity"], hit.get("remedy", "")) for hit in group.clauses.values()]
    if not named:
        name = first["identifier"]
        named = [(f"personal-information/{name}", f"{name} leaves the phone", group.severity, "")]
    text = (
        f"{first['identifier']} ({disguise(first['form'])}) to {group.recipient} "
        f"({first['destination']['host']}), {phase_words(first['phase'])}: {first['value']} in {first['path']}"
    )
    evidence, app = first["evidence"], first["app"]
    properties = {
        "id": first["id"],
        "time": first["time"],
        "identifier": first["identifier"],
        "confidence": first["confidence"],
        "phase": first["phase"],
        "url": first["destination"]["url"],
        "frames": evidence["frames"],
        "frameFilter": evidence["frame_filter"],
        "flow": evidence["flow"],
        "app": app["package"] if app else "",
        "values": len(group.values),
        "last": group.last,
    }
    return [
        {
            "ruleId": harmless(id_),
            "ruleIndex": rules.index(id_, title, severity, remedy),
            "level": _LEVEL[severity],
            "rank": _RANK[severity],
            "message": {"text": _plain(text)},
            "locations": [_location(evidence["source"], first["path"])],
            "occurrenceCount": group.count,
            "partialFingerprints": {"leaktapGroup/v1": _hash(id_, *group.key)},
            "properties": properties,
        }
        for id_, title, severity, remedy in named
    ]


def _session(clause: ClauseFields, rules: _Rules, inputs: list[str]) -> dict[str, Any]:
    return {
        "ruleId": harmless(clause["id"]),
        "ruleIndex": rules.index(clause["id"], clause["title"], clause["severity"], clause.get("remedy", "")),
        "level": _LEVEL[clause["severity"]],
        "rank": _RANK[clause["severity"]],
        "message": {"text": _plain(f"{clause['title']}: shown by the session as a whole")},
        "locations": [_location(inputs[0] if inputs else "", "")],
        "partialFingerprints": {"leaktapGroup/v1": _hash(clause["id"], "session")},
    }


def _location(source: str, path: str) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(source)}, "region": {"startLine": 1}}
    }
    if path:
        place["logicalLocations"] = [{"fullyQualifiedName": harmless(path), "kind": "member"}]
    return place


def _uri(name: str) -> str:
    """Returns a relative reference; `./` keeps a colon in the first piece from being a scheme (RFC 3986, 4.2)."""
    text = quote(name.lstrip("/") or "input", safe="/-._~!$&'()*+,;=@", errors="replace")
    return f"./{text}" if ":" in name.partition("/")[0] else text


def _notice(level: str, text: str, count: int = 1) -> dict[str, Any]:
    return {"level": level, "message": {"text": _plain(text + (f" ({count} times)" if count > 1 else ""))}}


def _plain(text: str) -> str:
    text = harmless(text, 1000).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return text.replace("{", "{{").replace("}", "}}")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


SINK = SinkKind("sarif", open_sarif, endings=(".sarif", ".sarif.json"))
