"""Ascii85 as Adobe writes it (PostScript Language Reference, 3rd edition, section 3.13.3): `<~...~>`, or without marks.

Spaces and line breaks count nothing, `z` stands for four zero bytes. What has no marks is kept only if it is readable
or begins as compressed data does.
"""

import base64
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._charsets import reads
from leaktap.decoders._pace import in_pieces
from leaktap.decoders._plain import NO_ID

_BEGIN, _END = b"<~", b"~>"
_SHAPE = re.compile(
    rb"\s*<~|(?![A-Za-z0-9]+$)[!-uz]{10}|" + NO_ID + rb"(?:[0-9A-I][0-9A-Za-u]{4}){2,}+[0-9A-Za-u]{0,4}+$"
)
"""What has no punctuation is taken for a token unless each group of it can begin with a sign of ASCII (`+` to `I`)."""

_SPACE = b" \t\n\r\v\f"
_ZEROS = 4
_SAMPLE, _PIECE = 60, 5 << 13
_GROUPS = re.compile(rb"(?:[^z]{5}|z)*+[^z]{0,4}")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the bytes."""
    text = data.strip()
    marked = text.startswith(_BEGIN)
    if marked:
        text = text[len(_BEGIN) :].partition(_END)[0]
    elif len(text.translate(None, _SPACE)) % 5 == 1:
        return None
    if len(text) + _ZEROS * text.count(b"z") > context.room:
        raise LimitReached("bytes")
    if not marked and not _begins(text[:_SAMPLE], cut=len(text) > _SAMPLE):
        return None
    try:
        decoded = _decoded(text.translate(None, _SPACE), context.deadline)
    except ValueError as error:
        if marked:
            raise DecodeError(str(error)) from None
        return None
    return (Part(decoded),) if marked or reads(decoded) else None


def _decoded(text: bytes, deadline: float) -> bytes:
    """Returns the bytes, piece by piece: the library takes 27 times the memory.

    Raises:
        ValueError: it is no Ascii85.
    """
    if b"z" in text:
        if not _GROUPS.fullmatch(text):
            raise ValueError("z inside Ascii85 5-tuple")
        text = text.replace(b"z", b"!!!!!")
    return in_pieces(text, _PIECE, base64.a85decode, deadline)


def _begins(text: bytes, cut: bool) -> bool:
    """Tells whether the beginning of a text without marks makes sense."""
    try:
        decoded = base64.a85decode(text)
    except ValueError:
        return False
    return reads(decoded, cut=cut)


DECODER = Decoder(
    "ascii85",
    decode,
    rank=68,
    hints=(
        rb"(?:<|lt(?:;|%(?:25){0,8}3[bB])|\\u003[cC]|%(?:25){0,8}3[cC])~[!-uz]{5}",
        # `\x` of each `\x41` of many
        rb"(?:>|gt(?:;|%(?:25){0,8}3[bB])|\\u003[eE]|%(?:25){0,8}3[eE])(?:\^|%(?:25){0,8}5[eE])"
        rb"(?:\\{0,8}/|%(?:25){0,8}2[fF])",
    ),
    minimum=4,
    shape=_SHAPE,
)
