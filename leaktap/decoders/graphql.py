"""The text of a GraphQL request (https://spec.graphql.org/October2021/#sec-Language): the values of its arguments.

A path is made of the names of fields and arguments (`.user.phone`, `.save.input.tags[0]`), a default's of its
variable's. Variables travel beside the text, as JSON.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from leaktap.decoders._api import Context, Decoder, LimitReached, Part
from leaktap.decoders._plain import step

_TYPE = "application/graphql"
_SHAPE = re.compile(
    rb"(?:\xef\xbb\xbf)?[\s,]*+(?:#[^\n]*+\s*+)*+"
    rb"(?:(?:query|mutation|subscription|fragment)\b[^\"]{0,500}?[({]|\{\s*\w+[\s,]*[({:\w}])"
)
_TOKEN = re.compile(
    rb'"""((?:[^"\\]|\\"""|\\|"(?!""))*)"""|("(?:[^"\\\n\r]|\\.)*")|(-?\d[\d.eE+-]*)|(\$?[A-Za-z_]\w*)'
    rb"|(\.\.\.|[!&():=@\[\]{|}])|(?:[\s,]|\xef\xbb\xbf|#[^\n\r]*)+"
)
_BLOCK, _STRING, _NUMBER, _NAME, _SIGN = range(1, 6)
_DEEPEST = 64
_CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the arguments' texts and numbers."""
    reading = _Reading(context.most)
    at = 0
    while at < len(data):
        token = _TOKEN.match(data, at)
        if token is None or not reading.take(token.lastindex or 0, token[token.lastindex or 0]):
            return None
        at = token.end()
    return reading.parts if reading.parts and len(reading.stack) == 1 else None


@dataclass(slots=True)
class _Open:
    """A bracket that is open: its sign, where it is, and the names before what comes next in it."""

    sign: bytes
    path: str
    keys: tuple[str, ...]
    in_arguments: bool
    name: str = ""
    index: int = 0


@dataclass(slots=True)
class _Reading:
    """Takes tokens."""

    most: int
    parts: list[Part] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=lambda: [_Open(b"", "", (), False)])
    before: bytes = b""
    directive: str = ""

    def take(self, kind: int, token: bytes) -> bool:
        """Takes a token; returns whether it may stand there."""
        top = self.stack[-1]
        if kind == _SIGN:
            if token in _CLOSING:
                if len(self.stack) > _DEEPEST:
                    return False
                here, keys = self.place(top)
                if self.directive and token == b"(":
                    here, keys = here + step(self.directive), (*keys, self.directive)
                arguments = top.in_arguments or token == b"("
                self.stack.append(_Open(token, here, keys, arguments))
            elif token in (b")", b"]", b"}"):
                if _CLOSING.get(top.sign) != token:
                    return False
                self.stack.pop()
            self.before = token
        elif kind == _NAME:
            self.directive = "@" + token.decode() if self.before == b"@" else ""
            is_value = top.in_arguments and (self.before in (b":", b"=") or top.sign == b"[")
            if not is_value and not self.directive:
                top.name = token.decode().lstrip("$")
            self.before = token
        elif kind in (_BLOCK, _STRING, _NUMBER):
            if not top.in_arguments:
                return False
            self.value(kind, token, top)
            self.before = b""
        return True

    def place(self, top: _Open) -> tuple[str, tuple[str, ...]]:
        """Returns path and keys of what comes next."""
        if top.sign == b"[":
            top.index += 1
            return f"{top.path}[{top.index - 1}]", top.keys
        if not top.sign or not top.name:
            return top.path, top.keys
        return top.path + step(top.name), (*top.keys, top.name)

    def value(self, kind: int, token: bytes, top: _Open) -> None:
        """Lists a value."""
        path, keys = self.place(top)
        if kind == _STRING:
            try:
                token = orjson.loads(token).encode()
            except orjson.JSONDecodeError:
                token = token[1:-1]
        elif kind == _BLOCK:
            token = token.strip()
        if not token:
            return
        if len(self.parts) >= self.most:
            raise LimitReached("parts", self.parts)
        self.parts.append(Part(token, path, keys, None, kind == _NUMBER))


DECODER = Decoder(
    "graphql", decode, rank=44, transparent=True, minimum=6, starts=b"qmsf{# \t\r\n\xef,", shape=_SHAPE, types=(_TYPE,)
)
