"""Text whose charset nobody names: UTF-16 and UTF-32 without a mark, GBK, GB18030 and Big5, told by how they read.

What a content type names, or a byte order mark, is `text`'s.
"""

from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._charsets import guess

_GROWTH = 2
"""UTF-8 needs three bytes where the others have two, and one more at the most for each escape."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text as UTF-8 under the charset's name; where two charsets read well, in both."""
    charsets = guess(data)[: context.most]
    if charsets and len(data) * _GROWTH * len(charsets) > context.room:
        raise LimitReached("bytes")
    parts = [Part(data.decode(charset, "replace").encode("utf-8", "replace"), f".{charset}") for charset in charsets]
    return parts or None


DECODER = Decoder("charset", decode, rank=35, minimum=4, binary=True)
