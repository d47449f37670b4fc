"""An HTTP request or response as text in a value: a part of a batch (application/http, RFC 9112, section 10.2)."""

import re
from collections.abc import Sequence
from itertools import islice

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._message import parts
from leaktap.model import Direction, Message

_METHODS = (
    rb"(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK"
    rb"|REPORT|SEARCH|NOTIFY|SUBSCRIBE|UNSUBSCRIBE|M-SEARCH)"
)
"""Those of RFC 9110 and 5789, of WebDAV and of UPnP: other words may be a struct's bytes before one of them."""

_START = re.compile(
    rb"\s*(?:(?P<method>" + _METHODS + rb") (?P<target>[^\s]{1,65536}) (?P<version>HTTP/\d\.\d)"
    rb"|(?P<status>HTTP/\d\.\d) (?P<code>\d{3})(?: (?P<reason>[^\r\n]{0,200}))?)[ \t]*(?:\r?\n|$)"
)
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*([^\r\n]*?)[ \t]*(?:\r?\n|$)")
_BLANK = re.compile(rb"\r?\n")
_MOST_FIELDS = 1000


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the message's target, header fields and body, as of a message of its own."""
    start = _START.match(data)
    if start is None:
        return None
    at = start.end()
    fields: list[tuple[bytes, bytes]] = []
    while len(fields) < _MOST_FIELDS and (field := _FIELD.match(data, at)):
        fields.append((field[1], field[2]))
        at = field.end()
    blank = _BLANK.match(data, at)
    if blank is None and at < len(data):
        return None
    text = [(start[name] or b"").decode("latin-1") for name in _names(start)]
    message = Message((text[0], text[1], text[2]), tuple(fields), data[blank.end() :] if blank else b"")
    direction: Direction = "request" if start["method"] else "response"
    found = parts(message, direction, context.host, context.path, context.schemas, alphabets=context.alphabets)
    kept = [part._replace(path=f".{part.path}") for part in islice(found, context.most + 1)]
    if len(kept) > context.most:
        raise LimitReached("parts", kept[: context.most])
    return kept or None


def _names(start: re.Match[bytes]) -> tuple[str, str, str]:
    return ("method", "target", "version") if start["method"] else ("status", "code", "reason")


DECODER = Decoder(
    "http",
    decode,
    rank=26,
    certain=True,
    minimum=12,
    needs=b"/",
    starts=b"CDGHLMNOPQRSTU \r\n",
    shape=_START,
    types=("application/http", "message/http"),
)
