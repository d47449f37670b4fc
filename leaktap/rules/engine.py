"""Holds findings against the rule book: adds the clauses that each one breaks, why, and the finding's severity.

What a finding's traits alone decide is worked out once for all findings of the same traits, as a plan: the clauses that
they break, and those where it hangs on more, with the tests that are left. Findings of low confidence, and those whose
recipient is uncertain where a condition is about the recipient, are indicators only. Those of the operating system or
of another app than the one under test accuse nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

from leaktap.config import Case
from leaktap.model import SEVERITIES, ClauseHit, Finding, Severity
from leaktap.policy import Policy, Product
from leaktap.rules._clauses import Clause, Condition, Document, load_documents
from leaktap.rules._conditions import At, Events, Test, tests_of
from leaktap.rules._facts import CODE, Facts, Traits, of_finding
from leaktap.rules._past import Earlier, Past
from leaktap.rules._words import HOUR, said

MOST_PROOF = 50
"""Exchanges that a clause of the session names at most."""

_MOST_PLANS = 8192
_MOST_TOLD = 64
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True)
class Compiled:
    """One entry of a clause's `when`, with its tests in the order in which they are asked."""

    condition: Condition
    tests: tuple[tuple[str, Test], ...]
    code: bool
    about_owner: bool


type _Question = tuple[tuple[Condition, Callable[[Condition, At], str | None]], ...]
"""Tests that a finding's traits leave open: what to ask, and of which condition."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A condition of which all steady tests hold for some traits: the hit as far as it is known.

    `question` is the place of its open tests among the plan's, None where there are none.
    """

    hit: ClauseHit
    question: int | None
    session_ended: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What findings of the same traits break.

    `questions` are the tests left open, each once however many conditions ask it. Where none of them holds, the clauses
    are `hits` and the worst of them `severity`; else `sure` has in the book's order what holds anyway, with None at the
    places of `open`, which hang on the answers; `told` are the outcomes by the questions that hold. `counted` says
    whether some clause counts such findings.
    """

    hits: tuple[ClauseHit, ...]
    severity: Severity
    questions: tuple[_Question, ...]
    sure: tuple[ClauseHit | None, ...]
    open: tuple[tuple[int, tuple[_Entry, ...]], ...]
    counted: bool
    told: "dict[tuple[int, ...], _Outcome]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What findings of a plan break where the same of its questions hold.

    Of the `hits`, in the book's order, those at the places of `open` want the words and the proof of a question's
    answer. What is in `later` waits for the end of the session.
    """

    hits: tuple[ClauseHit, ...]
    severity: Severity
    open: tuple[tuple[int, int], ...]
    later: tuple[ClauseHit, ...]
    made: dict[tuple[int, str], ClauseHit] = field(default_factory=dict)

    def told(self, place: int, words: str, shown: tuple[str, ...]) -> ClauseHit:
        """Returns the hit at a place with why its condition holds; without a proof it is made once."""
        hit = self.hits[place]
        why = f"{hit.why}, {words}" if words else hit.why
        made = ClauseHit(hit.id, hit.title, hit.severity, hit.evidence, shown, why, hit.remedy)
        if not shown and len(self.made) < _MOST_TOLD:
            self.made[place, words] = made
        return made


type _Answer = tuple[str, tuple[str, ...]]
"""Why a condition holds, in words, and the exchanges that prove it."""

