"""HTML character references (WHATWG HTML, section 13.5): `&#56;`, `&#x38;`, `&quot;`, of XML and of HTML, in any text.

Only references that end with a semicolon are undone, so that a query (`?a=1&copy=2`) is left alone. Markup stays a
leaf beside its text.
"""

import html
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part, Sole
from leaktap.decoders._plain import is_binary

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text that is meant."""
    if is_binary(data):
        return None
    text = data.decode("utf-8", "surrogateescape")
    meant = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    if meant == text:
        return None
    part = Part(meant.encode("utf-8", "surrogateescape"))
    return (part,) if data.lstrip().startswith(b"<") else Sole((part,))


DECODER = Decoder(
    "html",
    decode,
    rank=56,
    hints=(rb"(?:&|\\u0026|%(?:25){0,8}26)(?:amp(?:;|%(?:25){0,8}3[Bb])){0,8}(?:#|\\u0023|%(?:25){0,8}23)[0-9xX]",),
    transparent=True,
    minimum=4,
    needs=b"&",
)
