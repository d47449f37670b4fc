"""Percent-encoding (RFC 3986, section 2.1) outside of forms: in a header, a JSON string, a value encoded twice.

Bytes are believed where control characters are escaped, which no text has, or where much is. A `+` is a space where
spaces are not encoded otherwise, as forms have it; in base64 it stays. URLs are `url`'s. In base85 an escape may be
there by chance: both readings are kept.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part, Sole
from leaktap.decoders._charsets import reads
from leaktap.decoders._plain import unquote
from leaktap.decoders.base85 import is_base85
from leaktap.decoders.html import ESCAPED
from leaktap.decoders.url import SHAPE as _URL

_NEVER = b'<>"{}|\\^`' + bytes(i for i in range(256) if not 32 <= i < 127)
"""What an encoder would have encoded (a space is let through: many do)."""

_SHAPE = re.compile(rb"[^" + re.escape(_NEVER) + rb"]*%[0-9A-Fa-f]{2}")

_HINTS = (
    rb"%(?:25){0,8}(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])",  # what needs no encoding
    rb"%(?:25){0,8}7[Bb]%(?:25){0,8}22",  # JSON
    rb"[A-Za-z0-9]%(?:25){0,8}40[A-Za-z0-9]",  # the @ of an address
    rb"%(?:25){0,8}3[Aa][0-9A-Fa-f]{2}%(?:25){0,8}3[Aa][0-9A-Fa-f]{2}%",  # colons of a hardware address
    rb"%(?:25){0,8}(?:0[0-8BbCcEeFf]|1[0-9A-Fa-f]|7[Ff])",  # control characters: bytes that are no text
    rb"%(?:25){0,8}[C-Fc-f][0-9A-Fa-f](?:[^%]|%(?:25){0,8}[0-7C-Fc-f])",  # no UTF-8 either: a character that breaks off
)
_OF_BYTES = re.compile(rb"%(?:0[0-8BbCcEeFf]|1[0-9A-Fa-f]|7[Ff])")
_FEWEST_OF_BYTES = 4
_BASE64 = re.compile(rb"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?:[A-Za-z0-9+/]{4}){4,}+(?:[A-Za-z0-9+/]{2,3}={1,2})?")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the decoded text, or what is compressed in it."""
    if len(data.translate(None, _NEVER)) != len(data) or _URL.match(data) or ESCAPED.search(data):
        return None
    decoded = unquote(data)
    if b"+" in data and b"%20" not in data and b" " not in data and not _BASE64.fullmatch(decoded):
        decoded = unquote(data.replace(b"+", b" "))
    if not (reads(decoded) or _looks_binary(data, len(decoded)) or context.opens(decoded)):
        return None
    return (Part(decoded),) if is_base85(data) else Sole((Part(decoded),))


def _looks_binary(data: bytes, size: int) -> bool:
    """Tells whether what is encoded and has `size` bytes is rather bytes than a text with a stray sign."""
    escapes = data.count(b"%")
    if escapes < _FEWEST_OF_BYTES:
        return False
    return escapes * 3 >= size or _OF_BYTES.search(data) is not None


DECODER = Decoder(
    "percent",
    decode,
    rank=55,
    hints=_HINTS,
    transparent=True,
    minimum=3,
    needs=b"%",
    shape=_SHAPE,
)
