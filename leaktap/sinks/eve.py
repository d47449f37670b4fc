"""Suricata's EVE (`eve:PATH`): findings as events of the type `alert`, what was not inspected as `anomaly`.

Fields and types are those of Suricata's own schema (OISF/suricata, etc/schema.json) and of its user guide, section
15.1.2 "Eve JSON Format". What EVE has no field for stands in `alert.metadata`, as the metadata of a rule does: lists of
text under names that begin with `leaktap_`. Signature ids lie in the range for local rules and are the same for the
same class of data in the same phase. `flow_id` is made of input and connection.
"""

import hashlib
import zlib
from collections.abc import Sequence
from typing import Any

from leaktap.model import Finding, Record
from leaktap.records import BlindRecord, FaultRecord, FindingRecord, OwnerFields
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._lines import Lines
from leaktap.sinks._record import record
from leaktap.sinks._words import harmless, phase_words
from leaktap.sinks.jsonl import to_json

_PRIORITY = {"critical": 1, "high": 1, "medium": 2, "low": 3, "info": 4}
_SIDS = 1_000_000, 900_000
"""The first id, and how many there are: 1,000,000 to 1,999,999 is for local rules."""
_CATEGORY = "Potential Corporate Privacy Violation"
"""Suricata's classification `policy-violation`, so that consumers know its priority."""
_HTTP = ("http", "https")


def open_eve(target: str, options: Options) -> Lines:
    """Opens the target.

    Raises:
        SinkError: it cannot be written.
    """
    return Lines(target, options, lambda item: _event(item, options.reveal))


def _event(item: Record, reveal: bool) -> bytes:
    fields = record(item, reveal)
    match fields["schema"]:
        case "leaktap.finding/1":
            port = item.exchange.client.port if isinstance(item, Finding) else 0
            transport = item.exchange.origin.transport if isinstance(item, Finding) else ""
            event = _alert(fields, port, transport)
        case "leaktap.blind/1":
            event = _anomaly(fields)
        case "leaktap.fault/1":
            event = _engine(fields)
        case _:
            return b""
    return to_json(event) + b"\n"


def _alert(fields: FindingRecord, port: int, transport: str) -> dict[str, Any]:
    to, evidence = fields["destination"], fields["evidence"]
    scheme = to["scheme"]
    signature = f"LEAKTAP {fields['identifier']} {phase_words(fields['phase'])}"
    event: dict[str, Any] = {
        "timestamp": _timestamp(fields["time"]),
        "flow_id": _flow(evidence["source"], evidence["stream"], evidence["flow"] or fields["id"]),
        "event_type": "alert",
        "src_ip": fields["device"]["ip"],
        "src_port": port,
        "dest_ip": to["ip"],
        "dest_port": to["port"],
        "proto": transport.upper() or "TCP",
        "app_proto": "http" if scheme in _HTTP else scheme,
        "alert": {
            "action": "allowed",
            "gid": 1,
            "signature_id": _SIDS[0] + zlib.crc32(signature.encode("utf-8", "replace")) % _SIDS[1],
            "rev": 1,
            "signature": harmless(signature),
            "category": _CATEGORY,
            "severity": _PRIORITY[fields["severity"]],
            "metadata": _metadata(fields),
        },
    }
    if evidence["frames"]:
        event["pcap_cnt"] = evidence["frames"][0]
    if scheme in _HTTP:
        path = to["url"].partition("://")[2].partition("/")
        event["http"] = {
            "hostname": to["host"],
            "url": path[1] + path[2],
            "http_method": to["method"],
            "http_port": to["port"],
        }
    return event


def _metadata(fields: FindingRecord) -> dict[str, list[str]]:
    owner, app = fields["owner"], fields["app"]
    said: dict[str, Sequence[str]] = {
        "leaktap_id": [fields["id"]],
        "leaktap_identifier": [fields["identifier"]],
        "leaktap_value": [fields["value"]],
        "leaktap_value_ref": [fields["value_ref"]],
        "leaktap_form": fields["form"] or ["plain"],
        "leaktap_path": [fields["path"]],
        "leaktap_phase": [fields["phase"]],
        "leaktap_confidence": [str(fields["confidence"])],
        "leaktap_clause": [clause["id"] for clause in fields["clauses"]],
        "leaktap_recipient": _recipient(owner),
        "leaktap_party": [owner["party"]],
        "leaktap_app": [app["package"] or app["name"]] if app else [],
        "leaktap_device": [fields["device"]["name"]] if fields["device"]["name"] else [],
        "leaktap_source": [fields["evidence"]["source"]],
        "signature_severity": [fields["severity"].capitalize()],
    }
    return {name: [harmless(value, 4096) for value in values] for name, values in said.items() if values}


def _recipient(owner: OwnerFields) -> list[str]:
    return [name for name in dict.fromkeys((owner["sdk"], owner["company"])) if name]


def _anomaly(fields: BlindRecord) -> dict[str, Any]:
    return {
        "timestamp": _timestamp(fields["time"]),
        "flow_id": _flow(fields["source"], fields["stream"], f"{fields['host']} {fields['ip']} {fields['port']}"),
        "event_type": "anomaly",
        "dest_ip": fields["ip"],
        "dest_port": fields["port"],
        "app_proto": fields["protocol"],
        "anomaly": {
            "type": "applayer",
            "event": f"leaktap_{fields['why']}",
            "layer": "proto_detect",
            "app_proto": fields["protocol"],
        },
    }


def _engine(fields: FaultRecord) -> dict[str, Any]:
    message = harmless(f"{fields['stage']}: {fields['where']}: {fields['why']}")
    return {
        "timestamp": _timestamp(now()),
        "event_type": "engine",
        "log_level": "Warning",
        "engine": {"error_code": 0, "error": f"LEAKTAP_{fields['stage'].upper()}", "message": message},
    }


def now() -> str:
    """Returns this moment, RFC 3339."""
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _timestamp(time: str) -> str:
    return time.removesuffix("Z") + "+0000"


def _flow(source: str, stream: int | None, otherwise: str) -> int:
    """Returns a number below 2**53, which every JSON reader holds."""
    text = f"{source}\0{otherwise if stream is None else stream}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest) >> 11


SINK = SinkKind("eve", open_eve)
