"""Hexadecimal digits that spell a text or compressed data. A digest in hex spells neither and is left as it is."""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import reads

_SHAPE = re.compile(
    rb"(?=(?:[2-7][0-9a-f]|0[9ad]|[c-f][0-9a-f](?:[89ab][0-9a-f])+){3}|1f8b|28b5|78(?:01|5e|9c|da)"
    rb"|(?:[2-7][0-9a-f](?:00){1,3}){3}|(?:(?:00){1,3}[2-7][0-9a-f]){3}|(?:[a-f][0-9a-f]){4}|(?:[4-9][0-9a-f]..|..[4-9].){4})"
    rb"(?:[0-9a-f]{2})+$",
    re.IGNORECASE,
)
"""Digits only, which begin as compressed data does or with three characters of a text, in whichever charset."""

_OF_TEXT = rb"(?:7[bB]22|5[bB]7[bB]22|5[bB]22|3[cC]3[fF])[0-9A-Fa-f]{10}"
_OF_COMPRESSED = rb"(?:1[fF]8[bB]08|28[bB]52[fF][fF][dD]|78(?:9[cC]|[dD][aA])[0-9A-Fa-f]{12})[0-9A-Fa-f]{6}"


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the bytes that are spelt."""
    decoded = bytes.fromhex(data.decode("ascii"))
    return (Part(decoded),) if reads(decoded) else None


DECODER = Decoder(
    "hex",
    decode,
    rank=65,
    hints=(_OF_TEXT, _OF_COMPRESSED),
    minimum=12,
    starts=b"0123456789abcdefABCDEF",
    shape=_SHAPE,
)
