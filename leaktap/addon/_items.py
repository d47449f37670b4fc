"""What a session is told, and how it travels to another process: in plain tuples, which cost a quarter of named ones.

A body that is large stays where it lies: it goes beside the message that it belongs to.
"""

from collections.abc import Callable
from pickle import PickleBuffer
from typing import Any, NamedTuple

from leaktap.config import Event
from leaktap.model import Blind, Fault
from leaktap.sources._conversation import Line, Over, Piece
from leaktap.sources._shown import Asked, Replied, Spoken, exchange, message_exchange, microseconds

SOURCE = "live"

APART = 1 << 14
"""Bytes from which on a content goes beside its message."""


class Answered(NamedTuple):
    """A response to a request that was shown before, whose body need not be in `asked`."""

    asked: Asked
    replied: Replied


type Item = Blind | Fault | Event | Asked | Answered | Spoken | Piece | Over
"""What a session is told."""


def size(item: Item) -> int:
    """Returns how many bytes of captured content an item holds."""
    match item:
        case Asked():
            return len(item.body or b"")
        case Answered():
            return len(item.replied.body or b"")
        case Piece() | Spoken():
            return len(item.data)
    return 0


def flat(item: Item, large: bool) -> object:
    """Returns an item as it travels; where it is `large`, its contents are not copied."""
    parts: Callable[[tuple[object, ...]], tuple[object, ...]] = _apart if large else tuple
    match item:
        case Asked():
            return Asked.__name__, parts(item)
        case Answered():
            return Answered.__name__, tuple(item.asked), parts(item.replied)
        case Spoken():
            return Spoken.__name__, tuple(item.asked), parts(item[1:])
        case Piece():
            return Piece.__name__, tuple(item.line), parts(item[1:])
        case Over():
            return Over.__name__, tuple(item.line)
    return item


def whole(travelled: Any) -> Item:
    """Returns the item that travelled."""
    match travelled:
        case (Asked.__name__, said):
            return Asked._make(said)
        case (Answered.__name__, said, answer):
            return Answered(Asked._make(said), Replied._make(answer))
        case (Spoken.__name__, said, rest):
            return Spoken(Asked._make(said), *rest)
        case (Piece.__name__, line, rest):
            return Piece(Line._make(line), *rest)
        case (Over.__name__, line):
            return Over(Line._make(line))
    item: Item = travelled
    return item


def refused(item: Item, why: str = "the live queue was full") -> Blind | None:
    """Returns the Blind that stands for an item that was not inspected."""
    match item:
        case Asked():
            shown = exchange(item, None, SOURCE, "")
        case Answered():
            shown = exchange(item.asked, None, SOURCE, "")
        case Spoken():
            shown = message_exchange(item, SOURCE, "")
        case Piece():
            line, time = item.line, microseconds(item.time)
            host = line.host.lower()
            return Blind(time, "limit", line.transport, host, bytes=len(item.data), source=SOURCE, detail=why)
        case Blind():
            return item
        case _:
            return None
    end, protocol = shown.server, shown.origin.protocol
    return Blind(shown.time, "limit", protocol, shown.host, end.ip, end.port, size(item), SOURCE, detail=why)


def _apart(values: tuple[object, ...]) -> tuple[object, ...]:
    """Returns values of which those that are large are not copied when they are packed."""
    return tuple([PickleBuffer(v) if isinstance(v, bytes) and len(v) >= APART else v for v in values])
