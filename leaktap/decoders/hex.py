"""Hexadecimal digits that spell a text, compressed data, a protobuf message, or more bytes than a digest or a key has.

A digest in hex is left as it is, unless the message has a key that it may have been encrypted with.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import reads
from leaktap.decoders._plain import is_text
from leaktap.decoders._protobuf_wire import is_message

_MESSAGE = rb"(?=[0-9]*+[a-f])(?:[0-7][012589ad][0-9a-f]{12}|[89a-f][0-9a-f][0-7][0-9a-f]{11})"
"""A number is a message by chance: one that might be has a letter among its digits, and seven bytes."""

_BYTES = rb"(?:[0-9a-f]{2})++$"
_TELLING = (
    rb"(?=(?:[2-7][0-9a-f]|0[9ad]|[c-f][0-9a-f](?:[89ab][0-9a-f])+){3}|1f8b|28b5|78(?:01|5e|9c|da)"
    rb"|04224d18|4c5a3442|ff060000|82534e41|fd377a58|5d0000|425a68|504b0304"
    rb"|(?:[2-7][0-9a-f](?:00){1,3}){3}|(?:(?:00){1,3}[2-7][0-9a-f]){3}|(?:[a-f][0-9a-f]){4}|(?:[4-9][0-9a-f]..|..[4-9].){4}"
    rb"|fffe|(?:0000)?feff"
    rb"|(?!(?:.{32}|.{40})$)[0-9a-f]{24}|[0-9a-f]{12}(?:[2-7][0-9a-f]){4})" + _BYTES
)
_SHAPE = re.compile(_TELLING + b"|(?=" + _MESSAGE + b")" + _BYTES, re.IGNORECASE)
_TELLS = re.compile(_TELLING, re.IGNORECASE)
"""Digits only, which begin as compressed data does or with a text in any charset; or so many as no number and no usual
digest has; or text after a few.
"""

_OF_TEXT = rb"(?:7[bB]22|5[bB]7[bB]22|5[bB]22|3[cC]3[fF])[0-9A-Fa-f]{10}"
_OF_COMPRESSED = rb"(?:1[fF]8[bB]08|28[bB]52[fF][fF][dD]|78(?:9[cC]|[dD][aA])[0-9A-Fa-f]{12})[0-9A-Fa-f]{6}"
_OF_RARER = (
    rb"04224[dD]18|4[cC]5[aA]34426|[fF]{2}060000734[eE]|82534[eE]415|[fF][dD]377[aA]585[aA]00|425[aA]683[1-9]314159"
    rb"|504[bB]0304|5[dD]0000[0-9a-fA-F]{2}0[0-8][0-9a-fA-F]{16}00"
)
"""The beginnings of lz4, snappy, xz, bzip2, ZIP and LZMA."""

_LONGEST_HEAD = 6
_SHORTEST_OPAQUE = 24
_DIGESTS = (24, 28, 32, 48, 64, 128, 256, 512)


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the bytes that are spelt."""
    decoded = bytes.fromhex(data.decode("ascii"))
    if not _TELLS.match(data):
        return (Part(decoded),) if is_message(decoded) else None
    believed = (
        reads(decoded)
        or _looks_packed(decoded)
        or is_message(decoded)
        or _is_locked(decoded, context)
        or context.opens(decoded)
    )
    return (Part(decoded),) if believed else None


def _is_locked(data: bytes, context: Context) -> bool:
    """Tells whether a key of the message's may open bytes."""
    return context.ring is not None and context.ring.fits(data, context.name)


def _looks_packed(data: bytes) -> bool:
    """Tells whether bytes are rather something packed than a digest, a key or a signature.

    A block of lz4 or snappy that is too short to shrink is a text behind a few bytes.
    """
    if len(data) >= _SHORTEST_OPAQUE and len(data) not in _DIGESTS:
        return True
    return len(data) >= _LONGEST_HEAD + 4 and is_text(data[_LONGEST_HEAD:])


DECODER = Decoder(
    "hex",
    decode,
    rank=65,
    hints=(_OF_TEXT, _OF_COMPRESSED, _OF_RARER),
    minimum=12,
    starts=b"0123456789abcdefABCDEF",
    shape=_SHAPE,
)
