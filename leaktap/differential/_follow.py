"""Which fields follow the phone: the same in every run of one profile, different in the other, and not by the clock.

The same app is run at least twice with each of two device profiles. A field is suspected where, in spite of its
random and timely neighbours,

- a value comes in every run of a profile and in none of the other, for both profiles (`value`);
- bytes at the same place in values of the same length do so (`bytes`): what a secret pad, a block cipher or a message
  with a time in it leaves in place;
- its length does so while its bytes look random (`length`): what any stream cipher and padding leaves over.

Chance has to be out of the question: a value must hold so much that it does not repeat by itself, and a length must
have been seen so often that the split is no draw of the cards. What the clock explains is left out. One run of each
profile shows differences only, which prove nothing: they are counted and not named.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from typing import Literal

from leaktap.decoders import is_opaque
from leaktap.differential._fields import Field, Seen
from leaktap.model import Time

type Kind = Literal["value", "bytes", "length"]
type Side = Literal["a", "b"]

SIDES: tuple[Side, Side] = ("a", "b")

MOST_FIELDS = 50_000
_MOST_VALUES = 64
"""Values of a field that a run keeps; one with more of them varies by itself."""

_MOST_BYTES = 8192
"""Values longer than this are compared by digest and length alone."""

_ENOUGH_BITS = 20.0
"""What a value must hold so that two runs do not have it by chance: one in a million."""

_UNLIKELY = 0.001
_MOSTLY = 0.9
"""Of random bytes, some few look like something all the same."""

_FEWEST_BYTES = 4
_DAY = 86_400
_ZONE = 900
"""Seconds: the zones of the world differ by whole quarters of an hour."""

_DATE = re.compile(rb"(20\d\d)[-/.]?(0[1-9]|1[0-2])[-/.]?(0[1-9]|[12]\d|3[01])(?:[T ]?([01]\d|2[0-3]))?")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the app: its name and which profile's it is."""

    name: str
    side: Side


@dataclass(frozen=True, slots=True)
class Suspect:
    """A field that follows the phone.

    `values` are, for each side, what stood there: values, or a value of which `span` follows the phone. For lengths,
    `lengths` are the smallest and largest of each side, in bytes. `runs` and `seen` count runs and requests;
    `exchanges` are some of the requests, by run. `confidence` is 0 to 1.
    """

    field: Field
    kind: Kind
    values: tuple[bytes, bytes]
    span: tuple[int, int]
    lengths: tuple[tuple[int, int], tuple[int, int]]
    runs: int
    seen: int
    exchanges: tuple[tuple[str, str], ...]
    confidence: float
    why: str


@dataclass(slots=True)
class _InRun:
    """A field in one run: its values with the first request of each, unless there are too many to keep."""

    values: dict[bytes, tuple[Time, str]] = field(default_factory=dict)
    varies: bool = False
    seen: int = 0


@dataclass(slots=True)
class _Places:
    """Which bytes never changed among values of one length."""

    first: bytes
    stable: int
    """Bits, the last byte's lowest: ones where all values agree."""


@dataclass(slots=True)
class _Observed:
    """A field over all runs."""

    runs: dict[str, _InRun] = field(default_factory=dict)
    lengths: dict[Side, list[int]] = field(default_factory=dict)
    places: dict[Side, _Places | None] = field(default_factory=dict)
    opaque: int = 0


