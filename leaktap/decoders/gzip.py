"""gzip (RFC 1952): said by Content-Encoding or seen by its first bytes; several members, and what follows them."""

from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import expand_all, gzip_stream, is_told, outlet, unwrapped

_MAGIC = b"\x1f\x8b\x08"
_CODINGS = ("gzip", "x-gzip")
_HEAD = 10
_EXTRA, _NAME, _COMMENT = 0x04, 0x08, 0x10
_LONGEST = 4096


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the members' content as one part, what follows the last as `.rest`, and the first's name and comment."""
    told = is_told(context, *_CODINGS)
    if not data.startswith(_MAGIC):
        if told:
            raise DecodeError("said to be gzip, but does not begin so")
        return None
    out = outlet(context)
    end = expand_all(gzip_stream, data, out, lambda at: data.startswith(_MAGIC, at))
    return unwrapped(out, end, context, told, data, _head(data) if data[3:4] > b"\3" else ())


def _head(data: bytes) -> list[Part]:
    """Returns the texts in the header (section 2.3)."""
    flags, at = data[3], _HEAD
    parts = []
    if flags & _EXTRA:
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin], "little")
        parts.append(Part(data[begin:at], ".extra"))
    for flag, path in ((_NAME, ".name"), (_COMMENT, ".comment")):
        if flags & flag:
            end = data.find(b"\0", at, at + _LONGEST)
            if end < 0:
                break
            parts.append(Part(data[at:end].decode("latin-1").encode(), path))
            at = end + 1
    return parts


DECODER = Decoder("gzip", decode, rank=10, certain=True, minimum=10, starts=b"\x1f", codings=_CODINGS, strain=0)
