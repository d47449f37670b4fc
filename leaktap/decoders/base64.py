"""Base64 (RFC 4648): standard or URL-safe, padded or not, in lines, or with each `+` gone to a space.

Many words are base64 as well. A reading is kept if what comes out is readable, begins as compressed data does, has the
length of a digest, or if the value has the padding or the mixture of letters and digits that base64 has and words
have not. It is never the only one, unless a part's Content-Transfer-Encoding says so: the value stays a leaf.
"""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part, Sole
from leaktap.decoders._charsets import reads
from leaktap.decoders._inflate import is_told
from leaktap.decoders._pace import replaced
from leaktap.decoders._plain import NO_ID

_CODING = "base64"
_SHAPE = re.compile(
    NO_ID + rb"(?:[A-Za-z0-9+/_-]{64}"  # of a long value, the rest is looked at later
    rb"|[A-Za-z0-9+/_-]{6,}(?:[\r\n\t]+ *[A-Za-z0-9+/_-]+)*+={0,2}\s*$"  # in lines
    rb"|(?:H4sI|KLUv|eJ|eN|eyJ|W3si)[A-Za-z0-9 /]{12})"  # gzip, zstd, zlib or JSON, whose `+` are spaces
)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_SPACED = (b"H4sI", b"KLUv", b"eJ", b"eN", b"eyJ", b"W3si")
_INDENTED = re.compile(rb"[\r\n\t] +")
_MIXED = re.compile(rb"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])")
WORDS = re.compile(rb"(?:[A-Z]{0,12}[a-z]{3,}|[A-Z]+(?![a-z]))(?:[/_+-]*(?:[A-Z]{0,12}[a-z]{2,}|[A-Z]+(?![a-z])))*+")
"""Names that are made of words: nothing else has letters alone."""

_SIGN = rb"(?:[A-Za-z0-9+_-]|\\{0,8}/|%(?:25){0,3}2[BbFf])"
"""One sign of base64, also where a JSON string or a URL escapes it."""

_OF_TEXT = rb"(?:eyJ|eyAi|ewo|ew0K|W3si|WyJ|Int|Ilt|Ilw|Ilx|PD94|PHh)" + _SIGN + rb"{5}"
"""JSON's and XML's beginnings, also of JSON in a JSON string.

That a text begins otherwise and holds something is told by what it holds, wrapped.
"""

_OF_COMPRESSED = rb"(?:H4sI|KLUv|(?:eJ[w-z]|eA[E-H]|eN[o-r]|eF[4-7])" + _SIGN + rb"{6})"
_OF_RARER = rb"BCJNG|TFo0Qmxv|wYAAHNOYVB|glNOQVBQ|Td6WFoA|Qlpo[MNO].FBWSZT|UEsDB|XQAA.[AQgw]" + _SIGN + rb"{12}[A-D]"
"""The beginnings of lz4, snappy, xz, bzip2, ZIP and LZMA."""

_OF_OFFSET = rb"[BRhx](?:[+-]|%2[Bb])LCA[A-D]|[AEIMQUYcgkosw048]fiwgA"
"""gzip behind a header whose length is no multiple of three."""

_DIGESTS = (16, 20, 32, 64)
_SHORTEST_UNPADDED = 11
_SHORTEST_OPAQUE = 12
_SURE = (b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xfd7zXZ\0")
"""gzip without flags, zstd, ZIP, xz."""

_TO_STANDARD = bytes.maketrans(b"-_ ", b"+/+")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the decoded bytes."""
    if is_told(context, _CODING):
        return _told(data, context)
    text = data.strip()
    if b"\n" in text or b"\r" in text or b"\t" in text:
        text = _joined(text, context.deadline)
    bare = text.rstrip(b"=")
    if bare.translate(None, _ALPHABET + b" " if bare.startswith(_SPACED) else _ALPHABET):
        return None
    padded = len(bare) < len(text) and len(text) % 4 == 0
    if len(bare) % 4 == 1 or len(text) - len(bare) > 2:
        return None
    try:
        decoded = binascii.a2b_base64(bare.translate(_TO_STANDARD) + b"=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error:
        return None
    if not padded and len(bare) < _SHORTEST_UNPADDED:
        believed = not len(bare) % 4 and not decoded.isascii() and reads(decoded)
    else:
        believed = (
            reads(decoded)
            or _looks_opaque(bare, padded, len(decoded))
            or (WORDS.fullmatch(bare) is None and context.opens(decoded))
        )
    if not believed:
        return None
    return Sole((Part(decoded),)) if _is_sure(decoded) else (Part(decoded),)


def _joined(text: bytes, deadline: float) -> bytes:
    """Returns lines as one, without what they are indented with."""
    if b" " in text:
        text = replaced(_INDENTED, text, lambda _: b"", deadline)
    return text.translate(None, b"\r\n\t")


def _is_sure(decoded: bytes) -> bool:
    """Tells what no text gives by chance in any other way to write bytes: a long magic number, or whole JSON."""
    return decoded.startswith(_SURE) or (decoded.startswith(b'{"') and decoded.endswith(b"}"))


def _told(data: bytes, context: Context) -> Sequence[Part]:
    inside = context._replace(encoding=context.encoding[1:])
    try:
        return (Part(binascii.a2b_base64(data), context=inside),)
    except binascii.Error as error:
        raise DecodeError(f"said to be base64, but is not: {error}") from None


def _looks_opaque(text: bytes, padded: bool, length: int) -> bool:
    """Tells whether a text that decodes to `length` bytes of no known kind is base64 rather than a word."""
    if len(text) < _SHORTEST_OPAQUE and length not in _DIGESTS:
        return False
    return padded or _MIXED.match(text) is not None


DECODER = Decoder(
    "base64",
    decode,
    rank=60,
    hints=(_OF_TEXT, _OF_COMPRESSED, _OF_RARER, _OF_OFFSET),
    minimum=8,
    starts=_ALPHABET,
    shape=_SHAPE,
    codings=(_CODING,),
)
