"""data: URLs (RFC 2397): base64 or percent-encoded, with the media type that they name."""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._headers import parameterised
from leaktap.decoders._plain import unquote

_HEAD = re.compile(
    rb"data:(?P<type>[\w.+/-]{0,100}(?:;[\w.+-]{1,40}=[^,;]{0,200}){0,8})(?P<coded>;base64)?,", re.IGNORECASE
)
_OF_MAIL = re.compile(rb"=(?:\r?\n|3D)")
"""A soft line break or a sign that is escaped: quoted-printable comes first."""

_TO_STANDARD = bytes.maketrans(b"-_ ", b"+/+")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns what the URL holds."""
    head = _HEAD.match(data)
    if head is None or _OF_MAIL.search(data):
        return None
    content_type, parameters = parameterised(head["type"])
    inside = context._replace(content_type=content_type, parameters=parameters, encoding=())
    held = unquote(data[head.end() :])
    if not head["coded"]:
        return (Part(held, context=inside),)
    bare = b"".join(held.translate(_TO_STANDARD, b"\r\n\t").split(b"=", 1)[:1])
    if len(bare) % 4 == 1:
        bare, broken = bare[:-1], True
    else:
        broken = False
    try:
        decoded = binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error as error:
        raise DecodeError(f"is no base64: {error}") from None
    if broken:
        raise DecodeError(f"is cut off after {len(data)} bytes", (Part(decoded, context=inside),))
    return (Part(decoded, context=inside),)


DECODER = Decoder("data", decode, rank=15, certain=True, minimum=6, starts=b"dD", needs=b",", shape=_HEAD)
