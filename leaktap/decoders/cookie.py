"""Cookies (RFC 6265): the pairs of a Cookie header, or the one pair of a Set-Cookie header without its attributes."""

from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._plain import Steps

_HEADERS = ("cookie", "set-cookie")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the cookies' values as they stand, without quotes."""
    header = context.keys[-1].lower() if context.keys else ""
    if header not in _HEADERS:
        return None
    steps = Steps()
    parts = []
    pairs = data.split(b";", context.most)
    for pair in pairs[: 1 if header == "set-cookie" else context.most]:
        raw_name, separator, value = pair.strip().partition(b"=")
        value = value.strip().strip(b'"')
        if separator and value:
            name = raw_name.strip().decode("utf-8", "replace")
            parts.append(Part(value, steps.step(name), (name,)))
    if header == "cookie" and len(pairs) > context.most:
        raise LimitReached("parts", parts)
    return parts or None


DECODER = Decoder("cookie", decode, rank=45, certain=True, minimum=3, needs=b"=")
