"""Credentials of HTTP (RFC 9110, section 11.6.2): Basic (RFC 7617) as user and password, Bearer (RFC 6750) as token."""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part

_BASIC = re.compile(rb"Basic[ +]+([A-Za-z0-9+/_-]+={0,2})\s*$", re.IGNORECASE)
_BEARER = re.compile(rb"(?:Bearer|Token|JWT)[ +]+(\S+)\s*$", re.IGNORECASE)
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns `.user` and `.password`, or `.token`."""
    if bearer := _BEARER.match(data):
        return (Part(bearer[1], ".token"),)
    basic = _BASIC.match(data)
    if not basic:
        return None
    bare = basic[1].rstrip(b"=").translate(_TO_STANDARD)
    try:
        user, colon, password = binascii.a2b_base64(bare + b"=" * (-len(bare) % 4)).partition(b":")
    except binascii.Error:
        return None
    if not colon:
        return None
    return (Part(user, ".user", ("user",)), Part(password, ".password", ("password",)))[: context.most]


DECODER = Decoder(
    "authorization",
    decode,
    rank=44,
    hints=(rb"[Bb]asic(?: |\+|%20)[A-Za-z0-9+/]{6}",),
    minimum=8,
    starts=b"BbTtJj",
    shape=re.compile(rb"(?:basic|bearer|token|jwt)[ +]", re.IGNORECASE),
)
