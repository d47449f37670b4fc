"""The nouns: what travels between the rooms. Frozen dataclasses without behaviour; imports nothing of ours.

A time is an integer of microseconds since the epoch, UTC. Captured bytes stay bytes. An `Exchange` is one request with
its response (or one message of a protocol that has no responses); everything that could not be inspected is a `Blind`,
everything that went wrong is a `Fault`.
"""

from dataclasses import dataclass, field
from typing import Literal

type Time = int
type Headers = tuple[tuple[bytes, bytes], ...]
type Direction = Literal["request", "response"]
type Party = Literal["first", "third", "platform", "unknown"]
type Basis = Literal["known", "checksum", "key", "structure"]
type PhaseName = Literal[
    "not_running", "before_notice", "before_consent", "consented", "refused", "withdrawn", "unknown"
]
type Severity = Literal["critical", "high", "medium", "low", "info"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""From the worst to the mildest."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection. `mac` is empty where the link layer shows none, `name` where it told nobody its own."""

    ip: str
    port: int = 0
    mac: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class App:
    """The app that sent something: `package` is its Android package or iOS bundle id, `basis` how we know."""

    package: str
    name: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One request or response as it was on the wire.

    `start` is (method, target, version) of a request, with the target in origin form, or (version, status, reason) of a
    response. `body` has transfer coding removed and content coding left on. `frames` are the numbers of the packets
    that carried it, as tshark counts (at most `MOST_FRAMES`: the first and the last ones). `missing` counts the body
    bytes that are known to be absent.
    """

    start: tuple[str, str, str]
    headers: Headers = ()
    body: bytes = b""
    time: Time = 0
    frames: tuple[int, ...] = ()
    missing: int = 0

    def header(self, name: bytes) -> bytes:
        """Returns the first value of the header `name` (lower case), or nothing."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return b""


MOST_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an exchange was found.

    `source` is the input's name; `stream` the index of the connection as tshark counts (`transport` says of which
    kind); `flow` mitmproxy's flow id or the index of the HAR entry; `protocol` is `http/1.1`, `h2`, `websocket`, ...
    """

    source: str
    protocol: str = "http/1.1"
    transport: Literal["tcp", "udp", ""] = ""
    stream: int | None = None
    flow: str | None = None
    decrypted: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name that the server of an exchange went by, in lower case, and what told it.

    `sni` is the name in TLS's greeting, `certificate` one of the server's certificate, `cname` a canonical name behind
    the host, `dns` a name that was asked for before the address was used. Only names other than the host are kept;
    where the greeting is another, the certificate's are kept even so, for they show whether the host is true.
    """

    kind: Literal["sni", "certificate", "cname", "dns"]
    name: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, if there was one. `id` is stable from run to run over the same input.

    `time` is when the request began. `host` is the name that the client asked for (Host, :authority, SNI), in lower
    case and without port; the address where there is no name.
    """

    id: str
    time: Time
    client: Endpoint
    server: Endpoint
    scheme: str
    host: str
    request: Message
    response: Message | None
    origin: Origin
    app: App | None = None
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a request that a live input has shown before: the same exchange once more, now whole.

    What leaves is in requests, so where an input pauses they are shown without waiting for an answer, which may take
    long or never come. Only `exchange.response` is new.
    """

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value at the end of a decode tree.

    `path` is what a person would type to find it again; `keys` are the names on the way to it, outermost first (list
    indexes left out); `via` are the decoders that were passed, outermost first. Text is UTF-8.
    """

    path: str
    value: bytes
    keys: tuple[str, ...] = ()
    via: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The innermost name, or nothing."""
        return self.keys[-1] if self.keys else ""


