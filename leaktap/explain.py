"""From a finding to its bytes: every form that the message had on the way from the wire to the value.

The exchange is examined once more while each decoder is watched; of all that was opened, what lies on the finding's
path is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leaktap.decoders import Part
from leaktap.examine import Examined, Examiner
from leaktap.model import Finding, Leaf


@dataclass(frozen=True, slots=True)
class Step:
    """A form of the message: its whole path, the decoder that made it (nothing for the first), and its bytes."""

    path: str
    decoder: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps to a finding's leaf, the outermost first, and all that was found in the same exchange."""

    finding: Finding
    steps: tuple[Step, ...]
    examined: Examined


def explain(finding: Finding, examiner: Examiner) -> Explanation:
    """Returns how a finding came out of its exchange."""
    chain = _Chain(finding.match.leaf)
    examined = examiner.examine(finding.exchange, chain.watch)
    leaf = finding.match.leaf
    steps = chain.steps or [Step(leaf.path, "", leaf.value)]
    if steps[-1].path != leaf.path:
        steps.append(Step(leaf.path, "", leaf.value))
    return Explanation(finding, tuple(steps), examined)


class _Chain:
    """Keeps what is opened on the way to one leaf."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf, self._path = leaf, leaf.path
        self.steps: list[Step] = []

    def watch(self, way: str, value: bytes, parts: Sequence[Part]) -> None:
        """Takes what a decoder made of a value (`leaktap.decoders.Watch`)."""
        if not _leads(way, self._path):
            return
        before, _, decoder = way.rpartition("|")
        if not self.steps:
            self.steps.append(Step(before, "", value))
        elif self.steps[-1].path != before or self.steps[-1].value != value:
            return  # the same path through another reading of the value
        on = next((part for part in parts if _leads(way + part.path, self._path)), None)
        if on is not None:
            self.steps.append(Step(way + on.path, decoder, on.value))
        elif any(_leads(self._path, way + part.path) for part in parts):  # many leaves that make one finding
            self.steps.append(Step(self._path, decoder, self._leaf.value))


def _leads(way: str, path: str) -> bool:
    """Tells whether a path begins with a way, and ends there or goes on with a further step."""
    return path.startswith(way) and path[len(way) : len(way) + 1] in ("", "|", ".", "[")
