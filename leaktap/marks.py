"""Marks in comments: `leaktap: consent` in a comment of an input is an event of the case.

A line of a comment that begins with `leaktap:` is a mark, of one of these forms; other lines are nobody's business.

    leaktap: EVENT [app=PACKAGE] [device=NAME] [at=TIME]
    leaktap: permission NAME=granted|denied ... [app=PACKAGE] [device=NAME] [at=TIME]
    leaktap: action TEXT

A mark without `at` is of the moment of what the comment belongs to: a packet, a flow.
"""

from collections.abc import Iterator
from typing import get_args

from leaktap.config import EventName, nearest, parse_time
from leaktap.model import Fault, Mark, Time

SIGN = b"eaktap:"
"""Bytes that stand in every comment with a mark, whatever else does."""

_SIGNS = ("leaktap:", "Leaktap:")
_EVENTS = get_args(EventName.__value__)
_ANSWERS = ("granted", "denied")
_KEYS = ("app", "device", "at")
_MOST_TEXT = 1024
"""Characters of a line that are looked at."""


def marks(comment: str, time: Time | None, where: str) -> Iterator[Mark | Fault]:
    """Yields the marks of a comment, which belongs to the moment `time` (None: to none) and stands at `where`.

    A line that begins like a mark and is none is a `Fault` of the stage `mark`, which names what there is.
    """
    for line in comment.splitlines():
        text = line[:_MOST_TEXT].strip()
        if text.startswith(_SIGNS):
            try:
                yield read_mark(text[len(_SIGNS[0]) :], time, where)
            except ValueError as error:
                yield Fault("mark", where, f"comment {text[:80]!r}: {error}")


def read_mark(said: str, time: Time | None, where: str) -> Mark:
    """Returns what a mark says behind its sign.

    Raises:
        ValueError: it says nothing that is known; the message says what is.
    """
    word, _, rest = said.strip().partition(" ")
    name, rest = word.lower(), rest.strip()
    if name == "action":
        if not rest:
            raise ValueError("says nothing: write what the user did after action")
        return Mark(_at("", time), action=rest, where=where)
    if name != "permission" and name not in _EVENTS:
        known = (*_EVENTS, "permission", "action")
        raise ValueError(f"{word[:40]!r} is no event{nearest(name[:40], known)}: use one of {', '.join(known)}")
    pairs: dict[str, str] = {}
    for pair in rest.split():
        key, equals, value = pair.partition("=")
        if not (equals and key and value):
            raise ValueError(f"{pair[:40]!r} is no KEY=VALUE")
        if key not in _KEYS and name != "permission":
            raise ValueError(f"{key[:40]!r} is no key{nearest(key[:40], _KEYS)}: use one of {', '.join(_KEYS)}")
        if key not in _KEYS and value not in _ANSWERS:
            raise ValueError(f"{value[:40]!r} is no answer: use granted or denied")
        pairs[key] = value
    permission = tuple((key, value) for key, value in pairs.items() if key not in _KEYS)
    if name == "permission" and not permission:
        raise ValueError("says nothing: write it as permission contacts=denied")
    return Mark(
        _at(pairs.get("at", ""), time),
        "" if name == "permission" else name,
        pairs.get("app", ""),
        where,
        permission=permission,
        device=pairs.get("device", ""),
    )


def _at(said: str, time: Time | None) -> Time:
    if said:
        return parse_time(said)
    if time is None:
        raise ValueError("belongs to no moment: add at=2026-11-21T10:00:03Z")
    return time
