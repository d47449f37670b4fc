"""Which part of an input a process takes, where several of them read the same one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """Part `number` of `of` parts, counted from 0.

    What concerns an input as a whole is told by the `first` part alone.
    """

    number: int = 0
    of: int = 1

    def has(self, ends: tuple[int, ...]) -> bool:
        """Tells whether the connections between two hosts, whose addresses are `ends`, belong to it."""
        return self.of == 1 or hash(ends) % self.of == self.number

    @property
    def first(self) -> bool:
        """Whether this part tells what concerns the whole."""
        return self.number == 0


WHOLE = Share()
"""What a process takes that is alone."""