@dataclass(frozen=True, slots=True)
class Match:
    """A piece of personal information in a leaf.

    `value` is what was found as text (hex for raw bytes), `span` its place in the leaf's value, `form` how it was
    disguised, outermost last. `plain` is the device's value in canonical form where `basis` is `known`. `device` names
    the profile that the value belongs to. `count` is the number of records where many make one match (contacts).
    `why` says in a few words what the confidence rests on, and nothing of the value.
    """

    leaf: Leaf
    identifier: str
    category: str
    value: str
    span: tuple[int, int]
    form: tuple[str, ...]
    basis: Basis
    confidence: float
    plain: str = ""
    device: str = ""
    count: int = 1
    why: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who received something. `basis` is the reason in words: the host suffix, the case's domain, the package name.

    `kind` is the SDK's in the catalogue (ads, push, ...); `group` the group of companies that the company and the
    app's developer both belong to; `carrier` who carried it there (a CDN, a cloud) where that is somebody else;
    `confidence` (0 to 1) how sure the basis is.
    """

    party: Party
    sdk: str = ""
    company: str = ""
    purpose: str = ""
    basis: str = ""
    kind: str = ""
    group: str = ""
    carrier: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a moment lies in the user's consent.

    `event` is the event that began the phase; `to_consent` is microseconds from the moment to the next consent
    (negative: since the last one), or None where the case knows none.
    """

    name: PhaseName
    background: bool = False
    event: str = ""
    to_consent: int | None = None


@dataclass(frozen=True, slots=True)
class ClauseHit:
    """A clause that a finding breaks; `evidence` is direct, case or indicator; `proof` the exchanges behind it.

    `why` says in words which condition held, and nothing of the value; `remedy` what the app's maker can do.
    """

    id: str
    title: str
    severity: Severity
    evidence: str
    proof: tuple[str, ...] = ()
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """The phone that sent something, as the profile names it; nothing in `name` where no profile fits."""

    name: str = ""
    mac: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of personal information that left, with everything that is known about it."""

    id: str
    time: Time
    match: Match
    value_ref: str
    direction: Direction
    exchange: Exchange
    url: str
    device: Device
    app: App | None
    owner: Owner
    phase: Phase
    clauses: tuple[ClauseHit, ...] = ()
    severity: Severity = "info"

    @property
    def message(self) -> Message:
        """The message that carried it."""
        if self.direction == "response" and self.exchange.response is not None:
            return self.exchange.response
        return self.exchange.request


@dataclass(frozen=True, slots=True)
class Blind:
    """Something that was not inspected. `why` is one of `BLIND_REASONS`; `bytes` is how much of it there was."""

    time: Time
    why: str
    protocol: str
    host: str = ""
    ip: str = ""
    port: int = 0
    bytes: int = 0
    source: str = ""
    frames: tuple[int, ...] = ()
    stream: int | None = None
    detail: str = ""
    owner: Owner | None = None


BLIND_REASONS = {
    "no_key": "TLS without a key",
    "wrong_key": "TLS whose key does not fit",
    "unsupported_cipher": "TLS with a cipher suite that is not decrypted",
    "pinned": "the app refused the proxy's certificate",
    "quic": "QUIC without a key",
    "streamed": "body passed through unseen",
    "truncated": "packets cut short or missing",
    "unknown_protocol": "a protocol that is not read",
    "ciphertext": "encrypted by the app",
    "limit": "a limit was reached",
    "unreadable": "marked as readable, but broken",
}
"""Every reason for not inspecting something, and how to say it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong and did not stop the run.

    `stage` is the room (`source`, `keys`, `mark`, `wire`, `decode`, `pipeline`, `sink`); a fault of the stage `source`
    means that an input could not be read to its end, one of `mark` that a comment is meant for leaktap and not known.
    """

    stage: str
    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source is: bytes read of the input named `source`. Sources may yield it; no sink sees it."""

    source: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Mark:
    """An event of the case (launch, consent ...), an answer to permissions or a user's action that an input tells of.

    `app` and `device` are empty where it names none: it is for all. `where` is the place in the input. `permission`
    are names with granted or denied. What an input shows before a mark is yielded behind it where that can be.
    """

    time: Time
    event: str = ""
    app: str = ""
    where: str = ""
    permission: tuple[tuple[str, str], ...] = ()
    action: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """A row of the inventory: one class that one app on one phone sent to one recipient, for one purpose.

    `owner` is the recipient's of the first finding; `hosts` count the findings by host, the first ones each, so that
    they may add up to less than `count`. `values` are the different ones, as far as they were told apart. `background`
    counts the findings from an app in the background; `findings` are the ids of the first ones.
    """

    identifier: str
    category: str
    direction: Direction
    owner: Owner
    hosts: dict[str, int]
    app: App | None
    device: Device
    count: int
    values: int
    first: Time
    last: Time
    phases: dict[PhaseName, int]
    background: int
    forms: dict[tuple[str, ...], int]
    severity: Severity
    confidence: float
    findings: tuple[str, ...] = ()


