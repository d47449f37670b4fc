"""URLs as values (RFC 3986): Referer, redirect_uri, deep links, `intent:` URIs of Android, `tel:`, `geo:` and the like.

A page's or a service's URL stays a leaf: what is known of it as a whole (the page that was read) is found there.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from leaktap.decoders._api import Context, Decoder, LimitReached, Part, Sole
from leaktap.decoders._plain import Steps, unquote
from leaktap.decoders._url import named, path_and_query
from leaktap.decoders.html import ESCAPED

_ALL_SAID = (b"intent:", b"tel:", b"sms:", b"smsto:", b"mailto:", b"geo:")
"""Schemes of URIs of which nothing is left when their parts are taken."""

_OPAQUE = rb"(?:intent|tel|sms|smsto|mailto|geo|market|sip|urn|imei|javascript)"
SHAPE = re.compile(
    rb"\s*(?:[A-Za-z][A-Za-z0-9+.-]{0,40}://|//[\w.-]+[/?]|" + _OPAQUE + rb":[^\s/]"
    rb"|[\w.%/~-]{0,2048}\?[\w.$%\[\]-]{1,64}=)[^\s\"<>]*\s*$"
)
_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]{0,40}):")
_AUTHORITY = re.compile(rb"//(?:([^/?#@]*)@)?([^/?#]*)")
_INTENT = b"Intent;"


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns `.host`, `.path`, its segments, the query's and fragment's fields, an intent's extras."""
    if ESCAPED.search(data):
        return None
    found = list(islice(_pieces(data.strip(), context.most), context.most + 1))
    if len(found) > context.most:
        raise LimitReached("parts", found[: context.most])
    if not found:
        return None
    return Sole(found) if data.lstrip().lower().startswith(_ALL_SAID) else found


def _pieces(url: bytes, most: int) -> Iterator[Part]:
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    rest, _, fragment = rest.partition(b"#")
    if authority := _AUTHORITY.match(rest):
        user, colon, password = (authority[1] or b"").partition(b":")
        if user:
            yield Part(unquote(user), ".user", ("user",))
        if colon:
            yield Part(unquote(password), ".password", ("password",))
        yield Part(unquote(authority[2]), ".host", final=True)
        rest = rest[authority.end() :]
    elif scheme:
        yield Part(unquote(rest.partition(b"?")[0]), ".path", (scheme[1].decode().lower(),), final=True)
        rest = b"?" + rest.partition(b"?")[2]
    yield from path_and_query(rest, "", most)
    if fragment.startswith(_INTENT):
        yield from _extras(fragment, most)
    elif fragment:
        page, question, query = fragment.partition(b"?")
        yield Part(unquote(page), ".fragment") if question or b"=" not in page else Part(b"", ".fragment")
        yield from named(query if question else page if b"=" in page else b"", ".fragment", most)


def _extras(fragment: bytes, most: int) -> Iterator[Part]:
    """Yields an intent's fields; an extra has its type before its name (`S.imei=...`)."""
    steps = Steps()
    for piece in fragment.split(b";", most)[1:most]:
        name, equals, value = piece.partition(b"=")
        if equals and value:
            plain = name[2:] if name[1:2] == b"." else name
            shown = unquote(plain).decode("utf-8", "replace")
            yield Part(unquote(value), f".intent{steps.step(shown)}", (shown,))


DECODER = Decoder("url", decode, rank=48, transparent=True, minimum=6, shape=SHAPE)