_COPIED: Callable[[Finding], tuple[Any, ...]] = attrgetter(*[each.name for each in fields(Finding)][:-2])
"""Everything of a finding but what the engine adds: its clauses and severity, which stand last."""
_MADE: Callable[..., Finding] = Finding


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
        return _MADE(*_COPIED(finding), hits, severity)

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
        if not plan.questions:
            return plan.hits, plan.severity
        at = self._at(facts)
        answers = [_answer(question, at) for question in plan.questions]
        held = tuple([place for place, answer in enumerate(answers) if answer])
        if not held:
            return plan.hits, plan.severity
        outcome = plan.told.get(held)
        if outcome is None:
            if len(plan.told) >= _MOST_TOLD:
                plan.told.clear()
            outcome = plan.told[held] = self._outcome(plan, set(held), facts.traits)
        for hit in outcome.later:
            proof = self._open.setdefault(hit.id, (self.clauses[hit.id], []))[1]
            if len(proof) < MOST_PROOF and facts.exchange not in proof:
                proof.append(facts.exchange)
        hits = list(outcome.hits)
        for place, question in outcome.open:
            words, shown = answers[question] or ("", ())
            known = None if shown else outcome.made.get((place, words))
            hits[place] = known or outcome.told(place, words, shown)
        return tuple(hits), outcome.severity

    def _outcome(self, plan: _Plan, held: set[int], traits: Traits) -> _Outcome:
        """Works out which entry of each clause is the first that holds."""
        slots: list[tuple[ClauseHit, int | None] | None] = [(hit, None) if hit else None for hit in plan.sure]
        later = []
        for place, entries in plan.open:
            holding = [entry for entry in entries if entry.question is None or entry.question in held]
            waits = [entry.session_ended and not self._ended and entry.question is not None for entry in holding]
            first = waits.index(False) if False in waits else len(waits)
            later += [entry.hit for entry in holding[:first]]
            slots[place] = (holding[first].hit, holding[first].question) if first < len(holding) else None
        found = [slot for slot in slots if slot is not None]
        hits = [hit for hit, _ in found]
        asked = tuple((place, question) for place, (_, question) in enumerate(found) if question is not None)
        return _Outcome(tuple(hits), _worst(hits, traits), asked, tuple(later))

    def _plan(self, traits: Traits) -> _Plan:
        plan = self._plans.get(traits)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[traits] = self._planned(traits)
        return plan

    def _planned(self, traits: Traits) -> _Plan:
        """Asks the steady tests of every clause."""
        at = self._at(Facts(traits, "", 0, "", "", "", "", "", ""))
        questions: dict[tuple[object, ...], tuple[int, _Question]] = {}
        slots: list[ClauseHit | tuple[_Entry, ...]] = []
        for name, clause, when in self._compiled:
            entries = _entries(name, clause, when, at, questions)
            if entries:
                slots.append(entries[0].hit if entries[0].question is None else entries)
        last = [slot if isinstance(slot, ClauseHit) else slot[-1] for slot in slots]
        hits = [end if isinstance(end, ClauseHit) else end.hit for end in last if _is_sure(end)]
        asked = tuple(question for _, question in questions.values())
        sure = tuple(slot if isinstance(slot, ClauseHit) else None for slot in slots)
        left = tuple((place, slot) for place, slot in enumerate(slots) if not isinstance(slot, ClauseHit))
        return _Plan(tuple(hits), _worst(hits, traits), asked, sure, left, self._counts_in(traits))

    def _counts_in(self, traits: Traits) -> bool:
        return traits.identifier in self._promised or any(
            (not c.identifier or traits.identifier in c.identifier)
            and (not c.category or traits.category in c.category)
            for c in self._counts
        )


def _is_sure(end: ClauseHit | _Entry) -> bool:
    return isinstance(end, ClauseHit) or end.question is None


def _answer(question: _Question, at: At) -> _Answer | None:
    """Returns why all of its tests hold, or None where one does not."""
    words = ""
    for condition, holds in question:
        word = holds(condition, at)
        if word is None:
            at.proof = ()
            return None
        if word:
            words = f"{words}, {word}" if words else word
    proof, at.proof = at.proof, ()
    return words, proof


def compiled(condition: Condition) -> Compiled:
    """Returns a condition with its tests."""
    tests = tests_of(condition)
    owner = any(test.about_owner for _, test in tests)
    return Compiled(condition, tuple(tests), CODE in condition.identifier, owner)


def _entries(
    name: str,
    clause: Clause,
    when: Sequence[Compiled],
    at: At,
    questions: dict[tuple[object, ...], tuple[int, _Question]],
) -> tuple[_Entry, ...]:
    """Returns the conditions that the traits leave open, up to the first one that surely holds; adds to `questions`."""
    entries = []
    head = said(at.facts)
    for one in when:
        if one.code != (at.facts.traits.identifier == CODE):
            continue
        words = _steady(one, at)
        if words is None:
            continue
        left = [(key, test) for key, test in one.tests if not test.steady]
        if left and not all(test.possible(at) for _, test in left):
            continue
        why = ", ".join((head, *filter(None, words)))
        hit = _hit(name, clause, one, at.facts.traits, why)
        if not left and not one.condition.session_ended:
            entries.append(_Entry(hit, None, False))
            break
        same = (*((key, getattr(one.condition, key)) for key, _ in left), one.condition.within)
        place = questions.setdefault(same, (len(questions), tuple((one.condition, test.holds) for _, test in left)))[0]
        entries.append(_Entry(hit, place, one.condition.session_ended))
    return tuple(entries)


def _steady(one: Compiled, at: At) -> list[str] | None:
    """Returns in which words the steady tests hold, or None where one does not."""
    words = []
    for _, test in one.tests:
        if test.steady:
            word = test.holds(one.condition, at)
            if word is None:
                return None
            words.append(word)
    return words


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
    if not hits:
        return "low" if traits.phase == "unknown" else "info"
    return SEVERITIES[min([_RANK[hit.severity] for hit in hits])]