class Analysis:
    """Takes the fields of all runs, in any order, and says which follow the phone."""

    def __init__(self, runs: Iterable[Run]) -> None:
        """Takes the runs; their names differ."""
        self._runs = {run.name: run for run in runs}
        self._fields: dict[Field, _Observed] = {}
        self._spans: dict[Side, tuple[Time, Time]] = {}
        self.left_out = 0

    @property
    def repeated(self) -> bool:
        """Tells whether each profile was run twice at least: without that nothing can be suspected."""
        return all(sum(run.side == side for run in self._runs.values()) > 1 for side in SIDES)

    @property
    def in_turns(self) -> bool:
        """Tells whether the phones took turns: else time and phone cannot be told apart."""
        (a_first, a_last), (b_first, b_last) = (self._spans.get(side, (0, 0)) for side in SIDES)
        return a_first <= b_last and b_first <= a_last

    def add(self, run: str, seen: Seen) -> None:
        """Takes a field of a run."""
        side = self._runs[run].side
        first, last = self._spans.get(side, (seen.time, seen.time))
        self._spans[side] = min(first, seen.time), max(last, seen.time)
        observed = self._fields.get(seen.field)
        if observed is None:
            if len(self._fields) >= MOST_FIELDS:
                self.left_out += 1
                return
            observed = self._fields[seen.field] = _Observed()
        within = observed.runs.setdefault(run, _InRun())
        within.seen += 1
        value = _kept(seen.value)
        if len(within.values) < _MOST_VALUES or value in within.values:
            within.values.setdefault(value, (seen.time, seen.exchange))
        else:
            within.varies = True
        observed.lengths.setdefault(side, []).append(len(seen.value))
        observed.places[side] = _agree(observed.places, side, seen.value)
        observed.opaque += is_opaque(seen.value)

    def suspects(self) -> Iterator[Suspect]:
        """Yields what follows the phone, the surest first; what was opened further and shows it there, only there."""
        if not self.repeated:
            return
        found = [each for place, observed in self._fields.items() if (each := self._suspect(place, observed))]
        inner = {
            replace(each.field, path=each.field.path[: bar.start()]): each.confidence
            for each in sorted(found, key=lambda each: each.confidence)
            for bar in re.finditer(r"\|", each.field.path)
        }
        found = [each for each in found if inner.get(each.field, 0.0) < each.confidence]
        yield from sorted(
            found, key=lambda each: (-each.confidence, each.field.host, each.field.target, each.field.path)
        )

    def differing(self) -> int:
        """Returns how many fields differ between the profiles and within none: all that single runs can show."""
        return sum(_exclusive(self._sides(observed)) is not None for observed in self._fields.values())

    def _sides(self, observed: _Observed) -> dict[Side, list[_InRun]]:
        sides: dict[Side, list[_InRun]] = {"a": [], "b": []}
        for name, within in observed.runs.items():
            sides[self._runs[name].side].append(within)
        return sides

    def _suspect(self, place: Field, observed: _Observed) -> Suspect | None:
        sides = self._sides(observed)
        if any(len(runs) < 2 for runs in sides.values()):
            return None
        return (
            self._by_value(place, observed, sides)
            or self._by_bytes(place, observed, sides)
            or self._by_length(place, observed, sides)
        )

    def _by_value(self, place: Field, observed: _Observed, sides: dict[Side, list[_InRun]]) -> Suspect | None:
        pair = _exclusive(sides)
        if pair is None:
            return None
        weakest = min(map(_bits, pair))
        runs = len(observed.runs)
        chance = 2.0 ** (1 - runs)  # of two values that a coin chooses in each run
        if weakest < _ENOUGH_BITS and chance > _UNLIKELY:
            return None
        if _by_clock(pair, sides):
            return None
        why = f"the same in all {len(sides['a'])} and all {len(sides['b'])} runs, never the other's"
        confidence = 0.9 if weakest >= _ENOUGH_BITS else 0.6
        return self._told(place, observed, "value", pair, (0, 0), confidence, why)

    def _by_bytes(self, place: Field, observed: _Observed, sides: dict[Side, list[_InRun]]) -> Suspect | None:
        a, b = observed.places.get("a"), observed.places.get("b")
        if a is None or b is None or len(a.first) != len(b.first):
            return None
        if _same(sides):
            return None  # nothing but these bytes ever varies: a value, which was judged as one
        both = a.stable & b.stable & _differing(a.first, b.first)
        spans = [span for span in _spans(both, len(a.first)) if span[1] - span[0] >= _FEWEST_BYTES]
        strong = [
            span for span in spans
            if min(_bits(side.first[slice(*span)], whole=False) for side in (a, b)) >= _ENOUGH_BITS
        ]  # fmt: skip
        if not strong:
            return None
        span = max(strong, key=lambda each: each[1] - each[0])
        if _by_clock((a.first[slice(*span)], b.first[slice(*span)]), sides):
            return None
        why = f"{sum(end - start for start, end in strong)} of {len(a.first)} bytes stay with the phone, others vary"
        return self._told(place, observed, "bytes", (a.first, b.first), span, 0.8, why)

    def _by_length(self, place: Field, observed: _Observed, sides: dict[Side, list[_InRun]]) -> Suspect | None:
        a, b = (observed.lengths[side] for side in SIDES)
        if observed.opaque < _MOSTLY * (len(a) + len(b)):
            return None
        if max(a) >= min(b) and max(b) >= min(a):
            return None
        if any(len(within.values) < within.seen for runs in sides.values() for within in runs):
            return None  # the same bytes again: no fresh ciphertext
        chance = 2 / math.comb(len(a) + len(b), len(a))
        if chance > _UNLIKELY:
            return None
        why = f"ciphertext whose length never crosses over in {len(a)} and {len(b)} requests"
        values = (_some(sides["a"]), _some(sides["b"]))
        return self._told(place, observed, "length", values, (0, 0), 0.6, why)

    def _told(
        self,
        place: Field,
        observed: _Observed,
        kind: Kind,
        values: tuple[bytes, bytes],
        span: tuple[int, int],
        confidence: float,
        why: str,
    ) -> Suspect:
        a, b = (observed.lengths[side] for side in SIDES)
        first = {name: next(iter(within.values.values()))[1] for name, within in observed.runs.items() if within.values}
        return Suspect(
            field=place,
            kind=kind,
            values=values,
            span=span,
            lengths=((min(a), max(a)), (min(b), max(b))),
            runs=len(observed.runs),
            seen=sum(within.seen for within in observed.runs.values()),
            exchanges=tuple(sorted(first.items())),
            confidence=confidence,
            why=why,
        )


