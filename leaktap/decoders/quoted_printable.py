"""Quoted-printable (RFC 2045, section 6.7): told by a part's Content-Transfer-Encoding, or seen by what it escapes.

Seen, it has soft line breaks or escapes a `=`, or characters that are not ASCII and make a text. Where that is all that
is escaped, and lines are broken only where they are full, it is the only reading: JSON or XML in it may well pass for
JSON or XML as it stands. A full line of Ascii85 may end in a `=` as well.
"""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part, Sole
from leaktap.decoders._charsets import reads
from leaktap.decoders._inflate import is_told
from leaktap.decoders.base85 import is_base85

_CODING = "quoted-printable"
_WHOLE = re.compile(rb"(?:[\t\r\n\x20-<>-~]|=[0-9A-F]{2}|=[ \t]*\r?\n)++$")
_SIGN = re.compile(rb"=(?:3D|[ \t]*\r?\n|[89A-F][0-9A-F])")
_ESCAPE = re.compile(rb"=(?:[0-9A-F]{2}|[ \t]*\r?\n)")
_NEEDED = re.compile(rb"(?:[^=]++|=(?:3D|[89A-F][0-9A-F]|0[9AD]|20(?=\r?\n|$)|\r?\n))++")
_ILL_BROKEN = re.compile(rb"(?m)^[^\n]{0,71}=\r?$|^[^\r\n]{77}")
"""What is escaped of necessity; a line that is broken too early, or not at all (76 signs are the most of one)."""

_TRAILING = re.compile(rb"=[ \t]+(?=\r?\n)")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text without escapes and soft line breaks."""
    if is_told(context, _CODING):
        return (Part(binascii.a2b_qp(data), context=context._replace(encoding=context.encoding[1:])),)
    if not _ESCAPE.match(data, data.find(b"=")) or not _SIGN.search(data) or not _WHOLE.match(data):
        return None
    decoded = binascii.a2b_qp(_TRAILING.sub(b"=", data))
    if not reads(decoded):
        return None
    return Sole((Part(decoded),)) if _is_sure(data) and not is_base85(data) else (Part(decoded),)


def _is_sure(data: bytes) -> bool:
    """Tells whether a text with several escapes, or with a broken line, is written as the format has it throughout."""
    several = data.count(b"=") > 1 or b"=\n" in data or b"=\r" in data
    return several and _NEEDED.fullmatch(data) is not None and not _ILL_BROKEN.search(data)


DECODER = Decoder(
    "quoted_printable",
    decode,
    rank=24,
    hints=(rb"[!-~]=(?:\r?\n|(?:\\{1,8}r)?\\{1,8}n)[!-~]",),
    minimum=4,
    needs=b"=",
    codings=(_CODING,),
)
