"""Elastic Common Schema (`ecs:PATH`), JSON lines: findings are alerts, what was not inspected events.

Fields are those of ECS 8.11 (elastic/ecs, generated/csv/fields.csv). What ECS has no field for stands under `leaktap`,
as its guide has it for fields of one's own; `leaktap.*` names are those of `docs/records.md`.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from leaktap import __version__
from leaktap.model import Finding, Record
from leaktap.records import BlindRecord, FaultRecord, FindingRecord, PublishedRecord
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._lines import Lines
from leaktap.sinks._record import record
from leaktap.sinks._words import disguise, harmless, phase_words, recipient_words
from leaktap.sinks.eve import now
from leaktap.sinks.jsonl import to_json

_VERSION = "8.11.0"
_SEVERITY = {"critical": 90, "high": 70, "medium": 50, "low": 30, "info": 10}
_OWN = (
    "identifier", "category", "value", "value_ref", "count", "form", "basis", "confidence", "why", "path", "phase",
    "background", "seconds_to_consent", "owner", "app", "evidence", "severity",
)  # fmt: skip
_OBSERVER = {"vendor": "leaktap", "product": "leaktap", "type": "privacy-sensor", "version": __version__}


def open_ecs(target: str, options: Options) -> Lines:
    """Opens the target.

    Raises:
        SinkError: it cannot be written.
    """
    return Lines(target, options, lambda item: _line(item, options.reveal))


def _line(item: Record, reveal: bool) -> bytes:
    transport = item.exchange.origin.transport if isinstance(item, Finding) else ""
    return to_json(document(record(item, reveal), transport)) + b"\n"


def document(fields: PublishedRecord, transport: str = "") -> dict[str, Any]:
    """Returns the document of a record; `transport` is tcp, udp or nothing."""
    match fields["schema"]:
        case "leaktap.finding/1":
            more = _finding(fields, transport)
        case "leaktap.blind/1":
            more = _blind(fields)
        case "leaktap.fault/1":
            more = _fault(fields)
        case _:
            name = fields["schema"].removeprefix("leaktap.").partition("/")[0]
            own = {key: value for key, value in fields.items() if key != "schema"}
            more = {
                "@timestamp": now(),
                "message": f"{name} of the run",
                "event": {"kind": "metric" if name == "summary" else "state", "action": name},
                "leaktap": {name: own},
            }
    event = {"module": "leaktap", "dataset": fields["schema"].partition("/")[0], **more.pop("event")}
    return {"ecs": {"version": _VERSION}, "event": event, "observer": _OBSERVER, **more}


def _finding(fields: FindingRecord, transport: str) -> dict[str, Any]:
    to, owner, device, app = fields["destination"], fields["owner"], fields["device"], fields["app"]
    scheme = to["scheme"]
    who = recipient_words(owner["sdk"], owner["company"], to["host"])
    what = f"{fields['identifier']} ({disguise(fields['form'])}) to {who}, {phase_words(fields['phase'])}"
    own = {name: value for name, value in fields.items() if name in _OWN}
    result: dict[str, Any] = {
        "@timestamp": fields["time"],
        "message": harmless(f"{fields['severity']}: {what}"),
        "event": {
            "kind": "alert",
            "category": ["network"],
            "type": ["connection", "info"],
            "action": "personal-information-left" if fields["direction"] == "request" else "personal-information-came",
            "id": fields["id"],
            "severity": _SEVERITY[fields["severity"]],
            "reason": harmless(what),
            "provider": fields["evidence"]["source"],
        },
        "network": {"direction": "outbound", "application": (app["name"] or app["package"]).lower() if app else ""},
        "source": _end(device["ip"], 0, ""),
        "destination": _end(to["ip"], to["port"], to["host"]),
        "url": _url(to["url"]),
        "rule": {
            "name": [clause["title"] for clause in fields["clauses"]],
            "id": [clause["id"] for clause in fields["clauses"]],
            "category": fields["category"],
        },
        "related": {
            "ip": [ip for ip in dict.fromkeys((device["ip"], to["ip"])) if _is_ip(ip)],
            "hosts": [host for host in (to["host"],) if host],
        },
        "leaktap": {**own, "direction": fields["direction"], "device": device},
    }
    if transport:
        result["network"]["transport"] = transport
    result["network"]["protocol"] = "http" if scheme in ("http", "https") else scheme
    if scheme in ("http", "https"):
        result["http"] = {"request": {"method": to["method"]}}
    if owner["company"]:
        result["organization"] = {"name": owner["company"]}
    return result


def _blind(fields: BlindRecord) -> dict[str, Any]:
    return {
        "@timestamp": fields["time"],
        "message": harmless(f"not inspected: {fields['host'] or fields['ip']}: {fields['why']} {fields['detail']}"),
        "event": {
            "kind": "event",
            "category": ["network"],
            "type": ["connection", "info"],
            "action": "not-inspected",
            "reason": fields["why"],
            "provider": fields["source"],
        },
        "network": {"protocol": fields["protocol"].lower(), "bytes": fields["bytes"]},
        "destination": _end(fields["ip"], fields["port"], fields["host"]),
        "leaktap": {name: fields[name] for name in ("why", "detail", "owner", "frames", "stream", "source")},
    }


def _fault(fields: FaultRecord) -> dict[str, Any]:
    said = harmless(f"{fields['where']}: {fields['why']}")
    return {
        "@timestamp": now(),
        "message": said,
        "event": {"kind": "pipeline_error", "action": f"fault-{fields['stage']}"},
        "error": {"message": said, "type": fields["stage"]},
    }


def _end(ip: str, port: int, host: str) -> dict[str, Any]:
    end: dict[str, Any] = {"address": host or ip} if host or ip else {}
    if _is_ip(ip):
        end["ip"] = ip
    if port:
        end["port"] = port
    if host and not _is_ip(host):
        end["domain"] = host
    return end


def _url(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return {"original": url}
    found = {"full": url, "scheme": parts.scheme, "domain": parts.hostname or "", "path": parts.path}
    found.update({"query": parts.query} if parts.query else {})
    return {**found, **({"port": port} if port else {})}


def _is_ip(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


SINK = SinkKind("ecs", open_ecs)
