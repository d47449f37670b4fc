"""Shared by the tests of all decoders: follow one value, and see what came of it."""

from dataclasses import dataclass, field

import pytest

from leaktap.decoders._api import Context, Part
from leaktap.decoders._walk import Limited, Limits, walk
from leaktap.model import Fault, Leaf


@dataclass
class Followed:
    leaves: list[Leaf] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    limits: list[Limited] = field(default_factory=list)

    @property
    def values(self) -> dict[str, bytes]:
        """The leaves below the root, by path; of several readings at one path the last."""
        return {leaf.path.removeprefix("body"): leaf.value for leaf in self.leaves}

    def at(self, path: str) -> list[bytes]:
        return [leaf.value for leaf in self.leaves if leaf.path == "body" + path]


@pytest.fixture
def follow():
    """Walks from one root called `body`; keyword arguments are those of its context."""

    def run(value: bytes, limits: Limits | None = None, sieve=None, keys=(), **context) -> Followed:
        followed = Followed()
        root = Part(value, "body", tuple(keys), Context(**context))
        kinds = {Leaf: followed.leaves, Fault: followed.faults, Limited: followed.limits}
        for item in walk([root], limits or Limits(seconds=30), sieve):
            kinds[type(item)].append(item)
        return followed

    return run
