"""The matcher: finds the devices' known values in every disguise, and what looks like an identifier without a profile.

Each leaf is scanned once for everything (`_scan`): needles of known values (`_known`), names and shapes (`_unknown`).
No candidate that overlaps a known value is judged. What is found twice because the walk kept two readings of the same
bytes is kept once (`_places.one_reading`).

Confidence: 1.0 a known value of 48 bits or more, or a hash of one of 24 or more; 0.9 a known value that stands apart;
0.8 a short known value under its name; 0.95 a right check digit under the right name; 0.7 to 0.9 a value of the right
form under the right name, or records of one build; 0.7 a hash-like value under a class's name; 0.6 and below structure
alone, a value that falls short of its class's rules, or a name that other things go by as well.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from time import thread_time
from typing import NamedTuple

from leaktap.config import DeviceProfile
from leaktap.identifiers import classes
from leaktap.identifiers._api import Candidate, Scene
from leaktap.identifiers._geo import beginnings, maps
from leaktap.identifiers._hidden import looks
from leaktap.identifiers._keys import AROUND, is_name, names_inside
from leaktap.identifiers._known import KnownValues
from leaktap.identifiers._opaque import Runs
from leaktap.identifiers._places import one_reading, part_of, unmarked
from leaktap.identifiers._salts import NAMED, Salts
from leaktap.identifiers._scan import Hints, Hit, Scanner, literal
from leaktap.identifiers._unknown import Unknown
from leaktap.model import Direction, Leaf, Match, Message

MOST_MATCHES = 20_000
"""How many values of one message are told one by one."""

_LEAVES_PER_LOOK, _MOST_NAMES = 64, 1000

_MARKED = 1 << 22
"""Bytes of a text whose marks are made once for all that asks for them, which takes as many."""

_BEGINS = rb"(?:^|[^1-9]|(?:%(?:25){0,8}|u00|x)[2-7][1-9])"
"""What stands before a number: no digit of its own, but maybe one of an escape."""


class Looked(NamedTuple):
    """What was found in the first `leaves` leaves, and why in no more: "matches", "seconds", or nothing if in all.

    Of the leaves in `cut`, which repeat something without end, only the beginning was seen.
    """

    matches: list[Match]
    leaves: int
    limit: str = ""
    cut: Sequence[Leaf] = ()


class Matcher:
    """Finds personal information in leaves. Safe to use from several threads at once."""

    def __init__(
        self,
        devices: Sequence[DeviceProfile] = (),
        hints: Sequence[bytes] = (),
        salts: Sequence[str] = (),
        alphabets: Sequence[str] = (),
    ) -> None:
        """Prepares the search for the devices' values.

        `hints` are expressions for what may hide something once decoded; `sieve` lets pass what has one. `salts` are
        what apps may hash with, beside those of the profiles; `alphabets` are those of base64 beside the RFC's.
        """
        self._devices = tuple(devices)
        self._identifiers = tuple(classes().values())
        self._gatherers = [
            (each.name, gather) for each in self._identifiers if (gather := each.gather or each.structure)
        ]
        self._always = {each.name for each in self._identifiers if each.always and self._devices}
        self._wholes = [identifier.whole for identifier in self._identifiers if identifier.whole]
        self._known = KnownValues(self._devices, self._identifiers, salts)
        self._unknown = Unknown(self._identifiers)
        in_any_case = [*self._known.digits, *self._unknown.triggers]
        sections = (self._known.needles, in_any_case, self._unknown.shapes)
        self._salts = Salts(self._known.inputs)
        places = [place for device in self._devices for place in device.location]
        degrees = {_BEGINS + literal(text) for place in places for text in beginnings(place)}
        shown = [each for place in places for each in maps(place)]
        wrapped = self._known.visible, self._known.whole, shown, list(alphabets)
        hidden = Hints(repr(wrapped).encode(), lambda: looks(*wrapped))
        self._scanner = Scanner(*sections, [NAMED, AROUND, *hints, *sorted(degrees)], hidden)
        self._runs = Runs(alphabets, self._look)
        self._triggers_from = len(self._known.needles) + len(self._known.digits)
        self._shapes_from = self._triggers_from + len(self._unknown.triggers)
        self._salt = self._shapes_from + len(self._unknown.shapes)

    def sieve(self, data: bytes) -> list[int] | None:
        """Returns where in a buffer anything may end: a known value, a shape, a name, or something to decode.

        None means that there are too many places to tell them.
        """
        marks = self._runs.marks(data) if len(data) <= _MARKED else None
        hits = self._scanner.spots(data, marks)
        if hits is None:
            return None
        low, high, salt, around = self._triggers_from, self._shapes_from, self._salt, self._salt + 1
        named: list[int] = []
        spots: set[int] = set()
        for number, end in hits:
            if number == salt:
                named.append(end)
            elif low <= number < high:
                if is_name(data, end):
                    spots.add(end)
            elif number != around or self._is_around(data, end):
                spots.add(end)
        if named and (salted := self._salts.spots(data, named)):
            spots.update(named, salted)
        return sorted(spots.union(self._runs.ends(data, marks)))

    def _is_around(self, data: bytes, end: int) -> bool:
        """Tells whether an object, whose own name ends at `end`, may have members that are called so only in it."""
        names = names_inside(data, end)
        return names is None or any(map(self._unknown.names.classes, names))

    def _look(self, text: bytes) -> list[int]:
        """Returns where anything but a name ends in a text that the sieve has not seen so."""
        hits = self._scanner.spots(text)
        if hits is None:
            return list(range(1, len(text) + 1))
        return [end for number, end in hits if not self._triggers_from <= number < self._shapes_from]

    def whole(self, message: Message, direction: Direction) -> Iterator[Match]:
        """Yields what a message as a whole shows."""
        for whole in self._wholes:
            yield from whole(message, direction)

    def match(self, leaves: Sequence[Leaf], app: str = "", device: str = "") -> list[Match]:
        """Returns what was found in the leaves of one message: leaf by leaf, then what several of them show together.

        `app` is the sender's package name and `device` the profile of the phone that sent it, where they are known:
        that profile's values go before another's.
        """
        return self.look(leaves, app, device, math.inf).matches

    def look(
        self,
        leaves: Sequence[Leaf],
        app: str = "",
        device: str = "",
        most: float = MOST_MATCHES,
        seconds: float = math.inf,
    ) -> Looked:
        """Does what `match` does until there are `most` matches in single leaves, or for `seconds` of the processor."""
        single: list[Match] = []
        known: dict[str, list[Match]] = {}
        candidates: dict[str, list[Candidate]] = {}
        limit = ""
        cut: list[Leaf] = []
        around: set[str] = set()
        until = thread_time() + seconds
        for at, leaf in enumerate(leaves):
            if len(single) >= most:
                limit = "matches"
            elif not at % _LEAVES_PER_LOOK and thread_time() > until:
                limit = "seconds"
            if limit:
                leaves = leaves[:at]
                break
            hits: Sequence[Hit] = ()
            if not leaf.beside:
                hits, is_cut = self._scanner.hits(leaf.value)
                if is_cut:
                    cut.append(leaf)
            named = self._unknown.names.classes(leaf.keys[-2:])
            if len(leaf.keys) > 2:
                around.update(leaf.keys[:-2])
            if not hits and not named:
                continue
            triggers_from = bisect_right(hits, (self._triggers_from,))
            shapes_from = bisect_right(hits, (self._shapes_from,))
            taken = unmarked(len(leaf.value))
            for identifier, match in self._known.matches(leaf, hits[:triggers_from], taken, device):
                (known.setdefault(identifier.name, []) if identifier.gather else single).append(match)
            shapes: dict[int, list[int]] = {}
            for number, end in hits[shapes_from:]:
                shapes.setdefault(self._unknown.shape_of[number - self._shapes_from], []).append(end)
            ends = [end for _, end in hits[triggers_from:shapes_from]]
            found = self._unknown.candidates(leaf, ends, shapes, named, taken)
            for identifier, candidate in found:
                if identifier.gather or identifier.structure:
                    candidates.setdefault(identifier.name, []).append(candidate)
            single += self._unknown.judge([item for item in found if item[0].judge], taken)
        salted = list(self._salts.matches(leaves, single, app))
        explained = {id(match.leaf) for match in salted}
        single = [match for match in single if id(match.leaf) not in explained] + salted
        for key in sorted(around)[:_MOST_NAMES]:
            for each in self._unknown.names.classes((key,)):
                if each.identifier.structure:
                    candidates.setdefault(each.identifier.name, [])
        gathered = self._gather(leaves, candidates, known, app)
        inside = part_of([match for match in gathered if match.count > 1])
        matches = one_reading([match for match in single if match.basis == "known" or not inside(match)] + gathered)
        return Looked(matches, len(leaves), limit, cut)

    def _gather(
        self, leaves: Sequence[Leaf], candidates: dict[str, list[Candidate]], known: dict[str, list[Match]], app: str
    ) -> list[Match]:
        """Returns what the gatherers make of their classes' candidates and known values."""
        found: list[Match] = []
        for name, gather in self._gatherers:
            if name in candidates or name in known or name in self._always:
                found += gather(Scene(leaves, candidates.get(name, ()), known.get(name, ()), self._devices, app))
        return found
