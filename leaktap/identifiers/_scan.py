"""The one scan: needles, shapes, names and hints in a single Hyperscan database.

Compiled in the background, while the first packets are read, and kept for the next run. Each thread scans with its own
scratch, so that two threads may scan at once.
"""

import threading
from collections.abc import Callable, Sequence

import hyperscan

from leaktap.identifiers._compiled import compiled

MOST_HITS = 10_000
"""How many hits of one scan are kept; of what comes after, one of each expression."""

MOST_LATE = 1_000_000
"""How many hits after those a scan goes on for."""

MOST_SPOTS = 4_000
"""How many places of interest are told one by one."""

type Hit = tuple[int, int]


def literal(value: bytes) -> bytes:
    """Returns the expression for exactly these bytes."""
    return b"\\x" + value.hex(" ").replace(" ", "\\x").encode() if value else b""


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


class Scanner:
    """Expressions, numbered as they stand: first `needles`, exact bytes; then `names`, without regard to case; then
    `shapes`; then `hints`, of which only `spots` takes notice.
    """

    def __init__(
        self, needles: Sequence[bytes], names: Sequence[bytes], shapes: Sequence[bytes], hints: Sequence[bytes]
    ) -> None:
        """Begins to compile; the first scan waits for the end of it."""
        self._expressions = [*map(literal, needles), *names, *shapes, *hints]
        rest = len(shapes) + len(hints)
        self._flags = [0] * len(needles) + [hyperscan.HS_FLAG_CASELESS] * len(names) + [0] * rest
        self._told = len(self._expressions) - len(hints)
        self._database: hyperscan.Database | None = None
        self._compiling = threading.Lock()
        self._local = threading.local()
        if self._expressions:
            threading.Thread(target=self._compile, name="leaktap compile", daemon=True).start()

    def _compile(self) -> hyperscan.Database:
        with self._compiling:
            if self._database is None:
                self._database = compiled(self._expressions, self._flags)
            return self._database

    def _ready(self) -> tuple[hyperscan.Database, hyperscan.Scratch]:
        """Returns the database and this thread's scratch."""
        database = self._compile()
        self._local.scratch = hyperscan.Scratch(database)
        return database, self._local.scratch

    def spots(self, data: bytes) -> list[Hit] | None:
        """Returns (number, where it ends) for every expression in `data`; None if there are more than `MOST_SPOTS`."""
        spots: list[Hit] = []
        return None if self._scan(data, _place, spots) else spots

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
        return sorted(hit for hit in (*hits, *late.first.items()) if hit[0] < self._told), cut

    def _scan(self, data: bytes, handler: Callable[..., bool | None], context: object) -> bool:
        """Scans; says whether the handler ended it."""
        if not self._expressions:
            return False
        scratch = getattr(self._local, "scratch", None)
        database = self._database
        if scratch is None or database is None:
            database, scratch = self._ready()
        try:
            database.scan(data, match_event_handler=handler, context=context, scratch=scratch)
        except hyperscan.ScanTerminated:
            return True
        return False
