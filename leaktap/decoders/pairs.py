"""Pairs as a browser sends cookies, `name=value; name=value` (RFC 6265, section 4.2.1), where no header says so.

Believed where nothing else stands between them: several names, each with a value that has neither spaces nor commas.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, LimitReached, Part, Sole
from leaktap.decoders._plain import Steps

_PAIR = rb"[A-Za-z_$][\w.$-]{0,63}=(?:\"[^\s\",;\\]*\"|[^\s\",;\\]*)"
_PAIRS = re.compile(_PAIR + rb"(?:; " + _PAIR + rb")++;?\s*$")

_OF_MAIL = b"=3D"
"""Quoted-printable's `=`."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the values as they stand, without quotes."""
    if not _PAIRS.match(data) or data.count(b"=") == data.count(_OF_MAIL):
        return None
    steps = Steps()
    parts = []
    pieces = data.rstrip(b"; \t\r\n").split(b"; ", context.most)
    for piece in pieces[: context.most]:
        raw_name, _, raw = piece.partition(b"=")
        if value := raw.strip(b'"'):
            name = raw_name.decode("ascii")
            parts.append(Part(value, steps.step(name), (name,)))
    if len(pieces) > context.most:
        raise LimitReached("parts", parts)
    return Sole(parts) if parts else None


DECODER = Decoder(
    "pairs",
    decode,
    rank=49,
    transparent=True,
    minimum=8,
    needs=b";",
    shape=re.compile(_PAIR + rb"; " + _PAIR[: _PAIR.index(b"=") + 1]),
)
