"""HTML character references (WHATWG HTML, section 13.5): `&#56;`, `&#x38;`, `&quot;`, of XML and of HTML, in any text.

Only references that end with a semicolon are undone, so that a query (`?a=1&copy=2`) is left alone. Markup stays a
leaf beside its text, and so does base85, which may have a reference by chance.
"""

import html
import re
from collections.abc import Sequence
from functools import lru_cache

from leaktap.decoders._api import Context, Decoder, Part, Sole
from leaktap.decoders._pace import replaced
from leaktap.decoders._plain import is_binary
from leaktap.decoders.base85 import is_base85

ESCAPED = re.compile(rb"&(?:amp|lt|gt|quot|#[0-9]{1,6}|#[xX][0-9A-Fa-f]{1,5});")
"""What is undone first in a URL, and in what is percent-encoded."""

_REFERENCE = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text that is meant."""
    if is_binary(data):
        return None
    meant = replaced(_REFERENCE, data, lambda found: _meant(found[0]), context.deadline)
    if meant == data:
        return None
    part = Part(meant)
    return (part,) if data.lstrip().startswith(b"<") or is_base85(data) else Sole((part,))


@lru_cache(4096)
def _meant(reference: bytes) -> bytes:
    return html.unescape(reference.decode()).encode("utf-8", "replace")


DECODER = Decoder(
    "html",
    decode,
    rank=56,
    hints=(
        rb"(?:&|\\u0026|%(?:25){0,8}26)(?:amp(?:;|%(?:25){0,8}3[Bb])){0,8}(?:#|\\u0023|%(?:25){0,8}23)[0-9xX]",
        rb"&\0(?:\0\0)?#\0(?:\0\0)?[0-9xX]",  # in UTF-16 and UTF-32 of either order
    ),
    transparent=True,
    minimum=4,
    needs=b"&",
)
