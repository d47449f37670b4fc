"""The one way from a record to its fields: what `leaktap.records` types and `docs/records.md` describes.

Values are masked unless asked for whole, wherever in the record they occur. Times are RFC 3339, UTC, microseconds.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import assert_never

from leaktap.model import (
    About,
    Blind,
    ClauseHit,
    Declaration,
    Declared,
    Device,
    Fault,
    Finding,
    Inventory,
    Mark,
    Owner,
    Record,
    Summary,
    Time,
)
from leaktap.records import (
    BlindRecord,
    CaseFields,
    ClauseFields,
    DeclarationFields,
    DeclaredRecord,
    DeviceFields,
    EventFields,
    FindingRecord,
    FormFields,
    InventoryRecord,
    OwnerFields,
    PublishedRecord,
    SummaryRecord,
)
from leaktap.sinks._mask import hide, mask, mask_url

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record(item: Record, reveal: bool) -> PublishedRecord:
    """Returns the fields of a record under their published names, `schema` first."""
    match item:
        case Finding():
            return _finding(item, reveal)
        case Blind():
            return _blind(item)
        case Fault():
            return {"schema": "leaktap.fault/1", "stage": item.stage, "where": item.where, "why": item.why}
        case Inventory():
            return _inventory(item, reveal)
        case Declared():
            return _declared(item)
        case Summary():
            return _summary(item, reveal)
        case _:
            assert_never(item)


def shown_value(finding: Finding, reveal: bool) -> str:
    """Returns the value as it may be shown."""
    match = finding.match
    return match.value if reveal else mask(match.value, match.identifier, match.form)


def shown_path(finding: Finding, reveal: bool) -> str:
    """Returns the leaf's path, with the value masked where it is part of a name."""
    return finding.match.leaf.path if reveal else _hidden(finding.match.leaf.path, finding)


def _finding(item: Finding, reveal: bool) -> FindingRecord:
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
            "exchange": exchange.id,
            "flow": origin.flow,
            "decrypted": origin.decrypted,
            "frame_filter": frame_filter(origin.transport, origin.stream, item.message.frames),
        },
    }


def _blind(item: Blind) -> BlindRecord:
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


def _owner(owner: Owner) -> OwnerFields:
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


def _clause(clause: ClauseHit) -> ClauseFields:
    fields: ClauseFields = {
        "id": clause.id,
        "title": clause.title,
        "severity": clause.severity,
        "evidence": clause.evidence,
    }
    if clause.why:
        fields["why"] = clause.why
    if clause.remedy:
        fields["remedy"] = clause.remedy
    if clause.proof:
        fields["proof"] = list(clause.proof)
    return fields


def _inventory(item: Inventory, reveal: bool) -> InventoryRecord:
    owner = item.owner
    return {
        "schema": "leaktap.inventory/1",
        "identifier": item.identifier,
        "category": item.category,
        "direction": item.direction,
        "owner": {
            "party": owner.party,
            "sdk": owner.sdk,
            "company": owner.company,
            "purpose": owner.purpose,
            "kind": owner.kind,
            "group": owner.group,
        },
        "hosts": item.hosts,
        "app": {"package": item.app.package, "name": item.app.name, "basis": item.app.basis} if item.app else None,
        "device": _device(item.device, item.identifier, reveal),
        "count": item.count,
        "values": item.values,
        "first": rfc3339(item.first),
        "last": rfc3339(item.last),
        "phases": item.phases,
        "background": item.background,
        "forms": _forms(item.forms),
        "severity": item.severity,
        "confidence": item.confidence,
        "findings": list(item.findings),
    }


def _device(device: Device, identifier: str, reveal: bool) -> DeviceFields:
    """Returns a phone as findings show it; where they are about its address, it is masked."""
    secret = not reveal and identifier.startswith("ip_")
    return {
        "name": device.name,
        "mac": device.mac if reveal else mask(device.mac),
        "ip": mask(device.ip) if secret else device.ip,
    }


def _forms(forms: Mapping[tuple[str, ...], int]) -> list[FormFields]:
    """Returns the forms, the most frequent first."""
    ordered = sorted(forms.items(), key=lambda item: (-item[1], item[0]))
    return [{"form": list(form), "count": count} for form, count in ordered]


def _declared(item: Declared) -> DeclaredRecord:
    return {
        "schema": "leaktap.declared/1",
        "subject": item.subject,
        "name": item.name,
        "verdict": item.verdict,
        "form": item.form,
        "max_per_hour": item.max_per_hour,
        "company": item.company,
        "sdks": list(item.sdks),
        "identifiers": list(item.identifiers),
        "recipients": list(item.recipients),
        "count": item.count,
        "exchanges": item.exchanges,
        "per_hour": item.per_hour,
        "forms": _forms(item.forms),
        "first": None if item.first is None else rfc3339(item.first),
        "last": None if item.last is None else rfc3339(item.last),
        "confidence": item.confidence,
        "proof": list(item.proof),
        "findings": list(item.findings),
        "coverage": {"inspected_share": item.coverage.inspected_share, "blind": item.coverage.blind},
    }


def _summary(item: Summary, reveal: bool) -> SummaryRecord:
    return {
        "schema": "leaktap.summary/1",
        "inputs": list(item.inputs),
        "files": [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256 or None} for file in item.files],
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
        "declared": item.declared,
        "case": _case(item.about, reveal),
        "versions": item.versions,
        "faults": item.faults,
        "seconds": round(item.seconds, 3),
        "mb_per_s": round(item.mb_per_s, 3),
    }


def _case(about: About, reveal: bool) -> CaseFields:
    app = about.app
    shown = str if reveal else mask
    return {
        "app": {
            "package": app.package,
            "name": app.name,
            "version": app.version,
            "developer": app.developer,
            "domains": list(app.domains),
            "category": app.category,
        },
        "devices": [
            {"name": device.name, "mac": list(map(shown, device.mac)), "ip": list(map(shown, device.ip))}
            for device in about.devices
        ],
        "events": [_event(mark) for mark in about.events],
        "events_left_out": about.events_left_out,
        "declared": _declaration(about.declared) if about.declared else None,
        "necessary": None if about.necessary is None else list(about.necessary),
        "options": about.options,
    }


def _declaration(declared: Declaration) -> DeclarationFields:
    return {
        "identifiers": {
            name: {
                "form": promise.form,
                "max_per_hour": promise.max_per_hour,
                "collected": promise.collected,
                "shared": promise.shared,
            }
            for name, promise in declared.identifiers.items()
        },
        "sdks": list(declared.sdks),
    }


def _event(mark: Mark) -> EventFields:
    return {
        "time": rfc3339(mark.time),
        "event": mark.event,
        "app": mark.app,
        "device": mark.device,
        "permission": dict(mark.permission),
        "action": mark.action,
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
