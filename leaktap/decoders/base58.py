"""Base58 (Bitcoin's alphabet, draft-msporny-base58-03), with or without the checksum of Base58Check.

It is kept if it spells a text, begins as compressed data does, or its last four bytes are the right checksum.
A value is one large number, so a long one is not read.
"""

import hashlib
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import reads
from leaktap.decoders._plain import NO_ID

_ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {sign: value for value, sign in enumerate(_ALPHABET)}
_SHAPE = re.compile(NO_ID + rb"(?![1-9]+$|[a-z]+$|[A-Z]+$)[1-9A-HJ-NP-Za-km-z]{8,16384}$")
_CHUNK = 64
_CHECKSUM = 4
_SHORTEST_CHECKED = 9


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the bytes, without their checksum where they have one."""
    decoded = _decoded(data.rstrip(b"\n"))
    body, sum_ = decoded[:-_CHECKSUM], decoded[-_CHECKSUM:]
    if len(decoded) >= _SHORTEST_CHECKED and sum_ == _sha256(_sha256(body))[:_CHECKSUM]:
        return (Part(body),)
    return (Part(decoded),) if reads(decoded) else None


def _decoded(data: bytes) -> bytes:
    """Puts the number together from chunks, so that most of the arithmetic is with small ones."""
    number = 0
    for at in range(0, len(data), _CHUNK):
        piece = 0
        chunk = data[at : at + _CHUNK]
        for sign in chunk:
            piece = piece * 58 + _VALUES[sign]
        number = number * 58 ** len(chunk) + piece
    zeros = len(data) - len(data.lstrip(b"1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


DECODER = Decoder("base58", decode, rank=66, minimum=8, starts=_ALPHABET, shape=_SHAPE)
