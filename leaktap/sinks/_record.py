"""The one way from a record to its fields: what `docs/records.md` describes, ready for JSON.

Values are masked unless asked for whole, wherever in the record they occur. Times are RFC 3339, UTC, microseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from leaktap.model import Blind, ClauseHit, Fault, Finding, Owner, Record, Summary, Time
from leaktap.sinks._mask import hide, mask, mask_url

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record(item: Record, reveal: bool) -> dict[str, Any]:
    """Returns the fields of a record under their published names, `schema` first."""
    match item:
        case Finding():
            return _finding(item, reveal)
        case Blind():
            return {
                "schema": "leaktap.blind/1",
                "time": rfc3339(item.time),
                "why": item.why,
                "protocol": item.protocol,
                "host": item.host,
                "ip": item.ip,
                "port": item.port,
                "owner": _owner(item.owner) if item.owner else None,
                "bytes": item.bytes,
                "source": item.source,
                "frames": list(item.frames),
                "stream": item.stream,
                "detail": item.detail,
            }
        case Fault():
            return {"schema": "leaktap.fault/1", "stage": item.stage, "where": item.where, "why": item.why}
        case Summary():
            return _summary(item)


def shown_value(finding: Finding, reveal: bool) -> str:
    """Returns the value as it may be shown."""
    match = finding.match
    return match.value if reveal else mask(match.value, match.identifier, match.form)


def shown_path(finding: Finding, reveal: bool) -> str:
    """Returns the leaf's path, with the value masked where it is part of a name."""
    return finding.match.leaf.path if reveal else _hidden(finding.match.leaf.path, finding)


def _finding(item: Finding, reveal: bool) -> dict[str, Any]:
    exchange, match, origin = item.exchange, item.match, item.exchange.origin
    value = shown_value(item, reveal)
    url = item.url if reveal else mask_url(_hidden(item.url, item), _secrets(item)[0], value)
    mac = item.device.mac if reveal else mask(item.device.mac)
    ip = item.device.ip if reveal else _hidden(item.device.ip, item)
    phase = item.phase
    return {
        "schema": "leaktap.finding/1",
        "id": item.id,
        "time": rfc3339(item.time),
        "identifier": match.identifier,
        "category": match.category,
        "value": value,
        "value_ref": item.value_ref,
        "count": match.count,
        "form": list(match.form),
        "basis": match.basis,
        "confidence": match.confidence,
        "why": match.why,
        "path": shown_path(item, reveal),
        "direction": item.direction,
        "destination": {
            "scheme": exchange.scheme,
            "host": exchange.host if reveal else _hidden(exchange.host, item),
            "ip": exchange.server.ip,
            "port": exchange.server.port,
            "method": exchange.request.start[0],
            "url": url,
        },
        "device": {"name": item.device.name, "mac": mac, "ip": ip},
        "app": {"package": item.app.package, "name": item.app.name, "basis": item.app.basis} if item.app else None,
        "owner": _owner(item.owner),
        "phase": phase.name,
        "background": phase.background,
        "seconds_to_consent": None if phase.to_consent is None else phase.to_consent / 1_000_000,
        "clauses": [_clause(clause) for clause in item.clauses],
        "severity": item.severity,
        "evidence": {
            "source": origin.source,
            "frames": list(item.message.frames),
            "stream": origin.stream,
            "flow": origin.flow,
            "decrypted": origin.decrypted,
            "frame_filter": frame_filter(origin.transport, origin.stream, item.message.frames),
        },
    }


def _secrets(item: Finding) -> tuple[bytes, bytes]:
    """Returns the value as text and as it stands in the leaf."""
    match = item.match
    start, end = match.span
    return match.value.encode("utf-8", "surrogateescape"), match.leaf.value[start:end]


def _hidden(text: str, item: Finding) -> str:
    shown = shown_value(item, reveal=False)
    for secret in _secrets(item):
        text = hide(text, secret, shown)
    return text


def _owner(owner: Owner) -> dict[str, Any]:
    return {
        "party": owner.party,
        "sdk": owner.sdk,
        "company": owner.company,
        "purpose": owner.purpose,
        "basis": owner.basis,
        "kind": owner.kind,
        "group": owner.group,
        "carrier": owner.carrier,
        "confidence": owner.confidence,
    }


def _clause(clause: ClauseHit) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": clause.id,
        "title": clause.title,
        "severity": clause.severity,
        "evidence": clause.evidence,
    }
    return {**fields, "proof": list(clause.proof)} if clause.proof else fields


def _summary(item: Summary) -> dict[str, Any]:
    return {
        "schema": "leaktap.summary/1",
        "inputs": list(item.inputs),
        "exchanges": item.exchanges,
        "bytes": item.bytes,
        "inspected_share": round(item.inspected_share, 4),
        "findings": item.findings,
        "clauses": item.clauses,
        "session_clauses": [_clause(clause) for clause in item.session_clauses],
        "unobservable": list(item.unobservable),
        "blind": item.blind,
        "blind_bytes": item.blind_bytes,
        "clock_offset": item.clock_offset,
        "clock_measured": item.clock_measured,
        "faults": item.faults,
        "seconds": round(item.seconds, 3),
        "mb_per_s": round(item.mb_per_s, 3),
    }


def rfc3339(time: Time) -> str:
    """Returns a time as text; one that no calendar has (from a broken capture) becomes the nearest that it has."""
    try:
        moment = _EPOCH + timedelta(microseconds=time)
    except OverflowError:
        moment = (datetime.max if time > 0 else datetime.min).replace(tzinfo=UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def frame_filter(transport: str, stream: int | None, frames: Sequence[int]) -> str | None:
    """Returns a Wireshark display filter for these packets, or None where the input has no packets."""
    terms = [f"{transport}.stream eq {stream}"] if transport and stream is not None else []
    numbers = sorted(set(frames))
    if numbers:
        starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
        ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
        runs = (f"{a}..{b}" if b > a else str(a) for a, b in zip(starts, ends, strict=True))
        terms.append(f"frame.number in {{{', '.join(runs)}}}")
    return " && ".join(terms) or None
