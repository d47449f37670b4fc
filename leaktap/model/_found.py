"""What is found in an exchange, and what is known of it: whose phone, to whom, in which phase, against which clause."""

from dataclasses import dataclass
from typing import Literal

from leaktap.model._traffic import App, Direction, Exchange, Message, Time

type Party = Literal["first", "third", "platform", "unknown"]
type Basis = Literal["known", "checksum", "key", "structure"]
type PhaseName = Literal[
    "not_running", "before_notice", "before_consent", "consented", "refused", "withdrawn", "unknown"
]
type Severity = Literal["critical", "high", "medium", "low", "info"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""From the worst to the mildest."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value at the end of a decode tree.

    `path` is what a person would type to find it again; `keys` are the names on the way to it, outermost first (list
    indexes left out); `via` are the decoders that were passed, outermost first. Text is UTF-8. A leaf that is `beside`
    has nothing of interest in itself: it is there for its name, and for those that stand beside it.
    """

    path: str
    value: bytes
    keys: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    beside: bool = False

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
