"""Known values: the needles of all devices' profiles, and which hits of them are telling enough where they stand.

- 48 bits or more (`forms.bits`): wherever it stands, also glued to other text;
- 24 bits or more: where it is not part of a longer run of the same characters; its hashes anywhere;
- below that: where it, or a hash of it, is the whole value of a leaf under one of its class's names.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from leaktap.config import DeviceProfile
from leaktap.identifiers import find
from leaktap.identifiers._api import Identifier
from leaktap.identifiers._keys import Names
from leaktap.identifiers._places import apart, bare
from leaktap.identifiers.forms import Needle, algorithms, bits, is_placeholder, needles
from leaktap.model import Leaf, Match

ANYWHERE = 48
APART = 24
"""Bits from which a known value is found anywhere, and from which it is found standing apart."""

type Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Known:
    """Whose value a needle is. `bits` is how telling it is: for a hash, what the hashed value has."""

    device: str
    identifier: Identifier
    plain: str
    needle: Needle
    bits: float

    def holds(self, leaf: Leaf, span: Span, fitting: set[str]) -> bool:
        """Says whether a hit is telling enough where it stands; `fitting` are the classes that the leaf is named for.

        A class with a gatherer leaves short values to it.
        """
        if self.bits < APART and not self.identifier.gather:
            return bare(leaf.value) == span and self.identifier.name in fitting
        return self.needle.hashed or self.bits >= ANYWHERE or apart(leaf.value, span)

    def match(self, leaf: Leaf, span: Span) -> Match:
        """Returns the match for a hit."""
        value = leaf.value[slice(*span)]
        form = self.needle.form
        raw = bool(form) and form[-1] in algorithms()
        sure = self.bits >= ANYWHERE or (self.needle.hashed and self.bits >= APART)
        return Match(
            leaf,
            self.identifier.name,
            self.identifier.category,
            value.hex() if raw else value.decode("utf-8", "replace"),
            span,
            form,
            "known",
            1.0 if sure else 0.9 if self.bits >= APART else 0.8,
            self.plain,
            self.device,
        )


def _disguises(devices: Iterable[DeviceProfile], identifiers: Sequence[Identifier]) -> Iterator[Known]:
    """Yields every disguise of every value of the profiles, placeholders left out."""
    structured = [identifier.name for identifier in identifiers if identifier.values]
    for device in devices:
        for identifier in map(find, dict.fromkeys([*device.identifiers, *structured])):
            values = identifier.values(device) if identifier.values else device.identifiers.get(identifier.name, ())
            for plain in dict.fromkeys(identifier.canonical(value) for value in values):
                if is_placeholder(plain, identifier):
                    continue
                own = bits(plain)
                for needle in needles(identifier.variants(plain), identifier.hashed):
                    yield Known(
                        device.name,
                        identifier,
                        plain,
                        needle,
                        own if needle.hashed else bits(needle.value.decode("utf-8", "replace")),
                    )


class KnownValues:
    """All needles of all profiles; `visible` are those whose wrapped looks the sieve must know."""

    def __init__(self, devices: Sequence[DeviceProfile], identifiers: Sequence[Identifier]) -> None:
        """Writes out every disguise; `identifiers` are all classes."""
        self._owners: dict[bytes, list[Known]] = {}
        for known in _disguises(devices, identifiers):
            self._owners.setdefault(known.needle.value, []).append(known)
        self.needles = list(self._owners)
        self.visible = [needle for needle, owners in self._owners.items() if owners[0].needle.is_short]
        used = {known.identifier.name: known.identifier for owners in self._owners.values() for known in owners}
        self._names = Names(list(used.values()))

    def matches(
        self, leaf: Leaf, hits: Iterable[tuple[int, int]], taken: bytearray, device: str
    ) -> Iterator[tuple[Identifier, Match]]:
        """Yields the known values in a leaf, each form of each once, and marks in `taken` the bytes they have.

        `hits` are numbers of needles and where they end. Of overlapping ones the longest wins. Bytes that are several
        classes' value are taken for the one that the leaf is named for, else for the first in the order of the
        profile; `device`'s own go before another device's.
        """
        spans = {(end - len(self.needles[number]), end) for number, end in hits}
        if not spans:
            return
        fitting = {named.identifier.name for named in self._names.classes(leaf.keys[-2:])}
        seen: set[tuple[str, ...]] = set()
        for span in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if taken.find(1, *span) >= 0:
                continue
            owners = [known for known in self._owners[leaf.value[slice(*span)]] if known.holds(leaf, span, fitting)]
            if not owners:
                continue
            owner = min(owners, key=lambda known: (known.identifier.name not in fitting, known.device != device))
            taken[slice(*span)] = b"\x01" * (span[1] - span[0])
            mark = (owner.device, owner.identifier.name, owner.plain, *owner.needle.form)
            if mark not in seen:
                seen.add(mark)
                yield owner.identifier, owner.match(leaf, span)
