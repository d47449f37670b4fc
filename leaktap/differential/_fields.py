"""A request as fields that can be found again in another run: who it goes to, which field, and its bytes.

Every part is opened as far as decoders go, without the sieve: what nobody knows yet is what is looked for. What varies
in a path (numbers, hexadecimal, UUIDs) and in lists (their indexes) is taken out of a field's place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from leaktap.decoders import Opener
from leaktap.model import Exchange, Leaf, Time

_VARYING = re.compile(r"(?<=/)(?=[^/]*\d)(?:[0-9]+|[0-9a-fA-F]{8,}|[0-9a-fA-F-]{36}|[\w-]{20,})(?=/|$)")
_INDEX = re.compile(r"\[\d+\]")
_NAME = re.compile(r"\.(?:\d{5,}|[0-9a-fA-F]{16,}|[0-9a-fA-F-]{36})(?=[.\[|]|$)")
"""Names that are values: an id as the key of a mapping."""

_TRANSPORT = frozenset(
    {"host", "content-length", "date", "if-modified-since", "if-none-match", "sec-websocket-key", "traceparent"}
)
"""Header fields that follow the connection, or what a server said before."""


@dataclass(frozen=True, slots=True)
class Field:
    """A place in requests of one kind: method, scheme and host, path, and the field's own path in the message."""

    app: str
    method: str
    host: str
    target: str
    path: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A field with the bytes that stood there in one request, which began at `time`."""

    field: Field
    value: bytes
    time: Time
    exchange: str


def fields(exchange: Exchange, opener: Opener) -> Iterator[Seen]:
    """Yields every field of a request, each place and value once; the body as a whole is one too."""
    target = exchange.request.start[1].partition("?")[0]
    app = exchange.app.package or exchange.app.name if exchange.app else ""
    place = app, exchange.request.start[0], exchange.host, _VARYING.sub("*", target)
    known: set[tuple[str, bytes]] = set()
    leaves = (each for each in opener.open(exchange, "request", exchange.request) if isinstance(each, Leaf))
    for leaf in leaves:
        path = _NAME.sub(".*", _INDEX.sub("[*]", leaf.path))
        if (path, leaf.value) in known or not leaf.value or _is_transport(path):
            continue
        known.add((path, leaf.value))
        yield Seen(Field(*place, path), leaf.value, exchange.time, exchange.id)
    body = exchange.request.body
    if body and ("request.body", body) not in known:
        yield Seen(Field(*place, "request.body"), body, exchange.time, exchange.id)


def _is_transport(path: str) -> bool:
    head = "request.header."
    return path.startswith(head) and path[len(head) :].partition("|")[0].lower() in _TRANSPORT
