"""Holds findings against the rule book: adds the clauses that each one breaks, why, and the finding's severity.

What a finding's traits alone decide is worked out once for all findings of the same traits, as a plan: the clauses that
they break, and those where it hangs on more, with the tests that are left. Findings of low confidence, and those whose
recipient is uncertain where a condition is about the recipient, are indicators only. Those of the operating system or
of another app than the one under test accuse nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leaktap.config import Case
from leaktap.model import SEVERITIES, ClauseHit, Finding, Severity
from leaktap.policy import Policy, Product
from leaktap.rules._clauses import Clause, Condition, Document, load_documents
from leaktap.rules._conditions import HOUR, At, Events, Test, said, tests_of
from leaktap.rules._facts import CODE, Facts, Traits, of_finding
from leaktap.rules._past import Earlier, Past

MOST_PROOF = 50
"""Exchanges that a clause of the session names at most."""

_MOST_PLANS = 8192


@dataclass(frozen=True, slots=True)
class Compiled:
    """One entry of a clause's `when`, with its tests in the order in which they are asked."""

    condition: Condition
    tests: tuple[tuple[str, Test], ...]
    code: bool
    about_owner: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """A condition of which all steady tests hold for some traits: the tests left, and the hit as far as it is known."""

    hit: ClauseHit
    left: tuple[tuple[Condition, Test], ...]
    session_ended: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What findings of the same traits break: `hits` and `severity` where nothing is left to ask, else `clauses`."""

    hits: tuple[ClauseHit, ...]
    severity: Severity
    clauses: tuple[tuple[_Entry, ...], ...]
    counted: bool


class Engine:
    """The rule book at work over one run.

    `ended` says that all events of the case are known (a capture), not still to come (a live session).
    """

    def __init__(
        self,
        case: Case,
        events: Events,
        *,
        ended: bool = True,
        documents: Sequence[Document] | None = None,
        products: Sequence[Product] = (),
    ) -> None:
        """Compiles the clauses; `documents` replaces the bundled rule book, `products` tell SDKs' other names."""
        self._case, self._events, self._ended = case, events, ended
        book = load_documents() if documents is None else documents
        self.clauses: dict[str, Clause] = {f"{doc.document}/{c.id}": c for doc in book for c in doc.clauses}
        self._compiled = [(name, c, [compiled(w) for w in c.when]) for name, c in self.clauses.items() if c.when]
        conditions = [condition for clause in self.clauses.values() for condition in clause.when]
        promises = case.declared.identifiers if case.declared else {}
        self._promised = {name for name, said in promises.items() if said.max_per_hour is not None}
        self._counts = [condition for condition in conditions if condition.more_than is not None]
        limits = [condition.more_than or 0 for condition in self._counts]
        most = max([*limits, *(said.max_per_hour or 0 for said in promises.values())], default=0)
        self._past = Past(max([HOUR, *(condition.within or 0 for condition in conditions)]), most + 1)
        self._policy = Policy(case.declared, products)
        baseline = case.baseline
        self._earlier = Earlier.of(baseline, self._policy, products, case.app.package) if baseline else None
        self._plans: dict[Traits, _Plan] = {}
        self._open: dict[str, tuple[Clause, list[str]]] = {}

    @property
    def unobservable(self) -> tuple[str, ...]:
        """The ids of the clauses that no traffic can show."""
        return tuple(name for name, clause in self.clauses.items() if clause.evidence == "none")

    @property
    def unjudged(self) -> tuple[str, ...]:
        """The ids of the clauses that could be shown, but that no condition judges, nor a record of ours answers."""
        judged = ("none", "produces")
        return tuple(name for name, c in self.clauses.items() if c.evidence not in judged and not c.when)

    def judge(self, finding: Finding) -> Finding:
        """Returns the finding with the clauses it breaks and its severity."""
        facts = of_finding(finding, self._case.app.package)
        if self.pardon(facts):
            return replace(finding, severity="info")
        hits, severity = self._hold(facts)
        return replace(finding, clauses=hits, severity=severity)

    def pardon(self, facts: Facts) -> str:
        """Returns why a finding is held against nobody, in words; nothing where it is judged."""
        tested = self._case.app.package
        if facts.traits.party == "platform":
            return "the phone's system sent it"
        if tested and facts.package and facts.package != tested:
            return "another app sent it"
        if (facts.direction == "response") != (facts.traits.identifier == CODE):
            return "it came in a response"
        return ""

    def look(self, facts: Facts) -> At:
        """Remembers a finding that is not pardoned, and returns it with all that it is held against."""
        self._past.remember(facts, self._plan(facts.traits).counted)
        return self._at(facts)

    def finish(self) -> tuple[ClauseHit, ...]:
        """Returns the clauses that only the end of a live session shows."""
        return tuple(
            ClauseHit(name, clause.title.en, clause.severity, clause.evidence, tuple(proof), remedy=_remedy(clause))
            for name, (clause, proof) in sorted(self._open.items())
        )

    def _at(self, facts: Facts) -> At:
        return At(facts, self._case, self._events, self._past, self._policy, self._earlier)

    def _hold(self, facts: Facts) -> tuple[tuple[ClauseHit, ...], Severity]:
        plan = self._plan(facts.traits)
        self._past.remember(facts, plan.counted)
        if not plan.clauses:
            return plan.hits, plan.severity
        at = self._at(facts)
        hits = [hit for entries in plan.clauses if (hit := self._hit(entries, at))]
        return tuple(hits), _worst(hits, facts.traits)

    def _hit(self, entries: tuple[_Entry, ...], at: At) -> ClauseHit | None:
        """Returns what the first condition says that holds."""
        for entry in entries:
            if not entry.left and not entry.session_ended:
                return entry.hit
            at.proof = []
            words = []
            for condition, test in entry.left:
                word = test.holds(condition, at)
                if word is None:
                    break
                words.append(word)
            else:
                hit = entry.hit
                if entry.session_ended and not self._ended:
                    proof = self._open.setdefault(hit.id, (self.clauses[hit.id], []))[1]
                    if len(proof) < MOST_PROOF and at.facts.exchange not in proof:
                        proof.append(at.facts.exchange)
                    continue
                why = ", ".join((hit.why, *filter(None, words)))
                proof = tuple(dict.fromkeys(at.proof))
                return ClauseHit(hit.id, hit.title, hit.severity, hit.evidence, proof, why, hit.remedy)
        return None

    def _plan(self, traits: Traits) -> _Plan:
        plan = self._plans.get(traits)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[traits] = self._planned(traits)
        return plan

    def _planned(self, traits: Traits) -> _Plan:
        """Asks the steady tests of every clause."""
        facts = Facts(traits, "", 0, "", "", "", "", "", "")
        at = self._at(facts)
        clauses = [entries for name, c, when in self._compiled if (entries := _entries(name, c, when, at))]
        counted = traits.identifier in self._promised or any(
            (not c.identifier or traits.identifier in c.identifier) and (not c.category or traits.category in c.category)
            for c in self._counts
        )
        if any(entry.left or entry.session_ended for entries in clauses for entry in entries):
            return _Plan((), "info", tuple(clauses), counted)
        hits = tuple(entries[0].hit for entries in clauses)
        return _Plan(hits, _worst(hits, traits), (), counted)