type Subject = Literal["identifier", "sdk"]
type Verdict = Literal["undeclared", "weaker", "more_often", "as_declared", "unseen"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the traffic that matters could be inspected.

    `inspected_share` is that of the whole run; `blind` counts what was not inspected by reason: of the SDK where it is
    about one, else all there was.
    """

    inspected_share: float = 1.0
    blind: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """A row of what the policy declares against what was observed: a class or an SDK, and how the two compare.

    What the policy says is not collected, or not shared with third parties, is `undeclared` too where it is seen.
    `name` is as the policy has it where it declares the subject, else the class or the catalogue's name of the SDK;
    `form` and `max_per_hour` are the policy's. `sdks` are those observed under the name, `identifiers` what they got,
    `recipients` who got a class. `count` are findings, `exchanges` requests, `per_hour` the most requests within any
    hour. `proof` are exchanges that show the verdict, `findings` ids of findings.
    """

    subject: Subject
    name: str
    verdict: Verdict
    form: str = ""
    max_per_hour: int | None = None
    company: str = ""
    sdks: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    count: int = 0
    exchanges: int = 0
    per_hour: int = 0
    forms: dict[tuple[str, ...], int] = field(default_factory=dict)
    first: Time | None = None
    last: Time | None = None
    confidence: float = 1.0
    proof: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)


@dataclass(frozen=True, slots=True)
class Input:
    """A file that was read: how many bytes of it, and its SHA-256 in hex where it was computed."""

    name: str
    bytes: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class CaseApp:
    """The app that the case is about, as the case has it."""

    package: str = ""
    name: str = ""
    version: str = ""
    developer: str = ""
    domains: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True, slots=True)
class CaseDevice:
    """A phone of the case, and the addresses that it is recognised by."""

    name: str
    mac: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """What the policy says of a class: the form in which it leaves, how often an hour at most, what it rules out."""

    form: str = ""
    max_per_hour: int | None = None
    collected: bool = True
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the policy declares: classes, and SDKs by whatever name it gives them."""

    identifiers: dict[str, Promise]
    sdks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What a run was about: the case as it was when the run ended.

    `events` are by the capture's clock, the first ones; `events_left_out` counts the others. `declared` and `necessary`
    are None where the case says nothing. `options` are the user's that change what is found.
    """

    app: CaseApp = CaseApp()
    devices: tuple[CaseDevice, ...] = ()
    events: tuple[Mark, ...] = ()
    events_left_out: int = 0
    declared: Declaration | None = None
    necessary: tuple[str, ...] | None = None
    options: dict[str, str | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run amounts to.

    `findings` counts by severity, `clauses` by clause id, `blind` by reason; `unobservable` are the clauses that no
    traffic can show; `session_clauses` those that only the whole session shows. `clock_offset` are the seconds that
    phones' clocks go before the capture's, by device, "" for all; `clock_measured` says that they were to be measured.
    `files` tell more of the inputs; `declared` counts the rows of declared against observed by verdict, None without a
    declaration; `versions` are those of leaktap, of its rules and of its catalogue.
    """

    inputs: tuple[str, ...]
    exchanges: int
    bytes: int
    inspected_share: float
    findings: dict[str, int]
    clauses: dict[str, int]
    blind: dict[str, int]
    blind_bytes: dict[str, int]
    faults: int
    seconds: float
    mb_per_s: float
    unobservable: tuple[str, ...] = ()
    session_clauses: tuple[ClauseHit, ...] = field(default=())
    clock_offset: dict[str, float] = field(default_factory=dict)
    clock_measured: bool = False
    files: tuple[Input, ...] = ()
    about: About = field(default_factory=About)
    declared: dict[Verdict, int] | None = None
    versions: dict[str, str] = field(default_factory=dict)


type Seen = Exchange | Answer | Blind | Fault | Progress | Mark
"""What a source yields."""

type Record = Finding | Blind | Fault | Inventory | Declared | Summary
"""What a sink takes."""
