"""The order in which a window's things are told: what went wrong, what was not read, then exchanges by their begin.

It depends on nothing but the things themselves, so that several processes that share a capture can put together what
each has found.
"""

from collections.abc import Iterable, Iterator

from leaktap.model import Answer, Blind, Exchange, Fault, Seen
from leaktap.wire._api import Finished

_MOST_SORTED = 64 << 20
"""How many bytes of bodies are held to be sorted: where there is much more said than captured, order matters less."""

type Place = tuple[int, int, str, int, str]


def place(seen: Exchange | Answer | Blind | Fault) -> Place:
    """Returns what things are sorted by."""
    match seen:
        case Fault():
            return 0, 0, seen.where, 0, seen.why
        case Blind():
            return 1, seen.time, seen.protocol, seen.stream or 0, seen.why
        case Answer(exchange=exchange) | (Exchange() as exchange):
            return 2, exchange.time, exchange.origin.transport, exchange.origin.stream or 0, ""


def in_order(made: Iterable[Finished | Blind | Fault]) -> Iterator[Seen]:
    """Yields the things of a window in order; sooner where they are long."""
    held: list[Exchange | Answer | Blind | Fault] = []
    size = 0
    for thing in made:
        if isinstance(thing, Finished):
            exchange = thing.exchange
            held.append(Answer(exchange) if thing.answer else exchange)
            size += len(exchange.request.body) + (len(exchange.response.body) if exchange.response else 0)
            if size > _MOST_SORTED:
                yield from sorted(held, key=place)
                held.clear()
                size = 0
        else:
            held.append(thing)
    yield from sorted(held, key=place)