def compiled(condition: Condition) -> Compiled:
    """Returns a condition with its tests."""
    tests = tests_of(condition)
    owner = any(test.about_owner for _, test in tests)
    return Compiled(condition, tuple(tests), CODE in condition.identifier, owner)


def _entries(name: str, clause: Clause, when: Sequence[Compiled], at: At) -> tuple[_Entry, ...]:
    """Returns the conditions that the traits leave open, up to the first one that surely holds."""
    entries = []
    for one in when:
        if one.code != (at.facts.traits.identifier == CODE):
            continue
        words = [test.holds(one.condition, at) for _, test in one.tests if test.steady]
        if None in words:
            continue
        left = tuple((one.condition, test) for _, test in one.tests if not test.steady)
        why = ", ".join((said(at.facts), *filter(None, words)))
        entry = _Entry(_hit(name, clause, one, at.facts.traits, why), left, one.condition.session_ended)
        entries.append(entry)
        if not left and not entry.session_ended:
            break
    return tuple(entries)


def _hit(name: str, clause: Clause, one: Compiled, traits: Traits, why: str) -> ClauseHit:
    severity = clause.severity if traits.form == "plain" else clause.by_form.get(traits.form, clause.severity)
    evidence = one.condition.evidence or clause.evidence
    if not traits.sure or (one.about_owner and not traits.owner_sure):
        severity = SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]
        evidence = "indicator"
    return ClauseHit(name, clause.title.en, severity, evidence, (), why, _remedy(clause))


def _remedy(clause: Clause) -> str:
    return clause.remedy.en if clause.remedy else ""


def _worst(hits: Sequence[ClauseHit], traits: Traits) -> Severity:
    """Returns the severity of a finding that breaks these; where the phase is unknown, one that breaks none is low."""
    unaccused: Severity = "low" if traits.phase == "unknown" else "info"
    return min((hit.severity for hit in hits), key=SEVERITIES.index, default=unaccused)
