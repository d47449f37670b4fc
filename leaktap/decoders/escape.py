"""Escapes as programs write them: `\\u5f20`, `\\u{5f20}`, `\\x35`, `\\065`, with surrogates, JavaScript's `%u5F20`.

`\\xe5\\xbc\\xa0` are bytes where they make UTF-8 or another charset, else characters. JSON undoes its own.
"""

import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import reads
from leaktap.decoders._pace import replaced
from leaktap.decoders._plain import is_binary

_HIDING = re.compile(rb"\\u(?:[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]{1,6}\})|\\x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2}|%u[0-9A-Fa-f]{4}")
_ESCAPE = re.compile(
    rb"(?P<units>(?:[\\%]u[0-9A-Fa-f]{4})++)|\\u\{(?P<point>[0-9A-Fa-f]{1,6})\}"
    rb"|\\x(?P<hex>[0-9A-Fa-f]{2})|\\(?P<octal>[0-3][0-7]{2})|\\(?P<sign>[abfnrtv\\'\"/])"
)
_SIGNS = {sign: meant.encode() for sign, meant in zip(b"abfnrtv", "\a\b\f\n\r\t\v", strict=True)}
_HIGHEST = 0x10FFFF
_BACKSLASH = rb"(?:\\{1,8}|%(?:25){0,8}5[cC])"


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text that is meant; one level of backslashes is undone."""
    if is_binary(data) or not _HIDING.search(data):
        return None
    meant = replaced(_ESCAPE, data, lambda found: _meant(found, as_bytes=True), context.deadline)
    if not reads(meant):
        meant = replaced(_ESCAPE, data, lambda found: _meant(found, as_bytes=False), context.deadline)
    return (Part(meant),)


def _meant(found: re.Match[bytes], as_bytes: bool) -> bytes:
    kind, written = found.lastgroup, found[found.lastgroup or 0]
    if kind == "units":
        return bytes.fromhex(written.translate(None, b"\\%u").decode()).decode("utf-16-be", "replace").encode()
    if kind == "sign":
        return _SIGNS.get(written[0], written)
    number = int(written, 8 if kind == "octal" else 16)
    if kind != "point" and as_bytes:
        return bytes((number,))
    return chr(min(number, _HIGHEST)).encode("utf-8", "replace")


DECODER = Decoder(
    "escape",
    decode,
    rank=57,
    hints=(
        _BACKSLASH + rb"(?:u00(?:3[0-9Aa]|[46][0-9A-Fa-f]|[57][0-9Aa])|(?:u\{|x)[2-7][0-9A-Fa-f])",
        _BACKSLASH + rb"(?:0[4-7]|1[0-7])[0-7]" + _BACKSLASH + rb"[01][0-7]",
        _BACKSLASH + rb"x[c-fC-F][0-9A-Fa-f]" + _BACKSLASH + rb"x[89abAB]",
        rb"%(?:25){0,8}u[0-9A-Fa-f]{4}",
    ),
    transparent=True,
    minimum=4,
    needs=b"\\%",
)
