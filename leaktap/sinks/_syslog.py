"""Records as syslog messages: RFC 5424, with JSON or ArcSight's Common Event Format as the text.

CEF is that of the "Implementing ArcSight Common Event Format" guide, version 26: a header of eight fields between
pipes, then `name=value`; in the header `\\` and `|` are escaped, behind it `\\` and `=`. Captured text is made harmless
first, so no line break or control character reaches a log.
"""

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from leaktap import __version__
from leaktap.model import SEVERITIES
from leaktap.sinks._words import disguise, harmless, phase_words, recipient_words
from leaktap.sinks.jsonl import to_json

_LEVEL = {"critical": 2, "high": 3, "medium": 4, "low": 5, "info": 6}
"""RFC 5424, table 2."""
_OF_KIND = {"blind": 5, "fault": 4}
_CEF_SEVERITY = {"critical": 10, "high": 8, "medium": 5, "low": 3, "info": 1}
_SHORTEST = 24
_WHOLE = ("schema", "id", "time", "severity", "identifier", "first", "last")
"""Fields that are never cut: without them a message is none."""


def message(body: bytes, facility: int, form: str, most: int) -> bytes:
    """Returns the syslog message for a record in JSON, of at most `most` bytes; `form` is json or cef."""
    fields = _harmless(orjson.loads(body))
    kind = fields["schema"].removeprefix("leaktap.").partition("/")[0]
    severity = fields.get("severity", "") if kind in ("finding", "inventory") else ""
    level = _LEVEL.get(severity) or _OF_KIND.get(kind, 6)
    time = fields.get("time") or datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    origin = f'[origin software="leaktap" swVersion="{__version__}"]'
    head = f"<{facility * 8 + level}>1 {time} {_host()} leaktap - {kind} {origin} ".encode()
    return head + (_cef if form == "cef" else to_json)(_fitted(fields, most - len(head), form))


def _host() -> str:
    """Returns this machine's name as RFC 5424, 6.2.4 wants it: printable ASCII, at most 255, or `-`."""
    return "".join(c for c in socket.gethostname() if "!" <= c <= "~")[:255] or "-"


def _harmless(value: Any) -> Any:
    match value:
        case str():
            return harmless(value, 1 << 20)
        case dict():
            return {harmless(str(name)): _harmless(item) for name, item in value.items()}
        case list():
            return [_harmless(item) for item in value]
        case _:
            return value


def _fitted(fields: dict[str, Any], room: int, form: str) -> dict[str, Any]:
    """Cuts the longest texts until the message fits, so that what arrives is whole JSON."""
    render = _cef if form == "cef" else to_json
    while len(render(fields)) > room:
        places = list(_texts(fields))
        longest = max(places, key=lambda place: len(place[0][place[1]]), default=None)
        if longest is None or len(longest[0][longest[1]]) <= _SHORTEST:
            return {name: fields[name] for name in _WHOLE if len(str(fields.get(name, ""))) in range(1, 100)}
        holder, name = longest
        holder[name] = (
            f"{holder[name][: len(holder[name]) * 2 // 3]}…" if isinstance(holder[name], str) else holder[name][:8]
        )
    return fields


def _texts(value: Any) -> Any:
    """Yields where texts and long lists stand: (holder, key)."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        if name not in _WHOLE and (isinstance(item, str) or (isinstance(item, list) and len(item) > _SHORTEST)):
            yield value, name
        elif isinstance(item, dict | list):
            yield from _texts(item)


def _cef(fields: Mapping[str, Any]) -> bytes:
    kind = fields["schema"].removeprefix("leaktap.").partition("/")[0]
    what, name, severity, pairs = _finding(fields) if kind == "finding" and "owner" in fields else _other(kind, fields)
    head = "|".join(map(_header, ("CEF:0", "leaktap", "leaktap", __version__, what, name, str(severity))))
    said = (f"{key}={_value(value)}" for key, value in pairs.items() if value not in ("", None))
    return f"{head}|{' '.join(said)}".encode()


def _finding(fields: Mapping[str, Any]) -> tuple[str, str, int, dict[str, Any]]:
    to, owner, device, app = fields["destination"], fields["owner"], fields["device"], fields["app"] or {}
    who = recipient_words(owner["sdk"], owner["company"], to["host"])
    name = f"{fields['identifier']} to {who}, {phase_words(fields['phase'])}"
    pairs = {
        "externalId": fields["id"],
        "rt": _milliseconds(fields["time"]),
        "src": device["ip"],
        "dst": to["ip"],
        "dpt": to["port"] or "",
        "dhost": to["host"],
        "app": to["scheme"],
        "requestMethod": to["method"],
        "request": to["url"],
        "cat": fields["category"],
        "act": "allowed",
        "outcome": fields["phase"],
        "sourceProcessName": app.get("package", ""),
        "cs1Label": "value", "cs1": fields["value"],
        "cs2Label": "form", "cs2": disguise(fields["form"]),
        "cs3Label": "path", "cs3": fields["path"],
        "cs4Label": "clauses", "cs4": " ".join(clause["id"] for clause in fields["clauses"]) or "-",
        "cs5Label": "recipient", "cs5": f"{who} [{owner['party']}]",
        "cs6Label": "evidence", "cs6": fields["evidence"]["frame_filter"] or fields["evidence"]["flow"] or "-",
        "cfp1Label": "confidence", "cfp1": fields["confidence"],
        "fname": fields["evidence"]["source"],
        "msg": name,
    }  # fmt: skip
    return fields["identifier"], name, _CEF_SEVERITY[fields["severity"]], pairs


def _other(kind: str, fields: Mapping[str, Any]) -> tuple[str, str, int, dict[str, Any]]:
    match kind:
        case "blind":
            pairs = {
                "rt": _milliseconds(fields["time"]), "dst": fields["ip"], "dpt": fields["port"] or "",
                "dhost": fields["host"], "app": fields["protocol"], "reason": fields["why"], "in": fields["bytes"],
                "fname": fields["source"], "msg": fields["detail"],
            }  # fmt: skip
            return kind, f"not inspected: {fields['why']}", 3, pairs
        case "fault":
            return kind, f"fault: {fields['stage']}", 4, {"fname": fields["where"], "msg": fields["why"]}
        case "summary":
            counts = ", ".join(f"{fields['findings'].get(s, 0)} {s}" for s in SEVERITIES)
            return kind, "summary", 1, {"cnt": fields["exchanges"], "in": fields["bytes"], "msg": counts}
    return kind, kind, 1, {"msg": to_json(fields).decode()}


def _header(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _value(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("=", "\\=")


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
