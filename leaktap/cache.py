"""The user's cache: what takes long to make, kept in files that are the user's alone.

A file's name holds a digest of all that its content depends on: what is kept is never out of date. Each kind (the
ending of the name) has room for so many bytes, and what was used last is kept. A cache that cannot be read or written
costs time and nothing else.
"""

import contextlib
import functools
import hashlib
import itertools
import os
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

ROOM = 256 << 20
"""How many bytes there is room for, of one kind."""


def folder() -> Path:
    """Returns the folder: `leaktap` in XDG_CACHE_HOME, or in ~/.cache."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "leaktap"


def name(parts: Iterable[bytes], ending: str) -> str:
    """Returns the name of what is made from `parts`."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:%b" % (len(part), part))
    return f"{digest.hexdigest()[:32]}.{ending}"


@functools.cache
def state(folder: Path) -> tuple[tuple[str, ...], bytes]:
    """Returns the names of a folder's YAML files, in order, and what is another as soon as one of them changes.

    It is looked up once in a process: a folder may have more than a thousand files.
    """
    with os.scandir(folder) as entries:
        stats = sorted((entry.name, entry.stat()) for entry in entries if entry.name.endswith(".yaml"))
    said = "\n".join([f"{file} {stat.st_size} {stat.st_mtime_ns}" for file, stat in stats])
    return tuple(file for file, _ in stats), said.encode()


def kept(file: str) -> bytes | None:
    """Returns the content of a file in the cache; None where there is none."""
    try:
        data = (folder() / file).read_bytes()
        _used(folder() / file)
    except OSError:
        return None
    return data


def _used(file: Path) -> None:
    """Notes when a file is used; by itself the system tells no times apart that lie within some milliseconds."""
    now = time.time_ns()
    os.utime(file, ns=(now, now))


def keep(file: str, data: bytes, room: int = ROOM) -> None:
    """Writes a file, whole or not at all, and removes those of its ending that were used longest ago beyond `room`."""
    place = folder()
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=place, suffix=".new", delete=False) as new:  # created 0600
            try:
                new.write(data)
                new.flush()
                _used(Path(new.name))
                Path(new.name).replace(place / file)
            except OSError:
                Path(new.name).unlink(missing_ok=True)
                raise
        ending = file.rpartition(".")[2]
        used = [(each, each.stat()) for each in place.glob(f"*.{ending}")]
        used.sort(key=lambda each: each[1].st_mtime_ns, reverse=True)
        sizes = itertools.accumulate(stat.st_size for _, stat in used)
        for (old, _), filled in zip(used, sizes, strict=True):
            if filled > room and old.name != file:
                old.unlink(missing_ok=True)
