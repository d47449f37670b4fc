"""Form fields, `name=value&name=value` (the URL standard's application/x-www-form-urlencoded): said or seen.

Where nobody says so, there are several and every name is a plain one, so that prose, URLs and base64 with its padding
are left alone; a lone pair is `pair`'s. Base85 has both signs among its letters: what reads as either stays both.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, LimitReached, Part, Sole
from leaktap.decoders._pace import paced
from leaktap.decoders._plain import Steps, is_binary, unquote
from leaktap.decoders.base85 import is_base85
from leaktap.decoders.quoted_printable import decode as unquoted

NAME = rb"(?:[A-Za-z_$]|%[0-9A-Fa-f]{2})[\w.$%\[\]-]{0,63}"
_FORM = re.compile(rb"(?:" + NAME + rb"=[^&\s]*(?:&|$))(?:" + NAME + rb"(?:=[^&]*)?(?:&|$))*+$")
_OF_MAIL = re.compile(rb"[^=]*=3D(?:[^=]++|=[0-9A-F]{2}|=\r?\n)*+")
"""Quoted-printable, if it can be read so: each `=` is escaped, or ends a line."""

_SAMPLE = 1 << 16
_TYPE = "application/x-www-form-urlencoded"


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the fields' values, decoded; a repeated name gets its index from the second on."""
    if context.content_type != _TYPE:
        head = data if len(data) < _SAMPLE else data[: data.rfind(b"&", 0, _SAMPLE)]
        if b"&" not in data or not _FORM.match(head):
            return None
        if _OF_MAIL.fullmatch(head) and unquoted(head, context):
            return None
    elif is_binary(data):
        return None
    if not data.partition(b"&")[0].partition(b"=")[2].strip(b"=") and b"&" not in data:
        return None
    charset = dict(context.parameters).get("charset", "")
    inside = context._replace(content_type="text/plain", parameters=(("charset", charset),)) if charset else None
    found = fields(data, context.most, inside, context.deadline, context.spots)
    return found if is_base85(data) else Sole(found)


def fields(
    data: bytes,
    most: int,
    context: Context | None = None,
    deadline: float = math.inf,
    spots: Sequence[int] | None = None,
) -> list[Part]:
    """Splits and decodes; a field without `=` is a value without a name. `context` is for values that are not ASCII.

    `spots` are as in `Context`: fields in which there is none are marked as beside the others.

    Raises:
        LimitReached: there are more than `most`, or no time for all of them.
    """
    parts: list[Part] = []
    steps = Steps()
    pieces = data.split(b"&", most)
    end = 0
    for piece in paced(pieces[:most], deadline, parts):
        begin, end = end, end + len(piece) + 1
        beside = spots is not None and bisect_right(spots, begin) == bisect_right(spots, end)
        raw_name, separator, raw = piece.partition(b"=")
        if not separator:
            raw_name, raw = b"", raw_name
        value = unplus(raw)
        if value:
            name = unplus(raw_name).decode("utf-8", "replace")
            inside = None if value.isascii() else context
            parts.append(Part(value, steps.step(name), (name,) if name else (), inside, False, beside))
    if len(pieces) > most:
        raise LimitReached("parts", parts)
    return parts


def unplus(data: bytes) -> bytes:
    """Undoes `+` for a space, and percent-encoding."""
    if b"+" in data:
        data = data.replace(b"+", b" ")
    return unquote(data)


DECODER = Decoder(
    "form",
    decode,
    rank=50,
    transparent=True,
    shape=re.compile(NAME + rb"="),
    minimum=3,
    needs=b"=",
    types=(_TYPE,),
)
