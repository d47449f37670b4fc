"""The one scan: needles, shapes, names and hints, by Hyperscan.

There are tens of thousands of needles and hints, and a database of all of them does not fit into a processor's cache.
So they are three: what may stand in any text; what is mixed (`_mixed`), for those places of a text that are; and what
is no part of UTF-8, for what is no UTF-8. They are compiled in the background, while the first packets are read, and
kept for the next run. Each thread scans with its own scratch, so that two threads may scan at once.
"""

import re
import threading
from bisect import bisect_right
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import hyperscan

from leaktap.identifiers._compiled import Databases, Expression, compiled
from leaktap.identifiers._mixed import LONGEST, MARKS, is_mixed, mixed

MOST_HITS = 10_000
"""How many hits of one scan are kept; of what comes after, one of each expression."""

MOST_LATE = 1_000_000
"""How many hits after those a scan goes on for."""

MOST_SPOTS = 4_000
"""How many places of interest are told one by one."""

_BETWEEN = b"\n"
"""Stands between mixed places where they are scanned together."""

_WHOLE = 2048
"""Shorter texts are scanned for what is mixed without a look at where they are."""

_AT_ONCE = 1 << 20

_LITERAL = re.compile(rb"(?:\\x[0-9a-f]{2})+")
_LONGEST_REST, _CONTINUATION = 3, bytes(range(0x80, 0xC0))

type Hit = tuple[int, int]
type _Handler = Callable[..., bool | None]


def literal(value: bytes) -> bytes:
    """Returns the expression for exactly these bytes."""
    return b"\\x" + value.hex(" ").replace(" ", "\\x").encode() if value else b""


class Hints(NamedTuple):
    """Hints that take long to write: what they are made of, and what makes them."""

    made_of: bytes
    write: Callable[[], Iterable[bytes]]


class _Late:
    """What comes after the hits that are kept: where each expression ended first, and how often any did."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        self.count = 0


def _note(number: int, _start: int, end: int, _flags: int, context: tuple[list[Hit], _Late]) -> bool | None:
    hits, late = context
    if len(hits) < MOST_HITS:
        hits.append((number, end))
        return None
    late.first.setdefault(number, end)
    late.count += 1
    return True if late.count > MOST_LATE else None


def _place(number: int, _start: int, end: int, _flags: int, spots: list[Hit]) -> bool | None:
    spots.append((number, end))
    return True if len(spots) > MOST_SPOTS else None


class _Scan(NamedTuple):
    """A database, and the scratch of the thread that scans with it."""

    database: hyperscan.Database
    scratch: hyperscan.Scratch

    def __call__(self, data: bytes, handler: _Handler, context: object) -> None:
        self.database.scan(data, match_event_handler=handler, context=context, scratch=self.scratch)


class Scanner:
    """Expressions, numbered as they stand: first `needles`, exact bytes; then `names`, without regard to case; then
    `shapes`; then `hints` and `more` of them, of which only `spots` takes notice.
    """

    def __init__(
        self,
        needles: Sequence[bytes],
        names: Sequence[bytes],
        shapes: Sequence[bytes],
        hints: Sequence[bytes],
        more: Hints | None = None,
    ) -> None:
        """Begins to compile; the first scan waits for the end of it."""
        self._sections = needles, names, shapes, hints
        self._more = more
        self._told = len(needles) + len(names) + len(shapes)
        self._databases: Databases | None = None
        self._compiling = threading.Lock()
        self._local = threading.local()
        threading.Thread(target=self._compile, name="leaktap compile", daemon=True).start()

    def _compile(self) -> Databases:
        with self._compiling:
            if self._databases is None:
                made_of = [part for section in self._sections for part in _packed(section)]
                if self._more:
                    made_of.append(self._more.made_of)
                self._databases = compiled(made_of, self._groups)
            return self._databases

    def _groups(self) -> tuple[list[Expression], ...]:
        """Returns the expressions for any text, for its mixed places, and for what is no text."""
        groups: tuple[list[Expression], ...] = [], [], []
        for number, (text, flags) in enumerate(self._expressions()):
            value = _exactly(text)
            if value is not None and number >= self._told:
                value = _short(value)
            if value is None:
                group = 0
            elif not _in_utf8(value):
                group = 2
            elif len(value) <= LONGEST and _BETWEEN not in value and is_mixed(value, bool(flags)):
                group, text = 1, literal(value)
            else:
                group = 0
            groups[group].append(Expression(number, text, flags))
        return groups

    def _expressions(self) -> Iterator[tuple[bytes, int]]:
        needles, names, shapes, hints = self._sections
        yield from ((literal(needle), 0) for needle in needles)
        yield from ((name, hyperscan.HS_FLAG_CASELESS) for name in names)
        yield from ((text, 0) for text in (*shapes, *hints))
        if self._more:
            yield from ((text, 0) for text in self._more.write())

    def _ready(self) -> list[_Scan | None]:
        """Returns this thread's scans."""
        scans = [_Scan(each, hyperscan.Scratch(each)) if each else None for each in self._compile()]
        self._local.scans = scans
        return scans

    def spots(self, data: bytes, marks: bytes | None = None) -> list[Hit] | None:
        """Returns (number, where it ends) for every expression in `data`; None if there are more than `MOST_SPOTS`.

        `marks` are those of the data, by a table `with_kinds`.
        """
        spots: list[Hit] = []
        return None if self._scan(data, _place, spots, marks) else spots

    def hits(self, data: bytes) -> tuple[list[Hit], bool]:
        """Returns (number of the expression, where it ends) for every needle, name and shape in `data`, sorted; and
        whether there were so many that not all of `data` was scanned.

        A buffer that repeats something without end is not kept without end: see `MOST_HITS`.
        """
        hits: list[Hit] = []
        late = _Late()
        cut = self._scan(data, _note, (hits, late))
        if not hits:
            return hits, cut
        return sorted({hit for hit in (*hits, *late.first.items()) if hit[0] < self._told}), cut

    def _scan(self, data: bytes, handler: _Handler, context: object, marks: bytes | None = None) -> bool:
        """Scans; says whether the handler ended it."""
        scans: list[_Scan | None] | None = getattr(self._local, "scans", None)
        anywhere, where_mixed, no_text = scans or self._ready()
        try:
            if anywhere:
                anywhere(data, handler, context)
            if where_mixed and len(data) < _WHOLE:
                where_mixed(data, handler, context)
            elif where_mixed:
                for places in _places(data, marks):
                    _scan_places(where_mixed, data, places, handler, context)
            if no_text and not data.isascii() and not _is_utf8(data):
                no_text(data, handler, context)
        except hyperscan.ScanTerminated:
            return True
        return False


