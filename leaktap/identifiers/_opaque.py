"""Runs of letters and digits that spell something else: base64 in any alphabet, base32, base58, hexadecimal of a text;
and base85, whose runs have punctuation among them.

What is wrapped twice, or in a way that nobody foresaw, has no look of its own; but it is a long run that is neither
words nor a digest. Such runs are found at once, and only they are looked at closely.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from leaktap.identifiers._mixed import mixed, with_kinds
from leaktap.identifiers._scan import Scanner
from leaktap.identifiers._stretches import NEITHER, SIGN, stretches, table

SHORTEST = 22
"""Runs shorter than this are left to the looks of known values; sixteen signs are as long in base64 or base58."""

_SMALL, SHORTEST_MIXED = 4096, 11
"""In small texts that are mixed, shorter ones are found as well: there a closer look costs little."""

_QUOTE = re.compile(rb"""(?<![\s:,{\[=(<])(?:[\\"])?"(?![\s:,}\])>/])""")
"""A quotation mark within a string, as Ascii85 may have it: no structure begins or ends with it."""

_SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_$%\\"
_UNESCAPED = _SIGNS[:-3]
_NUL = frozenset({0})
_SHORTEST_PIECE = 20
"""Of a run in which signs are escaped, three bytes may stand for one."""

_FIELD_END = re.compile(rb"(?<=[^&]{20})&")
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f]")
_WIDE = tuple(bytes([SIGN]) + bytes([NEITHER]) * more for more in (1, 3))
_FEWEST_WIDE = 4
"""Letters of UTF-16 and UTF-32, in either order: what they spell has no look of its own."""

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
_LONGEST_DIGEST = 128
"""Digits of SHA-512; more may be ciphertext."""

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
    + rb"|[0-9]{2}T[0-9]{2}"
    + _WORD_END
    + rb"|(?:[0-9a-f]{1,40}+|[0-9A-F]{1,40}+)"
    + _WORD_END
    + rb"|(?:[0-9a-f]{48}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})"
    + _WORD_END
    + rb"|(?:[0-9A-F]{48}|[0-9A-F]{56}|[0-9A-F]{64}|[0-9A-F]{96}|[0-9A-F]{128})"
    + _WORD_END
    + rb")*+"
)
"""Names as programs have them (`home_page_view`, `HomePageView2`), numbers, dates and digests, joined by `/`, `_` or
`-`.
"""

_REPEATED = re.compile(rb"([A-Za-z])\1{3}")
"""As empty bytes between letters make it: in some alphabets of base64 all of UTF-32 may pass for a word."""

_SHORTEST_BASE85 = 20
"""Sixteen bytes; what is shorter has looks."""

_SIGNS_BASE85 = frozenset(range(33, 127)) - frozenset(b'"')
_OF_NUMBERS = b"0123456789.,:+-eE[]{}"
_TELLING, _OF_URLS = b"!$()*<>@^`{|}~[]", b"?&=;#"
"""Punctuation that base85 has as often as any letter: what URLs have none of, and what they have, too."""

_NEVER_LEFT = b"<>^`{|}"
"""What percent-encoding never leaves as it is: beside it, a `%` may be a sign of base85."""

_ESCAPED_TELLING = re.compile(
    rb"%(?:25)*(?:2[1389Aa]|3[BCEbce]|40|5[BDEbde]|60|7[B-Eb-e]|26(?:amp|lt|gt)%(?:25)*3[Bb])"
    rb"(?!%(?:25)*(?:2[2Cc]|7[BDbd])|&|$)"
)
_LONGEST_ESCAPED = 4096
"""A longer run is undone in no more time by its decoder."""

_LONGEST_UNDONE = 1 << 16
"""Of a longer one that is mixed or escaped, a decoder tells: all of it at once would take many times its memory."""

_ESCAPED_SIGN = re.compile(rb"&(?:amp|lt|gt|quot|apos|#(\d{2})|#[xX]([0-9A-Fa-f]{2}));|\\+u00([2-7][0-9A-Fa-f])")
_NAMED = {b"&amp;": b"&", b"&lt;": b"<", b"&gt;": b">", b"&quot;": b'"', b"&apos;": b"'"}
_MOST_TIMES = 4
"""How often a sign may be escaped."""

_WINDOW, _AT_ONCE = 20, 1 << 18
_FEWEST_CHANGES, _FEWEST_CAPITALS, _FEWEST_TELLING, _FEWEST_RARE = 8, 2, 2, 3
"""Of twenty signs of base85: how many, at least, are of another kind (small, capital, digit, none) than the one before;
how many are capitals, or else such punctuation as URLs have none of; and how many are any that tells, that of URLs
counted half.
"""

_RARE = _TELLING.replace(b"$", b"")
_HALF_TELLING = _OF_URLS + b"%+"
_CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KINDS = bytes(1 if 97 <= i <= 122 else 2 if 65 <= i <= 90 else 3 if 48 <= i <= 57 else 4 for i in range(256))
_FOREIGN_COUNT = bytes(i not in _SIGNS_BASE85 for i in range(256))
_TELLING_COUNT = bytes((i in _RARE) * 2 + (i in _HALF_TELLING) for i in range(256))
_RARE_COUNT = bytes(i in _RARE for i in range(256))
_TAG = re.compile(rb"</[A-Za-z_][\w:.-]{0,200}>")
_NO_MARKUP = bytes.maketrans(b"<>", b"  ")


class Runs:
    """Finds opaque runs. `signs` are characters that they may have beside those of base64; `look` tells where anything
    ends in a text whose escapes were undone.
    """

    def __init__(self, signs: Iterable[str] = (), look: Callable[[bytes], Sequence[int]] = lambda _: []) -> None:
        """Makes the tables."""
        self._look = look
        known = frozenset(_SIGNS + "".join(signs).encode()) - frozenset(b"\"'<>&=,: ")
        self._any = with_kinds(table(known | _SIGNS_BASE85, _NUL))
        self._table, self._base85 = table(known, _NUL), table(_SIGNS_BASE85)
        self._hex_text = Scanner((), (), [each.pattern for each in _OF_HEX], ())

    def marks(self, data: bytes) -> bytes:
        """Returns the marks of a text, which tell kinds as well."""
        return data.translate(self._any)

    def ends(self, data: bytes, marks: bytes | None = None) -> list[int]:
        """Returns where opaque runs end, in order. `marks` are those of the data."""
        found: list[int] = []
        short: list[tuple[bytes, int]] = []
        pieces: list[tuple[int, bytes]] = []
        begins: dict[int, int] = {}
        marks = self.marks(data) if marks is None else marks
        least = SHORTEST
        if len(data) <= _SMALL and mixed(marks):
            least = SHORTEST_MIXED
            text = _QUOTE.sub(lambda quote: b"!" * len(quote[0]), data)
            if text != data:
                data, marks = text, self.marks(text)
        for begin, end in stretches(marks, min(least, _SHORTEST_BASE85), True):
            piece = data[begin:end]
            if end - begin <= _LONGEST_DIGEST and not piece.translate(None, _UNESCAPED):
                if end - begin >= least:
                    short.append((piece, end))
                    begins[end] = begin
                continue
            pieces.append((begin, piece))
            for first, last in stretches(piece.translate(self._table), least):
                if is_opaque(piece[first : min(last, first + _SAMPLE)], least):
                    found.append(begin + last)
                    begins[begin + last] = begin + first
        if short:
            found += self._opaque(short, least)
        if found and _CONTROL.search(data, 0, _SAMPLE):  # of two fields of a struct, one may run on into the other
            found += [begins[end] + SHORTEST for end in found]
        if pieces:
            found += self._in_base85(pieces, frozenset(found))
        if b"\0" in data:
            found += _wide(data.translate(self._table))
        return sorted(set(found))

    def _opaque(self, runs: Sequence[tuple[bytes, int]], least: int) -> list[int]:
        """Returns the ends of those runs that are opaque; they are short and without escapes. All are seen at once."""
        text = b"/".join([run for run, _ in runs])
        hits = self._hex_text.spots(text)
        if hits is not None and _are_words(text, least):
            behind = list(accumulate(len(run) + 1 for run, _ in runs))
            runs = [runs[at] for at in {bisect_left(behind, end) for _, end in hits}]
        return [end for run, end in runs if _spells(run, least)]

    def _in_base85(self, pieces: Iterable[tuple[int, bytes]], found: frozenset[int]) -> Iterator[int]:
        """Yields where runs end that have base85 among them, or something with a look once its escapes are undone, and
        where each field of a form ends that one runs through; what ends where something was `found` is left out.
        """
        mixed: list[tuple[int, bytes]] = []
        undone: list[tuple[int, bytes]] = []
        forms: dict[int, bytes] = {}
        ends: list[int] = []
        runs = [
            (begin + end, piece[start:end])
            for begin, piece in pieces
            if len(piece) >= _SHORTEST_BASE85 and piece.strip(_OF_NUMBERS)
            for start, end in stretches(piece.translate(self._base85), _SHORTEST_BASE85)
            if begin + end not in found
        ]
        for end, run in runs:
            escaped = b"%" in run and _ESCAPED_TELLING.search(run) is not None
            if not escaped and not _is_mixed(run):
                continue
            if b"&" in run:
                forms[end] = run
            if len(run) > (_LONGEST_ESCAPED if escaped else _LONGEST_UNDONE):
                ends.append(end)
                continue
            text = _unescaped(run)
            (mixed if text is run else undone).append((end, text))
            if not text.isascii() or _CONTROL.search(text):
                mixed.append((end, _unescaped(run, _may_be_escaped)))
        ends += _where([run for run in mixed + undone if _may_mix(run[1])], _mixtures)
        ends += _where(undone, self._look)
        for end in ends:
            yield end
            if form := forms.get(end):
                yield from (end - len(form) + field.start() for field in _FIELD_END.finditer(form))


def _wide(marks: bytes) -> Iterator[int]:
    """Yields where letters and digits of two bytes each end, or of four."""
    for letter in _WIDE:
        end, several = 0, letter * _FEWEST_WIDE
        while (start := marks.find(several, end)) >= 0:
            end = start + len(several)
            while marks.startswith(letter, end):
                end += len(letter)
            yield end


def is_opaque(run: bytes, least: int = SHORTEST) -> bool:
    """Tells whether a run is neither words, numbers nor a digest; `least` are the signs of the shortest that counts."""
    if b"%" not in run and b"\\" not in run:
        return _spells(run, least)
    shortest = min(_SHORTEST_PIECE, least)
    if len(run) > _BEGIN and any(map(_goes_wrong, _pieces(run[:_BEGIN], shortest))):
        return True
    return any(_spells(piece, least) for piece in _pieces(run, shortest))


def _pieces(run: bytes, shortest: int) -> list[bytes]:
    """Returns what stands between escapes of anything but signs."""
    pieces = _ESCAPE.sub(b" ", _SIGN_ESCAPE.sub(b"+", run)).split()
    return [piece for piece in pieces if len(piece) >= shortest]


def _goes_wrong(piece: bytes) -> bool:
    """Tells whether a piece is not of words, however it goes on."""
    words = _WORDS.match(piece)
    return words is None or _BETWEEN_WORDS.search(piece, words.end()) is not None


def _spells(run: bytes, least: int) -> bool:
    if _HEX.fullmatch(run):
        return _is_hex_text(run) or len(run) > _LONGEST_DIGEST or _WORDS.fullmatch(run) is None
    return not _are_words(run, least) or any(map(_is_hex_text, _LONG_HEX.findall(run)))


def _are_words(text: bytes, least: int) -> bool:
    """Tells whether runs, or one, are words, numbers and digests; in small texts no word has a letter four times."""
    return _WORDS.fullmatch(text) is not None and (least == SHORTEST or _REPEATED.search(text) is None)


def _is_hex_text(run: bytes) -> bool:
    return bool(
        _HEX_ASCII.search(run)
        or _HEX_COMPRESSED.match(run)
        or _HEX_UTF8.search(run)
        or _HEX_GBK.search(run)
        or (b"00" in run and _HEX_WIDE.search(run))
    )


def _is_mixed(run: bytes) -> bool:
    size = len(run)
    if len(run.translate(None, _TELLING)) < size:
        return True
    return len(run.translate(None, _OF_URLS)) < size and b"://" not in run


def _may_mix(text: bytes) -> bool:
    """Tells whether a text has enough signs, wherever they stand, for twenty of them to be mixed (`_mixtures`)."""
    size = len(text)
    rare = size - len(text.translate(None, _RARE))
    if rare >= _FEWEST_RARE:
        return True
    if 2 * rare + size - len(text.translate(None, _HALF_TELLING)) < _FEWEST_TELLING:
        return False
    return size - len(text.translate(None, _CAPITALS)) >= _FEWEST_CAPITALS


def _may_be_escaped(run: bytes) -> bool:
    """Tells whether a `%` may begin an escape: nothing else is left that would have been escaped as well."""
    return len(run.translate(None, _NEVER_LEFT)) == len(run)


def _unescaped(run: bytes, is_escaped: Callable[[bytes], bool] = lambda _: True) -> bytes:
    """Undoes percent, references and `\\u` where they escape ASCII, one around the other; what is in tags is apart.

    `is_escaped` tells of what is left whether a `%` in it is an escape.
    """
    for _ in range(_MOST_TIMES):
        before = run
        if b"%" in run and is_escaped(run):
            run = unquote_to_bytes(run)
        if b"</" in run and _TAG.search(run):
            run = run.translate(_NO_MARKUP)
        if (b"&" in run and b";" in run) or b"\\u00" in run:
            run = _ESCAPED_SIGN.sub(_sign, run)
        if run == before:
            return before
    return run


def _sign(escape: re.Match[bytes]) -> bytes:
    decimal, digits = escape[1], escape[2] or escape[3]
    if decimal or digits:
        return bytes([int(decimal) if decimal else int(digits, 16)])
    return _NAMED[escape[0]]


def _where(runs: Sequence[tuple[int, bytes]], look: Callable[[bytes], Sequence[int]]) -> Iterator[int]:
    """Yields the ends of the runs in whose texts `look` tells of anything; it looks at all of them at once."""
    if not runs:
        return
    borders = np.cumsum([len(text) + 1 for _, text in runs])
    for index in np.unique(np.searchsorted(borders, look(b"".join([b"\n" + text for _, text in runs])))):
        yield runs[index][0]


def _mixtures(text: bytes) -> list[int]:
    """Returns where twenty signs of a text end that are mixed as those of base85 are."""
    return [
        at + place
        for at in range(0, len(text), _AT_ONCE)
        for place in _mixtures_at_once(text[at : at + _AT_ONCE + _WINDOW])
    ]


def _mixtures_at_once(text: bytes) -> list[int]:
    """Does that for a piece of a text, with many times its memory."""
    if len(text) <= _WINDOW:
        return []
    kinds = np.frombuffer(text.translate(_KINDS), np.uint8)
    changes = _sums((kinds[1:] != kinds[:-1]).view(np.uint8))
    capitals = _sums((kinds[1:] == _KINDS[ord("A")]).view(np.uint8))
    foreign, telling, rare = (
        _sums(np.frombuffer(text.translate(table), np.uint8)[1:])
        for table in (_FOREIGN_COUNT, _TELLING_COUNT, _RARE_COUNT)
    )
    mixed = (capitals >= _FEWEST_CAPITALS) | (rare >= _FEWEST_RARE)
    mixed &= (changes >= _FEWEST_CHANGES) & (telling >= _FEWEST_TELLING) & (foreign == 0)
    places: list[int] = (np.flatnonzero(mixed) + 1 + _WINDOW).tolist()
    return places


def _sums(counts: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns the sums of twenty neighbours each."""
    fours = counts[:-1] + counts[1:]
    fours = fours[:-2] + fours[2:]
    sixteens = fours[:-4] + fours[4:]
    sixteens = sixteens[:-8] + sixteens[8:]
    total: NDArray[np.uint8] = sixteens[:-4] + fours[16:]
    return total
