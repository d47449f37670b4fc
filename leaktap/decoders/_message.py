"""The roots of a message: target, header fields and body, each with its whole path and what its headers say of it."""

import re
from collections.abc import Iterator, Sequence

from leaktap.config import Schema
from leaktap.decoders._api import Context, Part, Sieve
from leaktap.decoders._facts import bundled
from leaktap.decoders._headers import codings, parameterised
from leaktap.decoders._plain import Steps
from leaktap.decoders._url import path_and_query
from leaktap.decoders._walk import SIEVED_FROM
from leaktap.model import Direction, Message

_TRANSPORT = frozenset(
    b"""
    :authority :method :path :protocol :scheme :status accept accept-charset accept-encoding accept-ranges age allow
    cache-control connection content-encoding content-length content-type date expect host http2-settings keep-alive
    last-modified expires pragma proxy-connection range te trailer transfer-encoding upgrade upgrade-insecure-requests
    vary
    """.split()
)
"""Header fields that say how a message travels and nothing of who sends it."""

_WRAPPED = re.compile(
    rb"(?<![\w+%~-])(?=[\w+%~-]{10})[a-z_+~-]*+[0-9A-Z%]|[\x80-\xff][\w+%~-]{10}"
    rb"|[\\&][#xu0-9]|<~|[0-9A-Za-z][!#$*^`{|}][0-9A-Za-z]"
)
"""What no word looks like: ten signs and more in a row with digits, capitals or escapes among them; or base85."""

_OF_BODY = frozenset((b"content-type", b"content-encoding", b"grpc-encoding", b"connect-content-encoding"))


def parts(
    message: Message,
    direction: Direction,
    host: str = "",
    path: str = "",
    schemas: Sequence[Schema] = (),
    sieve: Sieve | None = None,
    alphabets: Sequence[tuple[str, str]] = (),
) -> Iterator[Part]:
    """Yields the roots of a message.

    `host` and `path` (without query) are those of the request, also for its response. The path as a whole is one root,
    and each longer segment of it, named by the segment before. Header fields are named in lower case. With `sieve`,
    target and header fields are left out where it finds nothing in all of them together, nor, where they are short,
    anything that may be wrapped.
    """
    known = (*(schema for schema in schemas if schema.applies(host, path)), *bundled(host, path))
    outside = Context(host=host, path=path, direction=direction, schemas=known, alphabets=tuple(alphabets))
    target = message.start[1].encode("utf-8", "surrogateescape") if direction == "request" else b""
    fields = [(low, value) for raw, value in message.headers if (low := raw.lower()) not in _TRANSPORT]
    flat = _flat(target, fields)
    if sieve is None or _told(flat, sieve):
        if target:
            for part in path_and_query(target, "request"):
                yield Part(part.value, part.path, part.keys, outside, part.final)
        steps = Steps()
        for raw, value in fields:
            name = raw.decode("latin-1")
            yield Part(value, f"{direction}.header{steps.step(name)}", (name,), outside)
    if message.body:
        yield Part(message.body, f"{direction}.body", (), _of_body(message, outside))


def _told(flat: bytes, sieve: Sieve) -> bool:
    """Tells whether a head may hold anything."""
    spots = sieve(flat)
    return spots is None or bool(spots) or (len(flat) < SIEVED_FROM and _WRAPPED.search(flat) is not None)


def _flat(target: bytes, fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Returns all of a message's head as one text, where every name stands before `=` or `:`."""
    lines = [target, target.partition(b"?")[0].replace(b"/", b"="), *(name + b":" + value for name, value in fields)]
    return b"\n".join(lines)


def _of_body(message: Message, outside: Context) -> Context:
    said = [(low, value) for name, value in message.headers if (low := name.lower()) in _OF_BODY]
    first = dict(reversed(said))
    content_type, parameters = parameterised(first.get(b"content-type", b""))
    grpc = first.get(b"grpc-encoding") or first.get(b"connect-content-encoding")
    if grpc:
        parameters = (*parameters, ("grpc-encoding", grpc.decode("latin-1").strip().lower()))
    encoding = codings(tuple([value for name, value in said if name == b"content-encoding"]))
    return outside._replace(content_type=content_type, parameters=parameters, encoding=encoding)
