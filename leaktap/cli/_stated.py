"""A clause's condition in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leaktap.rules import Condition


def said(condition: "Condition") -> dict[str, str]:
    """Returns what a condition states, in words, by key."""
    return {key: _words(key, value) for key, value in condition.model_dump(exclude_defaults=True).items()}


def _words(key: str, value: object) -> str:
    from leaktap.sinks._words import duration

    if key in ("within", "without_action", "after_other_launch") and isinstance(value, int):
        return duration(value)
    if isinstance(value, (tuple, list)):
        return " or ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
