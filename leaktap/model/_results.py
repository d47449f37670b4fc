"""What a run amounts to: the inventory, what is declared against what was observed, and the summary."""

from dataclasses import dataclass, field
from typing import Literal

from leaktap.model._found import ClauseHit, Device, Owner, PhaseName, Severity
from leaktap.model._traffic import App, Direction, Mark, Time

type Subject = Literal["identifier", "sdk"]
type Verdict = Literal["undeclared", "weaker", "more_often", "unseen", "as_declared"]
VERDICTS: tuple[Verdict, ...] = ("undeclared", "weaker", "more_often", "unseen", "as_declared")
"""The worst first."""


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
