"""Compiled Hyperscan databases, kept in the user's cache: loading one takes a tenth of the time of compiling it.

What a database is made from names its file, by digest, so that it is never out of date. A database holds the values of
a device profile: the folder and its files are the user's alone, and only those used last are kept.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile

import hyperscan

MOST_KEPT = 16


def compiled(expressions: Sequence[bytes], flags: Sequence[int]) -> hyperscan.Database:
    """Returns the database of expressions (numbered as they stand), from the cache where it was made before."""
    file = _folder() / _name(expressions, flags)
    kept = _load(file)
    if kept is not None:
        return kept
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    count = len(expressions)
    database.compile(expressions=expressions, ids=list(range(count)), elements=count, flags=flags)
    _keep(database, file)
    return database


def _folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "leaktap"


def _name(expressions: Sequence[bytes], flags: Sequence[int]) -> str:
    """Returns a digest of everything that a database depends on."""
    digest = hashlib.sha256(f"{version('hyperscan')} {list(flags)}".encode())
    for expression in expressions:
        digest.update(b"%d:%b" % (len(expression), expression))
    return f"{digest.hexdigest()[:32]}.hs"


def _load(file: Path) -> hyperscan.Database | None:
    """Returns a database that was kept; None where there is none, or it is broken (Hyperscan verifies a checksum)."""
    try:
        database = hyperscan.loadb(file.read_bytes(), hyperscan.HS_MODE_BLOCK)
        os.utime(file)
    except (OSError, hyperscan.error):
        return None
    return database


def _keep(database: hyperscan.Database, file: Path) -> None:
    """Writes a database, whole or not at all, and removes the oldest ones. Where that fails nothing is lost."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as new:  # created 0600
            try:
                new.write(hyperscan.dumpb(database))
                Path(new.name).replace(file)
            except OSError:
                Path(new.name).unlink(missing_ok=True)
                raise
        kept = sorted(file.parent.glob("*.hs"), key=lambda each: each.stat().st_mtime)
        for old in kept[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
