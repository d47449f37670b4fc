"""Compiled Hyperscan databases, kept in the user's cache: loading them takes a tenth of the time of compiling them.

What they are made from names their file, by digest, so that it is never out of date. A database holds the values of
a device profile: the folder and its files are the user's alone, and only those used last are kept.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache as once
from pathlib import Path
from struct import Struct, error
from typing import NamedTuple

import hyperscan

from leaktap import cache

_SIZE = Struct("<Q")


class Expression(NamedTuple):
    """An expression, the number that its hits have, and its flags."""

    number: int
    text: bytes
    flags: int


type Databases = list[hyperscan.Database | None]
"""One for each group of expressions; none for an empty group."""


def compiled(made_of: Iterable[bytes], groups: Callable[[], Sequence[Sequence[Expression]]]) -> Databases:
    """Returns the databases of `groups`, from the cache where they were made before of the same.

    `made_of` is all that the groups depend on beside the program.
    """
    made_by: str = hyperscan.__version__  # type: ignore[attr-defined]
    file = cache.name([made_by.encode(), _program(), *made_of], "hs")
    databases = _load(file)
    if databases is None:
        databases = [_compiled(group) for group in groups()]
        cache.keep(file, b"".join(map(_dumped, databases)))
    return databases


@once
def _program() -> bytes:
    """Returns the sources of the package that makes the expressions."""
    return b"\0".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))


def _compiled(group: Sequence[Expression]) -> hyperscan.Database | None:
    if not group:
        return None
    numbers, texts, flags = zip(*group, strict=True)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=texts, ids=numbers, elements=len(group), flags=flags)
    return database


def _dumped(database: hyperscan.Database | None) -> bytes:
    data = hyperscan.dumpb(database) if database else b""
    return _SIZE.pack(len(data)) + data


def _load(file: str) -> Databases | None:
    """Returns databases that were kept; None where there are none, or they are broken (Hyperscan verifies a sum)."""
    data = cache.kept(file)
    if data is None:
        return None
    databases: Databases = []
    at = 0
    try:
        while at < len(data):
            (size,) = _SIZE.unpack_from(data, at)
            at += _SIZE.size + size
            databases.append(hyperscan.loadb(data[at - size : at], hyperscan.HS_MODE_BLOCK) if size else None)
    except (hyperscan.error, error):
        return None
    return databases if databases and at == len(data) else None
