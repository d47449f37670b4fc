"""Encryption that can be undone: with a key that the message carries, the SDK ships, the user has or a hook has seen.

How is said by locks (`leaktap.keyring`): those that leaktap carries lie under `recipes/`, one file per SDK. A plaintext
is believed if a digest or tag proves the key, the lock vouches for it, or it is readable, begins as compressed data
does or is opened by some decoder; unless the value itself shows what it is, the value stays a leaf beside it.
"""

import re
from collections.abc import Sequence
from functools import cache

from leaktap.decoders._api import Context, Decoder, LimitReached, Part, Sole
from leaktap.decoders._keyring import SHORTEST, Keyring, hints, marked
from leaktap.decoders._plain import makes_sense
from leaktap.model import Message

_NO_MESSAGE = Message(("", "", ""))


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the plaintext as one part, named by the lock that opened it."""
    if not data:
        return None
    ring = context.ring or _shipped().ring(_NO_MESSAGE, context.host, context.path)
    for plain in ring.open(data, context.name, context.beside):
        if not plain.data or not (plain.believed or makes_sense(plain.data) or context.opens(plain.data)):
            continue
        if len(plain.data) > context.room:
            raise LimitReached("bytes")
        parts = (Part(plain.data, f".{plain.name}"),)
        return Sole(parts) if plain.sure else parts
    return None


@cache
def _shipped() -> Keyring:
    """Returns what there is without any keys of the user's."""
    return Keyring()


def _shape() -> re.Pattern[bytes]:
    """Returns how values begin that a recipe knows by their beginning."""
    looks = [entry.lock.where.looks.encode() or re.escape(entry.begins) for entry in marked()]
    return re.compile(b"|".join(b"(?:" + look + b")" for look in looks), re.DOTALL)


DECODER = Decoder(
    "decrypt",
    decode,
    rank=5,
    hints=tuple(hint for entry in marked() for hint in hints(entry.lock)),
    minimum=SHORTEST,
    starts=b"".join(sorted({entry.begins[:1] for entry in marked()})),
    shape=_shape(),
)
