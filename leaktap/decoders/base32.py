"""Base32 (RFC 4648, sections 6 and 7, and Crockford's): in upper or lower case, padded or not, if it spells a text.

Crockford's reads I and L as 1, O as 0 and leaves hyphens out (https://www.crockford.com/base32.html); bytes are taken
from the left, as in the RFC.
"""

import base64
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import may_read, reads
from leaktap.decoders._pace import in_pieces
from leaktap.decoders._plain import NO_ID

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HEX = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"
_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHABETS = (
    ("", _STANDARD, bytes.maketrans(b"", b"")),
    (".hex", _HEX, bytes.maketrans(_HEX, _STANDARD)),
    (".crockford", _CROCKFORD + b"ILO", bytes.maketrans(_CROCKFORD + b"ILO", _STANDARD + b"BBA")),
)
_SHORTEST = 10
_SAMPLE, _PIECE = 64, 8 << 13
_IMPOSSIBLE = (1, 3, 6)
"""Characters that may not be left over after groups of eight."""

_SHAPE = re.compile(NO_ID + rb"(?:[A-Z0-9-]{10}|[a-z0-9-]{10})")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the bytes; the path says which alphabet it was where it was not the RFC's first."""
    bare = data.rstrip(b"=")
    if len(bare) < _SHORTEST or (bare != bare.upper() and bare != bare.lower()):
        return None
    if len(bare) < len(data) and len(data) % 8:
        return None
    text = bare.upper()
    for path, alphabet, table in _ALPHABETS:
        digits = text.replace(b"-", b"") if path == ".crockford" else text
        if digits[:_SAMPLE].translate(None, alphabet) or len(digits) % 8 in _IMPOSSIBLE:
            continue
        if not may_read(_decoded(digits[: min(_SAMPLE, len(digits) & -8)].translate(table))):
            continue
        if not digits.translate(None, alphabet):
            decoded = in_pieces(digits.translate(table), _PIECE, _decoded, context.deadline)
            if reads(decoded):
                return (Part(decoded, path),)
    return None


def _decoded(standard: bytes) -> bytes:
    return base64.b32decode(standard + b"=" * (-len(standard) % 8))


DECODER = Decoder("base32", decode, rank=64, minimum=_SHORTEST, shape=_SHAPE)
