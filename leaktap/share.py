"""Which part of an input a process takes, where several of them read the same one."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

type Ends = tuple[int, int, int, int]
"""The addresses of two hosts, two words each, the lower one first."""


@dataclass(frozen=True, slots=True)
class Share:
    """Part `number` of `of` parts, counted from 0.

    What concerns an input as a whole is told by the `first` part alone. `planned` says whose the connections between
    some hosts are; those between others are anybody's, in a way that all parts agree on.
    """

    number: int = 0
    of: int = 1
    planned: Mapping[Ends, int] = field(default_factory=dict, compare=False, repr=False)

    def has(self, ends: Ends) -> bool:
        """Tells whether the connections between two hosts, whose addresses are `ends`, belong to it."""
        return self.of == 1 or self.planned.get(ends, hash(ends) % self.of) == self.number

    @property
    def first(self) -> bool:
        """Whether this part tells what concerns the whole."""
        return self.number == 0


WHOLE = Share()
"""What a process takes that is alone."""


def shares(of: int, loads: Mapping[Ends, int]) -> list[Share]:
    """Returns all parts, about as much work each: the largest of what is known to be one goes to who has least."""
    planned: dict[Ends, int] = {}
    parts = [(0, number) for number in range(of)]
    for ends, load in sorted(loads.items(), key=lambda pair: -pair[1]):
        has, number = heapq.heappop(parts)
        planned[ends] = number
        heapq.heappush(parts, (has + load, number))
    return [Share(number, of, planned) for number in range(of)]
