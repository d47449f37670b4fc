"""What the dashboard shows, bounded however long a session lasts: findings in groups, lanes, what was not inspected.

Everything has the number of its last change. A page says up to which number it knows all, and is told what is newer, in
portions: so a page that comes late, or was away, costs no more at a time than any other. Of too many things the longest
unchanged go; the totals still count them. A page drops what `kept` does
not speak of: groups and blinds that are older, lanes that are not in it.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, NamedTuple

from leaktap.addon._session import Note
from leaktap.addon._tally import Tally, Unseen
from leaktap.config import Event
from leaktap.model import SEVERITIES
from leaktap.records import microseconds
from leaktap.sinks._words import harmless

MOST_GROUPS = 400
MOST_BLIND = 200
MOST_LANES = 40
MOST_BINS = 240
MOST_EVENTS = 200
MOST_TOLD = 60
"""Things in one portion."""
_MOST_NOTES = 32
"""Findings that wait to be added."""
_LONGEST_TEXT = 300
_MOST_CLAUSES = 20


class Update(NamedTuple):
    """A portion: its JSON, up to which number it tells all, and whether there is more."""

    text: str
    until: int
    more: bool


class _Lane:
    """The findings of one recipient: worst severity, count and number of the change by bin, the last touched last."""

    def __init__(self, name: str, born: int) -> None:
        self.name, self.born, self.changed = name, born, 0
        self.bins: dict[int, tuple[int, int, int]] = {}

    def add(self, place: int, worst: int, number: int, changed: int) -> None:
        """Counts findings in a bin."""
        known_worst, known, _ = self.bins.pop(place, (worst, 0, 0))
        self.bins[place] = min(known_worst, worst), known + number, changed
        self.changed = changed

    def widened(self, changed: int) -> None:
        """Makes one bin of two."""
        bins, self.bins = self.bins, {}
        for place, (worst, number, _) in bins.items():
            self.add(place // 2, worst, number, changed)

    def since(self, number: int, until: int) -> dict[str, Any]:
        """Returns what is newer than a change, up to another."""
        bins = []
        for place, (worst, total, changed) in reversed(self.bins.items()):
            if changed <= number:
                break
            if changed <= until:
                bins.append((place, worst, total))
        return {"id": self.born, "name": self.name, "bins": bins}


class Board:
    """The state. Only mitmproxy's loop touches it."""

    def __init__(self) -> None:
        """Begins with nothing, under a name that tells it from any other."""
        self.run = secrets.token_hex(6)
        self.changed = 0
        self._numbers, self._ids = count(1), count(1)
        self._groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._blind: dict[tuple[str, ...], dict[str, Any]] = {}
        self._lanes: dict[str, _Lane] = {}
        self._events: list[dict[str, Any]] = []
        self._events_changed = 0
        self._notes: list[Note] = []
        self._origin, self._width = 0, 1_000_000
        self._severities = dict.fromkeys(SEVERITIES, 0)
        self._gone = {"groups": 0, "blind": 0}
        self._sums = {"exchanges": 0, "bytes": 0, "unseen": 0, "blind": 0, "faults": 0}

    def noted(self, notes: Iterable[Note]) -> None:
        """Adds findings when somebody looks, or when there are some: one after the other they take a tenth of the time.

        What has just been used lies at hand; between two messages of a proxy it does not.
        """
        self._notes.extend(notes)
        if len(self._notes) >= _MOST_NOTES:
            self._read()

    def found(self, record: Mapping[str, Any]) -> None:
        """Adds a finding, as it is published."""
        time, severity = microseconds(record["time"]), record["severity"]
        owner, target, app = record["owner"], record["destination"], record["app"] or {}
        who = _cut(owner["sdk"] or owner["company"] or target["host"])
        clauses = tuple(clause["id"] for clause in record["clauses"][:_MOST_CLAUSES])
        package = _cut(app.get("package", ""))
        phase = record["phase"], record["background"]
        key = record["identifier"], tuple(record["form"]), who, package, record["direction"], *phase, severity, clauses
        group = self._groups.pop(key, None)
        if group is None:
            group = {"id": next(self._ids), "identifier": _cut(key[0]), "form": [_cut(form) for form in key[1]]}
            group |= {"who": who, "party": owner["party"], "company": _cut(owner["company"]), "app": package}
            group |= {"phase": phase[0], "background": phase[1], "severity": severity, "received": key[4] == "response"}
            group |= {"clauses": [_cut(clause) for clause in clauses], "count": 0, "first": time // 1000}
            group["titles"] = [_cut(clause["title"]) for clause in record["clauses"][:_MOST_CLAUSES]]
        group["count"] += 1
        group["last"] = time // 1000
        group["host"], group["url"], group["path"] = map(_cut, (target["host"], target["url"], record["path"]))
        group["value"], group["seconds"] = _cut(record["value"]), record["seconds_to_consent"]
        group["finding"], group["v"] = record["id"], self._number()
        self._groups[key] = group
        if len(self._groups) > MOST_GROUPS:
            self._gone["groups"] += self._groups.pop(next(iter(self._groups)))["count"]
        self._severities[severity] += 1
        self._place(who, time, SEVERITIES.index(severity))

    def tally(self, tally: Tally) -> None:
        """Adds what a batch amounts to."""
        self._sums["exchanges"] += tally.exchanges
        self._sums["bytes"] += tally.bytes
        self._sums["faults"] += tally.faults
        for key, unseen in tally.blind.items():
            self._unseen(tuple(map(_cut, key)), unseen)
        self._number()

    def happened(self, events: Iterable[Event]) -> None:
        """Says which events there are, all of them."""
        last = list(events)[-MOST_EVENTS:]
        self._events = [
            {
                "time": mark.at // 1000,
                "event": mark.event or "",
                "app": _cut(mark.app),
                "action": _cut(mark.action),
                "permission": {_cut(name): answer for name, answer in list(mark.permission.items())[:10]},
            }
            for mark in last
        ]
        self._events_changed = self._number()

    def since(self, number: int, state: Mapping[str, Any]) -> Update:
        """Returns the next portion for who knows all up to a number, with `state`, which is told whole each time."""
        self._read()
        groups = _newer(((group["v"], group) for group in reversed(self._groups.values())), number)
        blinds = _newer(((blind["v"], blind) for blind in reversed(self._blind.values())), number)
        lanes = _newer(((lane.changed, lane) for lane in reversed(self._lanes.values())), number)
        changes = sorted(changed for items in (groups, blinds, lanes) for changed, _ in items)
        more = len(changes) > MOST_TOLD
        until = changes[MOST_TOLD - 1] if more else self.changed
        told = [lane.since(number, until) for _, lane in reversed(lanes)]
        said: dict[str, Any] = {
            **state,
            "groups": [group for changed, group in reversed(groups) if changed <= until],
            "blind": [blind for changed, blind in reversed(blinds) if changed <= until],
            "lanes": [lane for lane in told if lane["bins"]],
            "run": self.run,
            "v": until,
            "more": more,
            "kept": {
                "groups": _oldest(group["v"] for group in self._groups.values()),
                "blind": _oldest(blind["v"] for blind in self._blind.values()),
                "lanes": [lane.born for lane in self._lanes.values()],
            },
            "axis": {"origin": self._origin // 1000, "width": self._width // 1000},
            "severities": self._severities,
            "gone": self._gone,
            "sums": self._sums,
        }
        if self._events_changed > number:
            said["events"] = self._events
        return Update(json.dumps(said, separators=(",", ":")), until, more)

    def _read(self) -> None:
        """Adds what was noted."""
        notes, self._notes = self._notes, []
        for note in notes:
            self.found(note.opened().record)

    def _number(self) -> int:
        self.changed = next(self._numbers)
        return self.changed

    def _unseen(self, key: tuple[str, ...], unseen: Unseen) -> None:
        blind = self._blind.pop(key, None)
        if blind is None:
            why, protocol, host = key
            blind = {"id": next(self._ids), "why": why, "protocol": protocol, "host": host, "count": 0, "bytes": 0}
        blind["count"] += unseen.count
        blind["bytes"] += unseen.bytes
        blind["last"] = max(blind.get("last", 0), unseen.time // 1000)
        blind["detail"] = _cut(unseen.detail) or blind.get("detail", "")
        blind["who"] = _cut(unseen.who) or blind.get("who", "")
        blind["v"] = self._number()
        self._blind[key] = blind
        self._sums["unseen"] += unseen.bytes
        self._sums["blind"] += unseen.count
        if len(self._blind) > MOST_BLIND:
            self._gone["blind"] += self._blind.pop(next(iter(self._blind)))["count"]

    def _place(self, who: str, time: int, worst: int) -> None:
        """Counts a finding in its lane; where the lanes become too long, their bins become wider."""
        if not self._lanes:
            self._origin = time
        while (time - self._origin) // self._width >= MOST_BINS:
            self._width *= 2
            for lane in self._lanes.values():
                lane.widened(self._number())
        known = self._lanes.pop(who) if who in self._lanes else _Lane(who, next(self._ids))
        while len(self._lanes) >= MOST_LANES:
            self._join(self._lanes.pop(next(filter(None, self._lanes))))
        self._lanes[who] = known
        known.add(max((time - self._origin) // self._width, 0), worst, 1, self._number())

    def _join(self, lane: _Lane) -> None:
        """Adds a lane that there is no room for to the nameless one."""
        others = self._lanes.pop("") if "" in self._lanes else _Lane("", next(self._ids))
        changed = self._number()
        for place, (worst, number, _) in lane.bins.items():
            others.add(place, worst, number, changed)
        self._lanes[""] = others


def _newer[T](items: Iterable[tuple[int, T]], number: int) -> list[tuple[int, T]]:
    """Returns the items, which come newest first, that are newer than a change."""
    found = []
    for item in items:
        if item[0] <= number:
            break
        found.append(item)
    return found


def _oldest(numbers: Iterable[int]) -> int:
    return next(iter(numbers), 0)


def _cut(text: str) -> str:
    return harmless(text, _LONGEST_TEXT)
