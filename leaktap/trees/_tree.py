"""The decode tree of a payload: each value, what each decoder made of it, what was found in it and what went wrong.

Built while the walk opens values. Faults and limits hang where they happened, identifiers at their leaf; those that
several leaves show together hang at the value that holds them all.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from leaktap.decoders import Part
from leaktap.examine import Examined, Found
from leaktap.model import BLIND_REASONS, Blind, Fault, Match
from leaktap.sinks._mask import mask

ROOT = "request.body"


@dataclass(slots=True)
class Node:
    """A value: its whole path, the step from where it hangs, and what came of it."""

    path: str
    step: str
    value: bytes
    opened: list["Opening"] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    holds: bool = False


@dataclass(slots=True)
class Opening:
    """What one decoder made of a value."""

    path: str
    decoder: str
    parts: list[Node]
    matches: list[Match] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    holds: bool = False

    @property
    def size(self) -> int:
        """How many bytes came out."""
        return sum(len(part.value) for part in self.parts)


class Tree:
    """Grows by `watch`; `hang` adds what was found."""

    def __init__(self, payload: bytes) -> None:
        """Begins with the payload as it is."""
        self.root = Node(ROOT, ROOT, payload)
        self._nodes: dict[str, list[Node]] = {ROOT: [self.root]}
        self._openings: dict[str, list[Opening]] = {}
        self.matches: list[Match] = []

    def watch(self, way: str, value: bytes, parts: Sequence[Part]) -> None:
        """Takes what a decoder made of a value (`leaktap.decoders.Watch`)."""
        path, _, decoder = way.rpartition("|")
        node = next((node for node in self._nodes.get(path, ()) if node.value == value), None)
        if node is None:
            return
        opening = Opening(way, decoder, [Node(way + part.path, part.path, part.value) for part in parts if part.value])
        node.opened.append(opening)
        self._openings.setdefault(way, []).append(opening)
        for part in opening.parts:
            self._nodes.setdefault(part.path, []).append(part)

    def hang(self, examined: Examined) -> None:
        """Adds what was found in the payload, and what went wrong."""
        begin = f"{examined.exchange.origin.source}: {examined.exchange.id}: "
        for item in examined.found:
            match item:
                case Found():
                    if item.match.leaf.path.startswith(ROOT):
                        self._hang_match(item.match)
                case Fault():
                    self._note(item.where.removeprefix(begin), item.why)
                case Blind():
                    where, _, which = item.detail.rpartition(": ")
                    if item.why == "limit":
                        self._note(where, f"limit reached: {which}, {item.bytes:,} bytes not followed")
                    else:
                        self._note("", f"{BLIND_REASONS[item.why]}: {item.detail} ({item.bytes:,} bytes)")
        self._mark_ways()

    def _hang_match(self, match: Match) -> None:
        self.matches.append(match)
        nodes = self._nodes.get(match.leaf.path, ())
        exact = next((node for node in nodes if node.value == match.leaf.value), None)
        (exact or self._nearest(match.leaf.path)).matches.append(match)

    def _note(self, where: str, why: str) -> None:
        place = self._nearest(where)
        missing = where[len(place.path) :].strip("|")
        place.notes.append(f"{missing}: {why}" if missing else why)

    def _nearest(self, path: str) -> Node | Opening:
        """Returns the innermost place on the way to `path`."""
        while path:
            if path in self._nodes:
                return self._nodes[path][0]
            if path in self._openings:
                return self._openings[path][0]
            path = path[: max(map(path.rfind, ".|["))] if re.search(r"[.|\[]", path) else ""
        return self.root

    def _mark_ways(self) -> None:
        """Marks everything that holds a match somewhere below it."""
        found = {match.leaf.path for match in self.matches}
        ways = {path[:end] for path in found for end in _ends(path)} | found
        for places in (self._nodes, self._openings):
            for path in ways & places.keys():
                for place in places[path]:
                    place.holds = True


def _ends(path: str) -> Iterator[int]:
    """Yields where the steps of a path end."""
    return (found.start() for found in re.finditer(r"[.|\[]", path))


class Shown:
    """Texts as they may be shown: without what was found in the payload, unless it is to be revealed."""

    def __init__(self, matches: Iterable[Match], reveal: bool) -> None:
        """Learns what has to be hidden."""
        self._reveal = reveal
        self._masks: dict[bytes, bytes] = {}
        for match in () if reveal else matches:
            for secret in (match.leaf.value[slice(*match.span)], *match.value.encode("utf-8", "replace").split(b"\n")):
                text = secret.decode("utf-8", "backslashreplace")
                self._masks[secret] = mask(text, match.identifier, match.form).encode()
        self._masks.pop(b"", None)
        longest_first = sorted(self._masks, key=len, reverse=True)
        self._secrets = re.compile(b"|".join(map(re.escape, longest_first))) if longest_first else None

    def bytes(self, value: bytes) -> bytes:
        """Returns a value with what was found in it masked."""
        return self._secrets.sub(lambda found: self._masks[found[0]], value) if self._secrets else value

    def text(self, text: str) -> str:
        """Returns a text with what was found masked."""
        return self.bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def match(self, match: Match) -> str:
        """Returns what was found."""
        return match.value if self._reveal else mask(match.value, match.identifier, match.form)

    def is_hidden(self, node: Node) -> bool:
        """Tells whether a value cannot be shown at all: what was found is in it in another guise."""
        return not self._reveal and bool(node.opened) and node.holds
