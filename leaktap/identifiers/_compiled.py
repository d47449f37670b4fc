"""Compiled Hyperscan databases, kept in the user's cache: loading one takes a tenth of the time of compiling it.

What a database is made from names its file, by digest, so that it is never out of date. A database holds the values of
a device profile: the folder and its files are the user's alone, and only those used last are kept.
"""

from collections.abc import Sequence

import hyperscan

from leaktap import cache


def compiled(expressions: Sequence[bytes], flags: Sequence[int]) -> hyperscan.Database:
    """Returns the database of expressions (numbered as they stand), from the cache where it was made before."""
    made_by = hyperscan.__version__  # type: ignore[attr-defined]
    file = cache.name([f"{made_by} {list(flags)}".encode(), *expressions], "hs")
    kept = _load(file)
    if kept is not None:
        return kept
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    count = len(expressions)
    database.compile(expressions=expressions, ids=list(range(count)), elements=count, flags=flags)
    cache.keep(file, hyperscan.dumpb(database))
    return database


def _load(file: str) -> hyperscan.Database | None:
    """Returns a database that was kept; None where there is none, or it is broken (Hyperscan verifies a checksum)."""
    data = cache.kept(file)
    try:
        return None if data is None else hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:
        return None
