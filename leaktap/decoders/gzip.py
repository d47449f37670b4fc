"""gzip (RFC 1952): said by Content-Encoding or seen by its first bytes; several members, and what follows them."""

from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._inflate import FULL, MOST_MEMBERS, Expanded, inflate, is_told, unwrapped

_MAGIC = b"\x1f\x8b\x08"
_CODINGS = ("gzip", "x-gzip")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the members' content as one part, and what follows the last member as `.rest`."""
    told = is_told(context, *_CODINGS)
    if not data.startswith(_MAGIC):
        if told:
            raise DecodeError("said to be gzip, but does not begin so")
        return None
    out, at, problem = bytearray(), 0, ""
    for _ in range(MOST_MEMBERS):
        member = inflate(data, 31, context.room - len(out), at)
        out += member.data
        at, problem = member.used, member.problem
        if problem or not data.startswith(_MAGIC, at):
            break
    else:
        problem = FULL
    rest = b"" if problem else data[at:].strip(b"\0")
    parts = (Part(rest, ".rest", final=True),) if rest else ()
    return unwrapped(Expanded(bytes(out), at, problem), context, told, parts)


DECODER = Decoder("gzip", decode, rank=10, certain=True, minimum=10, starts=b"\x1f", codings=_CODINGS)
