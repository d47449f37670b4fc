"""Several addons as one: mitmproxy asks each object of a script for each hook of each message, and that takes time."""

from collections.abc import Callable

from mitmproxy import eventsequence, hooks

type Call = Callable[..., object]

assert eventsequence  # importing it is what makes all hooks known


def joined(*parts: object) -> dict[str, Call]:
    """Returns the hooks and commands of the parts by name. What several parts hook, they hear in their order."""
    found: dict[str, list[Call]] = {}
    for part in parts:
        for name in dir(part):
            if name in hooks.all_hooks:
                found.setdefault(name, []).append(getattr(part, name))
            elif command := getattr(getattr(part, name), "command_name", None):
                found[command] = [getattr(part, name)]
    return {name: calls[0] if len(calls) == 1 else _chain(calls) for name, calls in found.items()}


def _chain(calls: list[Call]) -> Call:
    def call(*arguments: object) -> None:
        for each in calls:
            each(*arguments)

    return call
