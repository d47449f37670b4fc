"""Runs of letters and digits that spell something else: base64 in any alphabet, base32, base58, hexadecimal of a text;
and base85, whose runs have punctuation among them.

What is wrapped twice, or in a way that nobody foresaw, has no look of its own; but it is a long run that is neither
words nor a digest. Such runs are found at once, and only they are looked at closely.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from urllib.parse import unquote_to_bytes

from leaktap.identifiers._scan import Scanner
from leaktap.identifiers._stretches import stretches, table

SHORTEST = 22
"""Runs shorter than this are left to the looks of known values; sixteen signs are as long in base64 or base58."""

_SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_$%\\"
_UNESCAPED = _SIGNS[:-3]
_NUL = frozenset({0})
_SHORTEST_PIECE = 20
"""Of a run in which signs are escaped, three bytes may stand for one."""

_WIDE = b"a0" * 4
"""Letters of UTF-16, in either order: what they spell has no look of its own."""

_SAMPLE = 4096
_HEX = re.compile(rb"[0-9a-f_-]+|[0-9A-F_-]+")
_HEX_ASCII = re.compile(rb"(?:[2-7][0-9A-Fa-f]){8}")
_HEX_WIDE = re.compile(rb"(?:[2-7][0-9A-Fa-f](?:00){1,3}){4}")
_HEX_UTF8 = re.compile(rb"(?:[Ee][3-9][89ABab][0-9A-Fa-f][89ABab][0-9A-Fa-f]){2}")
_HEX_GBK = re.compile(rb"(?:[B-Db-d][0-9A-Fa-f][A-Fa-f][0-9A-Fa-f]){3}")
_HEX_COMPRESSED = re.compile(rb"(?i:1f8b08|28b52ffd|78(?:01|5e|9c|da)|425a68|fd377a|04224d18)")
"""What a text looks like: ASCII, also of two or four bytes to a character, Chinese in UTF-8 and GBK, compressed data.

