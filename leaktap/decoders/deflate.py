"""Raw deflate (RFC 1951): said by Content-Encoding `deflate`, or the whole value inflates to something sensible.

Raw deflate has no header and no check. Any few bytes may be the beginning of some stream, so without being told only a
stream that ends exactly where the value ends, and grew by it, is believed.
"""

from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import inflate, is_told, unwrapped
from leaktap.decoders._plain import makes_sense


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part."""
    told = is_told(context, "deflate")
    expanded = inflate(data, -15, context.room)
    if told:
        if not expanded.data:
            raise DecodeError(f"said to be deflate, but {expanded.problem or 'empty'}")
        return unwrapped(expanded, context, told)
    if expanded.problem or expanded.used < len(data):
        return None
    if len(expanded.data) <= len(data) or not makes_sense(expanded.data):
        return None
    return unwrapped(expanded, context, told)


DECODER = Decoder("deflate", decode, rank=75, certain=True, minimum=16, binary=True, codings=("deflate",))
