"""Runs of letters and digits that spell something else: base64 in any alphabet, base32, base58, hexadecimal of a text.

What is wrapped twice, or in a way that nobody foresaw, has no look of its own; but it is a long run that is neither
words nor a digest. One pass of `bytes.translate` and `bytes.find` finds such runs, and only they are looked at closely.
"""

import re
from collections.abc import Iterable, Iterator

SHORTEST = 22
"""Runs shorter than this are left to the looks of known values; sixteen signs are as long in base64 or base58."""

_SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_$%\\"
_SHORTEST_PIECE = 20
"""Of a run in which signs are escaped, three bytes may stand for one."""

_WIDE = b"a0" * 4
"""Letters of UTF-16, in either order: what they spell has no look of its own."""

_SAMPLE = 4096
_HEX = re.compile(rb"[0-9a-f_-]+|[0-9A-F_-]+")
_HEX_TEXT = re.compile(
    rb"(?:[2-7][0-9a-f]){8}|(?:[2-7][0-9a-f](?:00){1,3}){4}"  # ASCII, also of two or four bytes to a character
    rb"|(?:e[3-9][89ab][0-9a-f][89ab][0-9a-f]){2}|(?:[b-d][0-9a-f][a-f][0-9a-f]){3}"  # Chinese in UTF-8 and GBK
    rb"|^(?:1f8b08|28b52ffd|78(?:01|5e|9c|da)|425a68|fd377a|04224d18)",  # compressed
    re.IGNORECASE,
)
_LONG_HEX = re.compile(rb"[0-9a-f]{%d,}|[0-9A-F]{%d,}" % (_SHORTEST_PIECE, _SHORTEST_PIECE))
_LONGEST_DIGEST, _KEYS = 128, (256, 512, 1024)
"""Digits of SHA-512, and of what RSA makes."""

_SIGN_ESCAPE = re.compile(rb"%(?:25)*(?:2[BbFf]|3[Dd])|\\+/")
_ESCAPE = re.compile(rb"%(?:25)*[0-9A-Fa-f]{2}|%|\\+(?:u[0-9A-Fa-f]{4}|[abefnrtv]|)")
_WORD_END = rb"(?=[/_$+-]|$)"
_WORDS = re.compile(
    rb"(?:[/_$+-]++"
    rb"|(?>[A-Z]?[a-z]{1,20}(?:[A-Z][a-z]{2,20}){0,6}|[A-Z]{1,20})[0-9]{0,13}+"
    + _WORD_END
    + rb"|[0-9]{1,13}+"
    + _WORD_END
    + rb"|[0-9a-f]++"
    + _WORD_END
    + rb"|[0-9A-F]++"
    + _WORD_END
    + rb")*+"
)
"""Names as programs have them (`home_page_view`, `HomePageView2`), numbers and digests, joined by `/`, `_` and `-`."""


class Runs:
    """Finds opaque runs. `signs` are characters that they may have beside those of base64."""

    def __init__(self, signs: Iterable[str] = ()) -> None:
        """Makes the table."""
        known = frozenset(_SIGNS + "".join(signs).encode()) - frozenset(b"\"'<>&=,: ")
        self._table = bytes(0x61 if sign in known else 0x2E if sign else 0x30 for sign in range(256))

    def ends(self, data: bytes) -> list[int]:
        """Returns where opaque runs end, in order."""
        marks = data.translate(self._table)
        found: list[int] = []
        needle = b"a" * SHORTEST
        end = 0
        while (start := marks.find(needle, end)) >= 0:
            end = marks.find(b".", start + SHORTEST)
            if end < 0:
                end = len(marks)
            if is_opaque(data[start : min(end, start + _SAMPLE)]):
                found.append(end)
        if b"\0" in data:
            found += _wide(marks)
        return found


def _wide(marks: bytes) -> Iterator[int]:
    """Yields where letters and digits of two bytes each end."""
    end = 0
    while (start := marks.find(_WIDE, end)) >= 0:
        end = start + len(_WIDE)
        while marks.startswith(_WIDE[:2], end):
            end += 2
        yield end


def is_opaque(run: bytes) -> bool:
    """Tells whether a run is neither words, numbers nor a digest."""
    if b"%" not in run and b"\\" not in run:
        return _spells(run)
    pieces = _ESCAPE.sub(b" ", _SIGN_ESCAPE.sub(b"+", run)).split()
    return any(len(piece) >= _SHORTEST_PIECE and _spells(piece) for piece in pieces)


def _spells(run: bytes) -> bool:
    if _HEX.fullmatch(run):
        return _HEX_TEXT.search(run) is not None or (len(run) > _LONGEST_DIGEST and len(run) not in _KEYS)
    return _WORDS.fullmatch(run) is None or any(map(_HEX_TEXT.search, _LONG_HEX.findall(run)))