def _agree(places: dict[Side, _Places | None], side: Side, value: bytes) -> _Places | None:
    """Returns which bytes still agree, now that a value came; nothing once lengths differ."""
    size = len(value)
    if side not in places:
        return _Places(value, (1 << size) - 1) if size <= _MOST_BYTES else None
    known = places[side]
    if known is None or size != len(known.first):
        return None
    if known.stable:
        known.stable &= ~_differing(known.first, value)
    return known


def _differing(one: bytes, other: bytes) -> int:
    """Returns a bit for each byte in which two values of one length differ, the last byte's lowest."""
    mixed = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return int(mixed.to_bytes(len(one), "big").translate(_CHANGED) or b"0", 2)


_CHANGED = b"0" + b"1" * 255


def _spans(bits: int, size: int) -> Iterator[tuple[int, int]]:
    """Yields the runs of ones, as start and end from the first byte."""
    place = 0
    for digit, group in groupby(f"{bits:0{size}b}" if size else ""):
        length = len(list(group))
        if digit == "1":
            yield place, place + length
        place += length


def _exclusive(sides: dict[Side, list[_InRun]]) -> tuple[bytes, bytes] | None:
    """Returns a value of each side that all its runs have and the other side's have not."""
    if any(within.varies for runs in sides.values() for within in runs) or not all(sides.values()):
        return None
    common, either = {}, {}
    for side, runs in sides.items():
        common[side] = set.intersection(*(set(within.values) for within in runs))
        either[side] = set().union(*(within.values for within in runs))
    own = sorted(common["a"] - either["b"], key=_bits), sorted(common["b"] - either["a"], key=_bits)
    return (own[0][-1], own[1][-1]) if own[0] and own[1] else None


def _kept(value: bytes) -> bytes:
    """Returns a value as it is kept: whole, or its beginning and a digest."""
    if len(value) <= _MOST_BYTES:
        return value
    return value[:64] + blake2b(value, digest_size=16).digest()


def _same(sides: dict[Side, list[_InRun]]) -> bool:
    """Tells whether each side has but one value in all of its runs."""
    return all(len(set().union(*(within.values for within in runs))) == 1 for runs in sides.values())


def _bits(value: bytes, whole: bool = True) -> float:
    """Returns how much a value holds, at most: words that anybody may say hold little, digits and hexadecimal more."""
    if not value:
        return 0.0
    if not value.isascii() or not value.decode("ascii").isprintable():
        return 8.0 * len(set(value)) if whole else 6.0 * len(set(value))
    text = value.decode("ascii")
    digits = sum(char.isdigit() for char in text)
    letters = sum(char.isalpha() for char in text)
    mixed = letters and re.search(r"[a-z][A-Z]|\d[A-Za-z]\d|[A-Za-z]\d[A-Za-z]", text) is not None
    distinct = len(set(text))
    return min(3.3 * digits + (4.0 * letters if mixed else 0.0), 4.5 * distinct)


def _by_clock(pair: tuple[bytes, bytes], sides: dict[Side, list[_InRun]]) -> bool:
    """Tells whether values are days or hours of the runs: what is coarse comes again in runs of one day."""
    times = {side: [time for within in runs for time, _ in within.values.values()] for side, runs in sides.items()}
    return all(_is_coarse_time(value, times[side]) for value, side in zip(pair, SIDES, strict=True))


def _is_coarse_time(value: bytes, times: list[Time]) -> bool:
    seconds = [time / 1_000_000 for time in times]
    if value.isdigit() and len(value) in (10, 13, 16):
        unit = 10 ** (len(value) - 10)
        moment, rest = divmod(int(value), unit)
        return not rest and not moment % _ZONE and all(abs(moment - second) < 1.5 * _DAY for second in seconds)
    if found := _DATE.search(value):
        year, month, day = (int(part) for part in found.groups()[:3])
        try:
            midday = datetime(year, month, day, 12, tzinfo=UTC)
        except ValueError:
            return False
        return all(abs(midday - datetime.fromtimestamp(second, UTC)) < timedelta(days=1.6) for second in seconds)
    return False


def _some(runs: list[_InRun]) -> bytes:
    return next((value for within in runs for value in within.values), b"")
