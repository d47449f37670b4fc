"""Holds findings against the rule book: adds the clauses that each one breaks, and its severity.

Every condition of a clause is one function in `_TESTS`; a condition that a clause does not state is not asked. What
needs memory (how often, how many classes) is kept per recipient in sliding windows, so the engine does not grow with
the number of exchanges. Findings of low confidence, and those of the operating system or of another app than the one
under test, accuse nobody of more than they show.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from leaktap.config import Case
from leaktap.model import SEVERITIES, ClauseHit, Finding, Severity, Time
from leaktap.rules._clauses import Clause, Condition, Document, load_documents

SURE = 0.7
"""Below this confidence a finding is an indicator only, one step milder."""

MOST_PROOF = 50
HOUR = 3_600_000_000

_DIGESTS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sm3", "sha3", "crc32"})

_PERMISSION = {
    "contacts": {"contacts"},
    "sms": {"sms"},
    "call_log": {"call_log"},
    "location": {"location", "cell", "wifi_scan", "bssid", "ssid"},
    "phone": {"imei", "imei2", "meid", "imsi", "iccid", "phone", "serial"},
    "clipboard": {"clipboard"},
    "app_list": {"app_list"},
}
"""Which classes an app can read only with which permission."""


class Events(Protocol):
    """What the engine asks about the case's events."""

    def has(self, event: str, package: str = "") -> bool:
        """Tells whether the event ever happened."""

    def acted(self, time: Time, within: Time) -> bool:
        """Tells whether the user did something in the `within` microseconds up to `time`."""

    def denied(self, time: Time, package: str = "", device: str = "") -> frozenset[str]:
        """Returns the permissions that are denied at a time."""


@dataclass(slots=True)
class _Window:
    """The moments of one kind of event, in order, as far back as any window reaches."""

    times: list[Time] = field(default_factory=list)
    exchanges: list[str] = field(default_factory=list)

    def add(self, time: Time, exchange: str, keep: Time) -> None:
        place = bisect_right(self.times, time)
        if exchange in self.exchanges[max(place - 8, 0) : place]:
            return
        self.times.insert(place, time)
        self.exchanges.insert(place, exchange)
        old = bisect_left(self.times, self.times[-1] - keep)
        if old > 64:
            del self.times[:old], self.exchanges[:old]

    def last(self, time: Time, within: Time) -> list[str]:
        return self.exchanges[bisect_right(self.times, time - within) : bisect_right(self.times, time)]


@dataclass(slots=True)
class _Judged:
    """A finding and what was seen before it; `proof` collects the exchanges that a condition rests on."""

    finding: Finding
    case: Case
    events: Events
    ended: bool
    window: _Window
    classes: dict[str, str]
    proof: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.finding.match.identifier

    @property
    def package(self) -> str:
        return self.finding.app.package if self.finding.app else ""


def form_kind(form: Sequence[str]) -> str:
    """Returns `salted`, `hashed` or `plain`."""
    if any(step.startswith(("salt", "hmac")) for step in form):
        return "salted"
    return "hashed" if any(step.partition("-")[0] in _DIGESTS for step in form) else "plain"


def _undeclared(of: Condition, at: _Judged) -> bool:
    declared = at.case.declared
    if declared is None:
        return False
    if of.undeclared == "identifier":
        return at.name not in declared.identifiers
    sdk = at.finding.owner.sdk
    listed = {name.casefold() for name in declared.sdks}
    names = {sdk.casefold(), at.finding.owner.company.casefold()}
    return bool(sdk) and not names & listed and not any(sdk.casefold().startswith(f"{name} ") for name in listed)


def _weaker(of: Condition, at: _Judged) -> bool:
    declared = at.case.declared
    said = declared.identifiers.get(at.name) if declared else None
    if said is None or not said.form or said.form == "plain":
        return False
    return form_kind(at.finding.match.form) == "plain"


def _more_often(of: Condition, at: _Judged) -> bool:
    declared = at.case.declared
    said = declared.identifiers.get(at.name) if declared else None
    if said is None or said.max_per_hour is None:
        return False
    at.proof = at.window.last(at.finding.time, HOUR)
    return len(at.proof) > said.max_per_hour


def _frequent(of: Condition, at: _Judged) -> bool:
    assert of.within is not None and of.more_than is not None
    at.proof = at.window.last(at.finding.time, of.within)
    return len(at.proof) > of.more_than


def _package_of_classes(of: Condition, at: _Judged) -> bool:
    assert of.classes_more_than is not None
    at.proof = list(dict.fromkeys(at.classes.values()))
    return bool(at.finding.owner.sdk) and len(at.classes) > of.classes_more_than


def _never(of: Condition, at: _Judged) -> bool:
    """Only where the tester kept a record of the app's life did an event that is not in it not happen."""
    asked = ("install", "launch", "consent", of.never or "")
    happened = {event for event in asked if at.events.has(event, at.package)}
    return bool(happened) and happened <= {"install", "launch"}


def _denied(of: Condition, at: _Judged) -> bool:
    denied = at.events.denied(at.finding.time, at.package, at.finding.device.name)
    return any(at.name in _PERMISSION.get(permission, {permission}) for permission in denied)