Each by itself: an expression that begins with a set of characters is searched for several times as fast.
"""

_OF_HEX = (_HEX_ASCII, _HEX_WIDE, _HEX_UTF8, _HEX_GBK, _HEX_COMPRESSED)
_LONG_HEX = re.compile(rb"[0-9a-f]{%d,}|[0-9A-F]{%d,}" % (_SHORTEST_PIECE, _SHORTEST_PIECE))
_LONGEST_DIGEST, _KEYS = 128, (256, 512, 1024)
"""Digits of SHA-512, and of what RSA makes."""

_SIGN_ESCAPE = re.compile(rb"%(?:25)*(?:2[BbFf]|3[Dd])|\\+/")
_ESCAPE = re.compile(rb"%(?:25)*[0-9A-Fa-f]{2}|%|\\+(?:u[0-9A-Fa-f]{4}|[abefnrtv]|)")
_BEGIN = 512
"""Of a long run that is escaped, most of which go wrong within the first few signs."""

_BETWEEN_WORDS = re.compile(rb"[/_$+-]")
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

_SHORTEST_BASE85 = 25
"""Twenty bytes; what is shorter has looks."""

_SIGNS_BASE85 = frozenset(range(33, 127)) - frozenset(b"\"',")
_PLAIN_OR_ESCAPED = re.compile(rb"(?:[!#-&(-+\--~]|%(?:25)*(?:2[134-689ABD-Fabd-f]|[3-7][0-9A-Fa-f]))++")
_TELLING = b"!$()*<>@^`{|}~[]"
_ESCAPED_TELLING = re.compile(
    rb"%(?:25)*(?:2[1389Aa]|3[BCEbce]|40|5[BDEbde]|60|7[B-Eb-e])(?!%(?:25)*(?:2[2Cc]|7[BDbd])|&|$)"
)
_OF_URLS = b"?&=;#"
"""Punctuation that base85 has as often as any letter: what URLs have none of, and what they have, too."""

_FEWEST_OF_URLS = 2
_MOST_STRAY = 12
"""One in so many signs may be a `%`: of what is escaped, more are."""

_LONGEST_SAMPLE = 200
_FIELD = re.compile(rb"&(?=[\w.%[\]$-]{1,64}=)")
_CLASSES = bytes(
    0x61 if 97 <= sign <= 122 else 0x41 if 65 <= sign <= 90 else 0x30 if 48 <= sign <= 57 else 0x2E
    for sign in range(256)
)
_CHANGE = re.compile(rb"a+|A+|0+|\.+")
_CHANGES = 0.4
"""How many signs of base85, at least, are of another kind (small, capital, digit, none) than the one before."""

_CAPITALS = 0.06
"""How many of them, at least, are capitals."""


class Runs:
    """Finds opaque runs. `signs` are characters that they may have beside those of base64."""

    def __init__(self, signs: Iterable[str] = ()) -> None:
        """Makes the table."""
        known = frozenset(_SIGNS + "".join(signs).encode()) - frozenset(b"\"'<>&=,: ")
        self._any = table(known | _SIGNS_BASE85, _NUL)
        self._table, self._base85 = table(known, _NUL), table(_SIGNS_BASE85)
        self._hex_text = Scanner((), (), [each.pattern for each in _OF_HEX], ())

    def ends(self, data: bytes) -> list[int]:
        """Returns where opaque runs end, in order."""
        found: list[int] = []
        short: list[tuple[bytes, int]] = []
        for begin, end in stretches(data.translate(self._any), SHORTEST):
            piece = data[begin:end]
            if end - begin <= _LONGEST_DIGEST and not piece.translate(None, _UNESCAPED):
                short.append((piece, end))
                continue
            for first, last in stretches(piece.translate(self._table), SHORTEST):
                if is_opaque(piece[first : min(last, first + _SAMPLE)]):
                    found.append(begin + last)
            if end - begin >= _SHORTEST_BASE85:
                found += [begin + last for last in self._in_base85(piece)]
        if short:
            found += self._opaque(short)
        if b"\0" in data:
            found += _wide(data.translate(self._table))
        return sorted(set(found))

    def _opaque(self, runs: Sequence[tuple[bytes, int]]) -> list[int]:
        """Returns the ends of those runs that are opaque; they are short and without escapes. All are seen at once."""
        text = b"/".join([run for run, _ in runs])
        hits = self._hex_text.spots(text)
        if hits is not None and _WORDS.fullmatch(text):
            behind = list(accumulate(len(run) + 1 for run, _ in runs))
            runs = [runs[at] for at in {bisect_left(behind, end) for _, end in hits}]
        return [end for run, end in runs if _spells(run)]

    def _in_base85(self, data: bytes) -> Iterator[int]:
        """Yields where runs end that have base85 among them."""
        for start, end in stretches(data.translate(self._base85), _SHORTEST_BASE85):
            run = data[start:end]
            if not _is_mixed(run) and not _ESCAPED_TELLING.search(run):
                continue
            if has_base85(run[:_SAMPLE]):
                yield end
                continue
            at = start
            for field in _FIELD.split(run):
                at += len(field) + 1
                if len(field) >= _SHORTEST_BASE85 and has_base85(field[:_SAMPLE]):
                    yield at - 1


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
    if len(run) > _BEGIN and any(map(_goes_wrong, _pieces(run[:_BEGIN]))):
        return True
    return any(map(_spells, _pieces(run)))


def _pieces(run: bytes) -> list[bytes]:
    """Returns what stands between escapes of anything but signs."""
    pieces = _ESCAPE.sub(b" ", _SIGN_ESCAPE.sub(b"+", run)).split()
    return [piece for piece in pieces if len(piece) >= _SHORTEST_PIECE]


def _goes_wrong(piece: bytes) -> bool:
    """Tells whether a piece is not of words, however it goes on."""
    words = _WORDS.match(piece)
    return words is None or _BETWEEN_WORDS.search(piece, words.end()) is not None


def _spells(run: bytes) -> bool:
    if _HEX.fullmatch(run):
        return _is_hex_text(run) or (len(run) > _LONGEST_DIGEST and len(run) not in _KEYS)
    return _WORDS.fullmatch(run) is None or any(map(_is_hex_text, _LONG_HEX.findall(run)))


def _is_hex_text(run: bytes) -> bool:
    return bool(
        _HEX_ASCII.search(run)
        or _HEX_COMPRESSED.match(run)
        or _HEX_UTF8.search(run)
        or _HEX_GBK.search(run)
        or (b"00" in run and _HEX_WIDE.search(run))
    )


def has_base85(field: bytes) -> bool:
    """Tells whether a value, or one with a name before it, is or escapes base85."""
    if field.count(b"%") * _MOST_STRAY < len(field) and (
        _looks_base85(field) or _looks_base85(field.partition(b"=")[2])
    ):
        return True
    if not _ESCAPED_TELLING.search(field):
        return False
    runs = [run for run in _PLAIN_OR_ESCAPED.findall(field) if len(run) >= _SHORTEST_BASE85 and b"%" in run]
    return any(_looks_base85(_unescaped(run[: 3 * _LONGEST_SAMPLE])) for run in runs)


def _unescaped(run: bytes) -> bytes:
    return unquote_to_bytes(unquote_to_bytes(run) if b"%25" in run else run).replace(b"\\", b"")


def _is_mixed(run: bytes) -> bool:
    size = len(run)
    if len(run.translate(None, _TELLING)) < size:
        return True
    return size - len(run.translate(None, _OF_URLS)) >= _FEWEST_OF_URLS and b"://" not in run


def _looks_base85(run: bytes) -> bool:
    run = run[:_LONGEST_SAMPLE]
    size = len(run)
    if size < _SHORTEST_BASE85 or not _is_mixed(run):
        return False
    classes = run.translate(_CLASSES)
    return len(_CHANGE.findall(classes)) >= _CHANGES * size and classes.count(b"A") >= _CAPITALS * size
