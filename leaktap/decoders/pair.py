"""A lone `name=value` in a string: a field, or a value that happens to contain the sign. Both readings are kept."""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders.form import NAME, fields

_PAIR = re.compile(NAME + rb"=[^=&\s][^&\s]*$")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the value under its name, decoded."""
    return fields(data, context.most) if _PAIR.match(data) else None


DECODER = Decoder("pair", decode, rank=52, minimum=3, needs=b"=", shape=re.compile(NAME + rb"="))
