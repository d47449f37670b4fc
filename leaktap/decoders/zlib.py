"""zlib (RFC 1950): said by Content-Encoding `deflate`, or seen by its header, whose two bytes hold a check."""

from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._inflate import FULL, inflate, is_told, unwrapped
from leaktap.decoders._plain import makes_sense

_EVIDENCE = 16


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content as one part.

    The header alone is weak evidence: where nobody said zlib, a stream that breaks must have brought some sense.
    """
    if len(data) < 2 or data[0] & 0x8F != 0x08 or int.from_bytes(data[:2]) % 31:
        return None
    told = is_told(context, "deflate")
    expanded = inflate(data, 15, context.room)
    broken = expanded.problem not in ("", FULL)
    if broken and not told and (len(expanded.data) < _EVIDENCE or not makes_sense(expanded.data)):
        return None
    return unwrapped(expanded, context, told)


DECODER = Decoder(
    "zlib", decode, rank=12, certain=True, minimum=8, starts=b"\x08\x18\x28\x38\x48\x58\x68\x78", codings=("deflate",)
)
