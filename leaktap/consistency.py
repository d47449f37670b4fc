"""What is sent alike to several recipients is more likely what it seems: confidence by a capture's own consistency.

A value that its form and name alone take for an identifier gains where the same one went to another site before: what
one recipient makes up for itself no other gets. Only what came before counts, so that findings need not wait, and the
known values of a profile need no such proof. Words and short numbers, which apps send to everybody, gain nothing.
"""

from collections import OrderedDict
from dataclasses import replace

from leaktap.model import Match

MOST_VALUES = 20_000
"""How many values are remembered: of more, those that were not seen for longest are forgotten."""

MOST_SITES = 4
"""How many sites are remembered of one value."""

_GAIN, _HIGHEST = 0.1, 0.9
_SHORTEST, _SIGNS = 9, 5


class Consistency:
    """Remembers where values went."""

    def __init__(self) -> None:
        """Begins with nothing seen."""
        self._sites: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def judged(self, match: Match, reference: str, site: str) -> Match:
        """Returns the match with the confidence that earlier ones give it, and keeps in mind that it went to `site`.

        `reference` stands for its class and value, `site` for a recipient however many hosts it has.
        """
        if match.basis == "known" or match.count > 1 or not _is_distinctive(match.value):
            return match
        before = self._sites.pop(reference, ())
        self._sites[reference] = before if site in before or len(before) >= MOST_SITES else (*before, site)
        if len(self._sites) > MOST_VALUES:
            self._sites.popitem(last=False)
        others = len(before) - (site in before)
        if not others or match.confidence >= _HIGHEST:
            return match
        why = f"the same at {others} other {'site' if others == 1 else 'sites'} before"
        confidence = min(round(match.confidence + _GAIN, 2), _HIGHEST)
        return replace(match, confidence=confidence, why=f"{match.why}; {why}" if match.why else why)


def _is_distinctive(value: str) -> bool:
    return len(value) >= _SHORTEST and len(set(value)) >= _SIGNS and any(sign.isdigit() for sign in value)