_TESTS: dict[str, Callable[[Condition, _Judged], bool]] = {
    "phase": lambda of, at: at.finding.phase.name in of.phase,
    "party": lambda of, at: at.finding.owner.party in of.party,
    "identifier": lambda of, at: at.name in of.identifier,
    "category": lambda of, at: at.finding.match.category in of.category,
    "code": lambda of, at: any(step in of.code for step in at.finding.match.form),
    "background": lambda of, at: at.finding.phase.background == of.background,
    "never": _never,
    "session_ended": lambda of, at: at.ended,
    "more_than": _frequent,
    "classes_more_than": _package_of_classes,
    "without_action": lambda of, at: not at.events.acted(at.finding.time, of.without_action or 0),
    "undeclared": _undeclared,
    "unnecessary": lambda of, at: at.case.necessary is not None and at.name not in at.case.necessary,
    "denied": _denied,
    "weaker_than_declared": _weaker,
    "more_often_than_declared": _more_often,
}
"""A test for every condition; those that read memory come last in a clause and overwrite `proof`."""

CODE = "code_download"
"""The class of findings that are code arriving, not personal information leaving."""


class Engine:
    """The rule book at work over one run.

    `ended` says that all events of the case are known (a capture), not still to come (a live session).
    """

    def __init__(
        self, case: Case, events: Events, *, ended: bool = True, documents: Sequence[Document] | None = None
    ) -> None:
        """Compiles the clauses; `documents` replaces the bundled rule book."""
        self._case, self._events, self._ended = case, events, ended
        book = load_documents() if documents is None else documents
        self._clauses = [(f"{doc.document}/{clause.id}", clause) for doc in book for clause in doc.clauses]
        self._compiled = [
            (name, clause, [(condition, _compile(condition)) for condition in clause.when])
            for name, clause in self._clauses
            if clause.when
        ]
        self._keep = max((c.within or 0 for _, clause in self._clauses for c in clause.when), default=0) or HOUR
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._classes: dict[tuple[str, ...], dict[str, str]] = {}
        self._open: dict[str, tuple[Clause, list[str]]] = {}

    @property
    def unobservable(self) -> tuple[str, ...]:
        """The ids of the clauses that no traffic can show."""
        return tuple(name for name, clause in self._clauses if clause.evidence == "none")

    @property
    def unjudged(self) -> tuple[str, ...]:
        """The ids of the clauses that could be shown, but that no condition judges."""
        return tuple(name for name, clause in self._clauses if clause.evidence != "none" and not clause.when)

    def judge(self, finding: Finding) -> Finding:
        """Returns the finding with the clauses it breaks and its severity."""
        at = self._remember(finding)
        if at is None:
            return replace(finding, severity="info")
        hits = []
        for name, clause, conditions in self._compiled:
            hit = self._hit(name, clause, conditions, at)
            if hit is not None:
                hits.append(hit)
        unaccused: Severity = "low" if finding.phase.name == "unknown" else "info"
        severity = min((hit.severity for hit in hits), key=SEVERITIES.index, default=unaccused)
        return replace(finding, clauses=tuple(hits), severity=severity)

    def finish(self) -> tuple[ClauseHit, ...]:
        """Returns the clauses that only the end of a live session shows."""
        return tuple(
            ClauseHit(name, clause.title.en, clause.severity, clause.evidence, tuple(proof))
            for name, (clause, proof) in sorted(self._open.items())
        )

    def _remember(self, finding: Finding) -> _Judged | None:
        owner, match = finding.owner, finding.match
        tested = self._case.app.package
        other_app = bool(tested and finding.app and finding.app.package != tested)
        code = match.identifier == CODE
        if owner.party == "platform" or other_app or (finding.direction == "response") != code:
            return None
        who = (finding.app.package if finding.app else "", finding.device.name, owner.company or finding.exchange.host)
        window = self._windows.setdefault((*who, match.identifier), _Window())
        window.add(finding.time, finding.exchange.id, self._keep)
        classes = self._classes.setdefault((*who, owner.sdk), {})
        if match.confidence >= SURE:
            classes.setdefault(match.identifier, finding.exchange.id)
        return _Judged(finding, self._case, self._events, self._ended, window, classes)

    def _hit(
        self,
        name: str,
        clause: Clause,
        conditions: "Sequence[tuple[Condition, _Tests]]",
        at: _Judged,
    ) -> ClauseHit | None:
        if (at.name == CODE) != any(CODE in condition.identifier for condition, _ in conditions):
            return None
        for condition, tests in conditions:
            at.proof = []
            if not all(test(condition, at) for key, test in tests if key != "session_ended"):
                continue
            if condition.session_ended and not at.ended:
                proof = self._open.setdefault(name, (clause, []))[1]
                if len(proof) < MOST_PROOF:
                    proof.append(at.finding.exchange.id)
                continue
            severity = clause.by_form.get(form_kind(at.finding.match.form), clause.severity)  # type: ignore[call-overload]
            evidence = condition.evidence or clause.evidence
            if at.finding.match.confidence < SURE:
                severity = SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]
                evidence = "indicator"
            return ClauseHit(name, clause.title.en, severity, evidence, tuple(at.proof[-MOST_PROOF:]))
        return None


type _Tests = list[tuple[str, Callable[[Condition, _Judged], bool]]]


def _compile(condition: Condition) -> _Tests:
    """Returns the tests that the condition states, in the order of `_TESTS`."""
    return [(key, test) for key, test in _TESTS.items() if key in condition.model_fields_set]
