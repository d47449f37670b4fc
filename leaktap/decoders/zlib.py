"""zlib (RFC 1950): said by Content-Encoding `deflate`, or seen by its header, whose two bytes hold a check."""

from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import expand_all, is_told, outlet, unwrapped, zlib_stream
from leaktap.decoders._plain import makes_sense

_CODINGS = ("deflate", "x-deflate", "zlib")
_EVIDENCE = 16
_HEAD = 2
_DICTIONARY = 0x20


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the content of all streams in a row as one part.

    The header alone is weak evidence: where nobody said zlib, a stream that breaks must have brought some sense.
    """
    if not _begins(data, 0):
        return None
    told = is_told(context, *_CODINGS)
    if data[1] & _DICTIONARY:
        if told:
            raise DecodeError(f"needs the dictionary whose Adler-32 is {data[_HEAD : _HEAD + 4].hex()}")
        return None
    out = outlet(context)
    end = expand_all(zlib_stream, data, out, lambda at: _begins(data, at))
    if end.is_broken and not told and (out.size < _EVIDENCE or not makes_sense(out.value())):
        return None
    return unwrapped(out, end, context, told, data)


def _begins(data: bytes, at: int) -> bool:
    """Tells whether a header is at this offset (section 2.2): deflate with a window of 32 KB at most, and the check."""
    head = data[at : at + _HEAD]
    return len(head) == _HEAD and head[0] & 0x8F == 0x08 and int.from_bytes(head) % 31 == 0


DECODER = Decoder(
    "zlib",
    decode,
    rank=12,
    certain=True,
    minimum=8,
    starts=b"\x08\x18\x28\x38\x48\x58\x68\x78",
    codings=_CODINGS,
    strain=0,
)
