"""Without a profile: what in a leaf may be an identifier, and what the classes say of it.

A candidate is a leaf's whole value under a class's name, a value that stands after such a name inside a text
(`imei=...` in a log line), or an occurrence of a class's shape.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from leaktap.identifiers._api import Candidate, Identifier, Verdict, fold_key
from leaktap.identifiers._keys import Named, Names, in_text, read_pair
from leaktap.identifiers._places import MARK, Marks, apart, bare
from leaktap.identifiers.forms import guess_hash, is_placeholder, placeholder_digests
from leaktap.model import Leaf, Match

_LONGEST = 512
"""Bytes that a single identifier may have."""

_WINDOW = 320
"""Bytes before and after the end of a shape's hit in which the shape is looked for again, with its beginning."""

type Span = tuple[int, int]
type Found = list[tuple[Identifier, Candidate]]


@dataclass(slots=True)
class _Search:
    """The candidates of one leaf, each span once per class."""

    leaf: Leaf
    taken: Marks
    nothing: frozenset[str]
    found: Found = field(default_factory=list)
    _seen: set[tuple[str, Span]] = field(default_factory=set)

    def add(self, named: Named, span: Span, is_named: bool = True) -> None:
        """Takes a candidate unless it overlaps a known value, is too long, no text, or nobody's.

        Of classes whose values may be long files, bytes that are no text count as well, in hexadecimal.
        """
        mark = (named.identifier.name, span)
        if mark in self._seen or not 0 < span[1] - span[0] <= _LONGEST or self.taken.find(MARK, *span) >= 0:
            return
        self._seen.add(mark)
        try:
            text = self.leaf.value[slice(*span)].decode()
        except UnicodeDecodeError:
            if not named.identifier.long_values:
                return
            text = self.leaf.value[slice(*span)].hex()
        if not is_placeholder(text, named.identifier) and text.lower() not in self.nothing:
            candidate = Candidate(self.leaf, text, span, named.key, is_named, named.weak, named.hashed)
            self.found.append((named.identifier, candidate))


class Unknown:
    """The classes that recognise values without a profile; `triggers` and `shapes` are what the scan looks for.

    `shape_of` are the numbers of the shapes that each of `shapes` is a cue of.
    """

    def __init__(self, identifiers: Sequence[Identifier]) -> None:
        """Takes all classes; those with neither judge nor gatherer nor structure need a profile."""
        searched = [each for each in identifiers if each.judge or each.gather or each.structure]
        self.names = Names(searched)
        self.triggers = list(
            dict.fromkeys(in_text(key) for i in searched for keys in (i.keys, i.weak_keys) for key in keys if i.in_text)
        )
        owners: dict[tuple[bytes, tuple[bytes, ...]], list[Identifier]] = {}
        for identifier in searched:
            for shape, cue in zip(identifier.shapes, identifier.cues or identifier.shapes, strict=True):
                cues = (cue,) if isinstance(cue, bytes) else cue
                owners.setdefault((shape, cues), []).append(identifier)
        self.shapes = [cue for _, cues in owners for cue in cues]
        self.shape_of = [number for number, (_, cues) in enumerate(owners) for _ in cues]
        self._shapes = [(re.compile(shape), identifiers) for (shape, _), identifiers in owners.items()]
        self._nothing = placeholder_digests(identifiers)

    def candidates(
        self, leaf: Leaf, ends: Iterable[int], shapes: dict[int, list[int]], named: Sequence[Named], taken: Marks
    ) -> Found:
        """Returns the candidates in a leaf, none of which overlaps what is `taken`.

        `ends` is where names end that a value may follow, `shapes` where the cue of each shape ends, `named` the
        classes that the leaf is named for.
        """
        search = _Search(leaf, taken, self._nothing)
        for name in named:
            if len(leaf.value) <= _LONGEST:
                search.add(name, bare(leaf.value))
            elif name.identifier.long_values:
                search.add(name, (0, len(leaf.value[:_LONGEST].decode("utf-8", "ignore").encode())))
        for end in ends:
            pair = read_pair(leaf.value, end)
            if pair:
                for name in self.names.classes(pair[0][-2:]):
                    if name.identifier.in_text:
                        search.add(name, pair[1])
        own = {name.identifier.name: name for name in named}
        for number, stops in shapes.items():
            pattern, identifiers = self._shapes[number]
            for span in _occurrences(pattern, leaf.value, stops):
                for identifier in identifiers:
                    name = own.get(identifier.name) or Named(identifier, fold_key(leaf.key))
                    search.add(name, span, identifier.name in own)
        return search.found

    def judge(self, found: Found, taken: Marks) -> Iterator[Match]:
        """Yields what the classes take their candidates for, each value once.

        Of overlapping ones the surest wins; of equally sure ones the longest, then the class that comes first. What
        looks like a digest under a class's name is taken for a hash, unless another class takes it as it stands.
        """
        verdicts: list[Match] = []
        hashes: list[Match] = []
        for identifier, candidate in found:
            likely = candidate.named and not candidate.weak and identifier.hashed
            form = guess_hash(candidate.text, candidate.key) if likely else None
            if form and (candidate.hashed or not identifier.digest_like):
                hashes.append(_match(identifier, candidate, Verdict("key", 0.7, form, "looks like a digest")))
            elif identifier.judge and (verdict := identifier.judge(candidate)):
                verdicts.append(_match(identifier, candidate, verdict))
        verdicts.sort(key=lambda match: (-match.confidence, match.span[0] - match.span[1]))
        told: set[tuple[str, str]] = set()
        for match in (*verdicts, *hashes):
            if taken.find(MARK, *match.span) < 0:
                taken[slice(*match.span)] = MARK * (match.span[1] - match.span[0])
                if (match.identifier, match.value) not in told:
                    told.add((match.identifier, match.value))
                    yield match


def _match(identifier: Identifier, candidate: Candidate, verdict: Verdict) -> Match:
    named = f"named {candidate.key}" if candidate.named else ""
    return Match(
        candidate.leaf,
        identifier.name,
        identifier.category,
        candidate.text,
        candidate.span,
        verdict.form,
        verdict.basis,
        verdict.confidence,
        why="; ".join(filter(None, (named, verdict.why))),
    )


def _occurrences(shape: re.Pattern[bytes], data: bytes, ends: Sequence[int]) -> Iterator[Span]:
    """Yields where a shape stands apart, near the places where the scan saw it end."""
    done = 0
    for end in sorted(ends):
        if end <= done:
            continue
        for found in shape.finditer(data, max(end - _WINDOW, done), end + _WINDOW):
            done = max(done, found.end())
            if apart(data, found.span()):
                yield found.span()
