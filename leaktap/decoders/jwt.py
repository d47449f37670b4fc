"""JSON Web Tokens and signatures in compact form (RFC 7515, section 7.1): `header.payload.signature`.

Header and payload are decoded, the signature stays as it is. Of an encrypted token (RFC 7516) only the header is
readable.
"""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part

_SHAPE = re.compile(rb"(?:eyJ|eyA|ewo|ew0)[\w-]+\.[\w-]*\.[\w-]*(?:\.[\w-]+\.[\w-]+)?\s*$")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_SIGNED = 3


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns `.header`, `.payload` and `.signature`, or `.header` and the encrypted pieces as they stand."""
    pieces = data.strip().split(b".")
    names = (
        (".header", ".payload", ".signature") if len(pieces) == _SIGNED else (".header", ".key", ".iv", ".text", ".tag")
    )
    readable = 2 if len(pieces) == _SIGNED else 1
    parts: list[Part] = []
    for index, (name, piece) in enumerate(zip(names, pieces, strict=True)):
        if index < readable:
            try:
                value = binascii.a2b_base64(piece.translate(_TO_STANDARD) + b"=" * (-len(piece) % 4))
            except binascii.Error:
                raise DecodeError(f"{name[1:]} is no base64", parts[: context.most]) from None
            parts.append(Part(value, name))
        else:
            parts.append(Part(piece, name, final=True))
    return parts[: context.most]


DECODER = Decoder("jwt", decode, rank=20, certain=True, minimum=12, starts=b"e", needs=b".", shape=_SHAPE)