def _places(data: bytes, marks: bytes | None) -> Iterator[list[tuple[int, int]]]:
    """Yields the mixed places of a text, piece by piece where its marks are not at hand: they would double it."""
    if marks is not None:
        yield mixed(marks)
        return
    for start in range(0, len(data), _AT_ONCE):
        places = mixed(data[start : start + _AT_ONCE + 2 * LONGEST].translate(MARKS))
        yield [(start + begin, start + end) for begin, end in places if begin < _AT_ONCE]


def _scan_places(
    scan: _Scan, data: bytes, places: Sequence[tuple[int, int]], handler: _Handler, context: object
) -> None:
    """Scans places of a text, all at once."""
    if not places:
        return
    begins = list(accumulate((end - begin + 1 for begin, end in places), initial=0))

    def told(number: int, start: int, end: int, flags: int, context: object) -> bool | None:
        at = bisect_right(begins, end - 1) - 1
        return handler(number, start, end - begins[at] + places[at][0], flags, context)

    scan(_BETWEEN.join([data[begin:end] for begin, end in places]), told, context)


def _packed(section: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Returns a section, of which nothing is lost, as two pieces."""
    return repr(list(map(len, section))).encode(), b"".join(section)


def _exactly(text: bytes) -> bytes | None:
    """Returns the bytes that an expression is for; None if it is for others as well."""
    if _LITERAL.fullmatch(text):
        return bytes.fromhex(text.replace(b"\\x", b"").decode())
    return text if text.isalnum() else None


def _short(value: bytes) -> bytes:
    """Returns a piece of a hint that tells of it, if it can be a mixed one."""
    pieces = [value[at : at + LONGEST] for at in range(0, max(len(value) - LONGEST, 0) + 1, LONGEST // 4)]
    return next(filter(is_mixed, pieces), pieces[0])


def _in_utf8(value: bytes) -> bool:
    """Tells whether a value may be a part of UTF-8, which may begin or end within a character."""
    rest = value[:_LONGEST_REST].lstrip(_CONTINUATION) + value[_LONGEST_REST:]
    try:
        getincrementaldecoder("utf-8")().decode(rest)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(data: bytes) -> bool:
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _AT_ONCE):
            decoder.decode(data[start : start + _AT_ONCE], start + _AT_ONCE >= len(data))
    except UnicodeDecodeError:
        return False
    return True
