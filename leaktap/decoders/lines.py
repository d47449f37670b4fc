"""Names and values in logs: `name=value` and `name: value` on lines, logfmt (https://brandur.org/logfmt), Java's maps.

Believed where there are several and they make up half of the text. The value stays a leaf beside them. A repeated name
gets its index. Markup is left alone: its attributes are no lines.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._pace import paced
from leaktap.decoders._plain import Steps

_SIGN = rb"[\w\x80-\xff]"
_SHAPE = re.compile(
    rb"(?!\s*<[!?A-Za-z])(?!(?s:.{0,31})[\0-\x08\x0e-\x1a])(?!\[?\{\")"  # neither markup, binary nor JSON
    rb"(?s:.{0,400}?)" + _SIGN + rb"(?:[ \t]?=[ \t]?[^=&\s]|:[ \t]+\S|\xef\xbc\x9a)"
)
_NAME = rb"[A-Za-z_$\x80-\xff][\w\x80-\xff.-]{0,63}"
_PAIR = re.compile(
    rb"^[ \t]*([A-Za-z_$\x80-\xff][\w\x80-\xff .-]{0,40}?)[ \t]*(?::[ \t]+|\xef\xbc\x9a[ \t]*)(\S[^\r\n]*)"
    rb"|^[ \t]*(" + _NAME + rb")[ \t]?=[ \t]*([^\s\"'{\[=&][^\r\n=&,;]*)\r?$"  # the only pair on its line
    rb"|(?:^|(?<=[\s,;|{(\[]))(" + _NAME + rb")[ \t]?=[ \t]?"
    rb"(?:\"((?:[^\"\\\r\n]|\\.)*)\"|'([^'\r\n]*)'|([{\[]\S*|[^\s,;&|)}\]\"'=][^\s,;&|)}\]\"']*))",
    re.MULTILINE,
)
_QUOTED = 6
_SURROUNDING = b" \t\r\n,;|{}()[]\"'=:"
_LEAST = 2


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the values under their names."""
    parts: list[Part] = []
    steps = Steps()
    covered = 0
    for pair in paced(_PAIR.finditer(data), context.deadline, parts):
        raw_name = pair[1] or pair[3] or pair[5]
        value = pair[pair.lastindex or 0]
        covered += len(raw_name) + len(value)
        if not value:
            continue
        if len(parts) >= context.most:
            raise LimitReached("parts", parts)
        name = raw_name.decode("utf-8", "replace")
        parts.append(
            Part(value.replace(rb"\"", b'"') if pair.lastindex == _QUOTED else value, steps.step(name), (name,))
        )
    if len(parts) < _LEAST or covered * 2 < len(data.translate(None, _SURROUNDING)):
        return None
    return parts


DECODER = Decoder("lines", decode, rank=58, transparent=True, minimum=7, shape=_SHAPE)
