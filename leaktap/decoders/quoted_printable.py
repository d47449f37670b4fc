"""Quoted-printable (RFC 2045, section 6.7): told by a part's Content-Transfer-Encoding, or seen by what it escapes.

Seen, it has soft line breaks or escapes a `=`, or characters that are not ASCII and make a text.
"""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import reads
from leaktap.decoders._inflate import is_told

_CODING = "quoted-printable"
_WHOLE = re.compile(rb"(?:[\t\r\n\x20-<>-~]|=[0-9A-F]{2}|=[ \t]*\r?\n)++$")
_SIGN = re.compile(rb"=(?:3D|[ \t]*\r?\n|[89A-F][0-9A-F])")
_TRAILING = re.compile(rb"=[ \t]+(?=\r?\n)")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text without escapes and soft line breaks."""
    if is_told(context, _CODING):
        return (Part(binascii.a2b_qp(data), context=context._replace(encoding=context.encoding[1:])),)
    if not _SIGN.search(data) or not _WHOLE.match(data):
        return None
    decoded = binascii.a2b_qp(_TRAILING.sub(b"=", data))
    return (Part(decoded),) if reads(decoded) else None


DECODER = Decoder(
    "quoted_printable",
    decode,
    rank=53,
    hints=(rb"[!-~]=(?:\r?\n|(?:\\{1,8}r)?\\{1,8}n)[!-~]",),
    minimum=4,
    needs=b"=",
    codings=(_CODING,),
)
