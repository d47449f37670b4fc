"""The published records: what one line of a result file holds, field by field. At run time they are plain dicts.

Sinks make them, `leaktap.results` reads them back, and the JSON Schemas in `leaktap/schemas` are generated from them.
Every record has `schema`, its kind and version. Within a version fields are added, never renamed: those that a file of
an earlier leaktap need not have are `NotRequired`. Times are RFC 3339, UTC, microseconds. What is not known is null, or
empty where it is text.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, TypeAdapter

from leaktap.model import Basis, Direction, Party, PhaseName, Severity, Subject, Verdict

_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"

type Moment = Annotated[
    str, Field(description="RFC 3339, UTC, microseconds", pattern=_MOMENT, json_schema_extra={"format": "date-time"})
]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: str) -> int:
    """Returns a record's time since the epoch; the calendar's first moment where it is none."""
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        time = datetime.min
    since = time.replace(tzinfo=UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


type Share = Annotated[float, Field(ge=0, le=1)]
type Count = Annotated[int, Field(ge=0)]


class DestinationFields(TypedDict):
    """Where a request went."""

    scheme: str
    host: Annotated[str, Field(description="the name that the client asked for, or the address")]
    ip: str
    port: int
    method: str
    url: Annotated[str, Field(description="with whatever in it may be personal masked")]


class DeviceFields(TypedDict):
    """The phone."""

    name: Annotated[str, Field(description="in the profile; empty where none fits")]
    mac: Annotated[str, Field(description="masked")]
    ip: str


class AppFields(TypedDict):
    """The app that sent something."""

    package: str
    name: str
    basis: Annotated[str, Field(description="how it is known")]


class RecipientFields(TypedDict):
    """Who received something."""

    party: Party
    sdk: Annotated[str, Field(description="the product's name in the catalogue")]
    company: str
    purpose: str
    kind: NotRequired[Annotated[str, Field(description="of the SDK: ads, push, ...")]]
    group: NotRequired[Annotated[str, Field(description="of companies, where the app's developer belongs to it too")]]


class OwnerFields(RecipientFields):
    """Who received something, and how that is known."""

    basis: Annotated[str, Field(description="the reason in words")]
    carrier: NotRequired[Annotated[str, Field(description="a CDN or cloud in between")]]
    confidence: NotRequired[Annotated[float, Field(ge=0, le=1, description="how sure the basis is")]]


class ClauseFields(TypedDict):
    """A clause that is broken."""

    id: str
    title: str
    severity: Severity
    evidence: Annotated[str, Field(description="direct, case or indicator")]
    why: NotRequired[Annotated[str, Field(description="which condition held, in words, and nothing of the value")]]
    remedy: NotRequired[Annotated[str, Field(description="what the app's maker can do")]]
    proof: NotRequired[Annotated[list[str], Field(description="exchanges behind it, where it rests on several")]]


class EvidenceFields(TypedDict):
    """Where in the input a finding stands."""

    source: Annotated[str, Field(description="the input's name")]
    frames: Annotated[list[int], Field(description="packets, as tshark counts them")]
    stream: Annotated[int | None, Field(description="the connection, as tshark counts them")]
    exchange: NotRequired[Annotated[str, Field(description="its exchange, as proofs name it")]]
    flow: Annotated[str | None, Field(description="mitmproxy's flow id, or the index of the HAR entry, from 0")]
    decrypted: bool
    frame_filter: Annotated[str | None, Field(description="for Wireshark's filter line")]


class FindingRecord(TypedDict):
    """One piece of personal information that left (or, with direction `response`, that came)."""

    schema: Literal["leaktap.finding/1"]
    id: Annotated[str, Field(description="stable for the same input and case, run after run")]
    time: Annotated[Moment, Field(description="when the request began")]
    identifier: Annotated[str, Field(description="the class: imei, oaid, phone, ...; custom.NAME of the profile")]
    category: Annotated[str, Field(description="the kind of class: device_id, network_id, account, ...")]
    value: Annotated[str, Field(description="masked, unless the run revealed values")]
    value_ref: Annotated[str, Field(description="keyed hash, equal for equal values within a case on one machine")]
    count: Annotated[int, Field(ge=1, description="of how many pieces it is made; 1 for most")]
    form: Annotated[list[str], Field(description="how it was disguised, outermost last; empty is plain")]
    basis: Basis
    confidence: Share
    why: Annotated[str, Field(description="what the confidence rests on; empty for known values")]
    path: Annotated[str, Field(description="where it stood, with every layer that was opened on the way")]
    direction: Direction
    destination: DestinationFields
    device: DeviceFields
    app: AppFields | None
    owner: OwnerFields
    phase: PhaseName
    background: Annotated[bool, Field(description="whether the app was in the background")]
    seconds_to_consent: Annotated[float | None, Field(description="to the next; negative since the last")]
    clauses: list[ClauseFields]
    severity: Severity
    evidence: EvidenceFields


class BlindRecord(TypedDict):
    """Something that was not inspected."""

    schema: Literal["leaktap.blind/1"]
    time: Moment
    why: Annotated[str, Field(description="no_key, pinned, ciphertext, ... as documented")]
    protocol: str
    host: str
    ip: str
    port: int
    owner: OwnerFields | None
    bytes: Count
    source: str
    frames: list[int]
    stream: int | None
    detail: str


class FaultRecord(TypedDict):
    """Something that went wrong and did not stop the run."""

    schema: Literal["leaktap.fault/1"]
    stage: Annotated[str, Field(description="source, keys, mark, wire, decode, pipeline or sink")]
    where: str
    why: str


class FormFields(TypedDict):
    """A disguise, and how often it was used."""

    form: list[str]
    count: Annotated[int, Field(ge=1)]


class InventoryRecord(TypedDict):
    """A row of the inventory: a class that an app on a phone sent to a recipient for a purpose."""

    schema: Literal["leaktap.inventory/1"]
    identifier: str
    category: str
    direction: Direction
    owner: Annotated[RecipientFields, Field(description="the recipient; its purpose is the row's")]
    hosts: Annotated[dict[str, int], Field(description="findings by host, the first hosts; * is a value in a name")]
    app: AppFields | None
    device: DeviceFields
    count: Annotated[int, Field(ge=1, description="findings")]
    values: Annotated[int, Field(ge=0, description="different values, at most as many as are told apart")]
    first: Moment
    last: Moment
    phases: Annotated[dict[PhaseName, int], Field(description="findings by phase")]
    background: Annotated[int, Field(ge=0, description="findings while the app was in the background")]
    forms: list[FormFields]
    severity: Annotated[Severity, Field(description="the worst of its findings")]
    confidence: Annotated[float, Field(ge=0, le=1, description="the highest of its findings")]
    findings: Annotated[list[str], Field(description="ids of the first findings")]


class CoverageFields(TypedDict):
    """How much of what matters could be inspected: what is not seen may be in the rest."""

    inspected_share: Annotated[Share, Field(description="of the bytes of the run")]
    blind: Annotated[dict[str, int], Field(description="by reason: of the SDK, or of all where it is about a class")]


class DeclaredRecord(TypedDict):
    """A row of what the policy declares against what the app under test was seen to do."""

    schema: Literal["leaktap.declared/1"]
    subject: Subject
    name: Annotated[str, Field(description="as the policy has it; else the class, or the catalogue's name of the SDK")]
    verdict: Verdict
    form: Annotated[str, Field(description="the policy's; empty where it says none")]
    max_per_hour: Annotated[int | None, Field(description="the policy's; null where it says none")]
    company: Annotated[str, Field(description="of the SDK")]
    sdks: Annotated[list[str], Field(description="SDKs of the catalogue that were seen under the name")]
    identifiers: Annotated[list[str], Field(description="classes that the SDK got")]
    recipients: Annotated[list[str], Field(description="who got the class")]
    count: Annotated[int, Field(ge=0, description="findings")]
    exchanges: Annotated[int, Field(ge=0, description="requests")]
    per_hour: Annotated[int, Field(ge=0, description="the most requests with the class within any hour")]
    forms: list[FormFields]
    first: Moment | None
    last: Moment | None
    confidence: Annotated[float, Field(ge=0, le=1, description="the highest of its findings; 1 where there are none")]
    proof: Annotated[list[str], Field(description="exchanges that show the verdict")]
    findings: Annotated[list[str], Field(description="ids of findings that show it")]
    coverage: CoverageFields


class InputFields(TypedDict):
    """An input that was read."""

    name: str
    bytes: Annotated[int, Field(ge=0, description="how much of it was read")]
    sha256: Annotated[str | None, Field(description="in hex; null where it was not computed (pipes, live sessions)")]


class CaseAppFields(TypedDict):
    """The app under test."""

    package: str
    name: str
    version: str
    developer: str
    domains: list[str]
    category: str


class CaseDeviceFields(TypedDict):
    """A phone of the case."""

    name: str
    mac: Annotated[list[str], Field(description="masked")]
    ip: Annotated[list[str], Field(description="masked")]


class EventFields(TypedDict):
    """Something that happened; `event` is empty for an answer to permissions or a mere action."""

    time: Annotated[Moment, Field(description="by the capture's clock")]
    event: str
    app: Annotated[str, Field(description="empty: all apps")]
    device: Annotated[str, Field(description="empty: all devices")]
    permission: Annotated[dict[str, str], Field(description="granted or denied, by permission")]
    action: str


class PromiseFields(TypedDict):
    """What the policy says of a class."""

    form: str
    max_per_hour: int | None
    collected: Annotated[bool, Field(description="false: the policy says that it is not collected")]
    shared: Annotated[bool, Field(description="false: the policy says that third parties do not get it")]


class DeclarationFields(TypedDict):
    """What the policy declares."""

    identifiers: dict[str, PromiseFields]
    sdks: list[str]


class CaseFields(TypedDict):
    """What the run was about."""

    app: CaseAppFields
    devices: list[CaseDeviceFields]
    events: Annotated[list[EventFields], Field(description="in order of time, the first ones")]
    events_left_out: Annotated[int, Field(ge=0, description="events that are not listed")]
    declared: DeclarationFields | None
    necessary: list[str] | None
    options: Annotated[dict[str, str | bool], Field(description="the user's, where they change what is found")]


class SummaryRecord(TypedDict):
    """What a run amounts to; its last record."""

    schema: Literal["leaktap.summary/1"]
    inputs: Annotated[list[str], Field(description="names")]
    files: NotRequired[Annotated[list[InputFields], Field(description="the inputs, one by one")]]
    exchanges: Count
    bytes: Count
    inspected_share: Annotated[Share, Field(description="of the bytes that were carried")]
    findings: Annotated[dict[str, int], Field(description="by severity")]
    clauses: Annotated[dict[str, int], Field(description="by id")]
    session_clauses: Annotated[list[ClauseFields], Field(description="those that only the whole session shows")]
    unobservable: Annotated[list[str], Field(description="clauses that no traffic can show")]
    blind: Annotated[dict[str, int], Field(description="by reason")]
    blind_bytes: Annotated[dict[str, int], Field(description="by reason")]
    clock_offset: Annotated[dict[str, float], Field(description="seconds, by device, '' for all")]
    clock_measured: bool
    declared: NotRequired[
        Annotated[dict[Verdict, int] | None, Field(description="rows of declared against observed, by verdict")]
    ]
    case: NotRequired[CaseFields]
    versions: NotRequired[Annotated[dict[str, str], Field(description="of leaktap, its rules and its catalogue")]]
    faults: Count
    seconds: float
    mb_per_s: float


type PublishedRecord = FindingRecord | BlindRecord | FaultRecord | InventoryRecord | DeclaredRecord | SummaryRecord

type _ByKind = Annotated[PublishedRecord, Field(discriminator="schema")]


def adapter() -> TypeAdapter[PublishedRecord]:
    """Returns what checks records and describes them as JSON Schema; fields that are not known here are let be."""
    return TypeAdapter(_ByKind, config=ConfigDict(extra="allow", strict=True, allow_inf_nan=False))
