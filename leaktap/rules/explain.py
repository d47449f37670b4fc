"""Why a clause fired in a run or did not: the run's findings held against it once more, one condition after the other.

For each entry of the clause's `when` it is counted how many findings met each test in turn, and what the others lacked.
The findings come from a result file, in its order, so what they are counted by is what it was in the run.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from leaktap.rules._conditions import At
from leaktap.rules._facts import CODE, Facts
from leaktap.rules.engine import Compiled, Engine, compiled

_MOST_REASONS = 100
_MOST_SHOWN = 20


@dataclass(slots=True)
class Step:
    """One test of an entry: the findings that came to it and met it, and what the others lacked, by reason."""

    key: str
    met: int = 0
    lacking: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Way:
    """One entry of `when`: its steps in order, and the findings that met all of them.

    `apart` counts those that are not of its kind: code where it is about personal information, and the other way.
    """

    compiled: Compiled
    steps: list[Step]
    apart: int = 0
    met: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding that met an entry: its id, why in words, and the exchanges that prove it."""

    finding: str
    why: str
    proof: tuple[str, ...]


class Explanation:
    """What a run's findings say of one clause; `fired` counts those that break it, `shown` are the first of them.

    `pardoned` counts those that are held against nobody, by reason.
    """

    def __init__(self, engine: Engine, clause: str) -> None:
        """Takes the rule book, with the case that the findings are held against, and a clause of it."""
        self._engine = engine
        self.ways = [_way(compiled(condition)) for condition in engine.clauses[clause].when]
        self.judged = self.fired = 0
        self.pardoned: Counter[str] = Counter()
        self.shown: list[Shown] = []

    def add(self, facts: Facts) -> None:
        """Holds one more finding against the clause."""
        if reason := self._engine.pardon(facts):
            self.pardoned[reason] += 1
            return
        self.judged += 1
        at = self._engine.look(facts)
        broken = [shown for way in self.ways if (shown := _walk(way, at))]
        if broken:
            self.fired += 1
            if len(self.shown) < _MOST_SHOWN:
                self.shown.append(broken[0])

    def missing(self) -> Iterator[tuple[Way, Step, str]]:
        """Yields, for each entry that nothing met, the first step that nothing passed and what was lacking most."""
        for way in self.ways:
            step = next((step for step in way.steps if not step.met), None)
            if not way.met and step is not None and step.lacking:
                yield way, step, step.lacking.most_common(1)[0][0]


def _way(one: Compiled) -> Way:
    return Way(one, [Step(key) for key, _ in one.tests])


def _walk(way: Way, at: At) -> Shown | None:
    """Counts how far a finding comes; returns it where that is to the end."""
    if way.compiled.code != (at.facts.traits.identifier == CODE):
        way.apart += 1
        return None
    at.proof = ()
    words = []
    for step, (_, test) in zip(way.steps, way.compiled.tests, strict=True):
        word = test.holds(way.compiled.condition, at)
        if word is None:
            reason = test.lacks(way.compiled.condition, at)
            step.lacking[
                reason if reason in step.lacking or len(step.lacking) < _MOST_REASONS else "other reasons"
            ] += 1
            return None
        step.met += 1
        words.append(word)
    way.met += 1
    return Shown(at.facts.id, ", ".join(filter(None, words)), at.proof)
