"""What a result depends on beside its input and case: the version of leaktap, and which rules and catalogue it had.

The rules and the catalogue are data that may change between versions of the program; each is told by a digest of its
files, which is the same wherever the files are.
"""

import hashlib
import re
from functools import cache as once
from pathlib import Path

from leaktap import __version__, cache

_DATA = {"rules": ("rules", "clauses"), "catalogue": ("attribution", "catalogue")}
_DIGEST = re.compile(rb"[0-9a-f]{16}")
_ROOM = 1 << 10
"""Bytes of digests that are kept: of the last some dozens of states of the files."""


@once
def versions() -> dict[str, str]:
    """Returns the version of `leaktap`, and digests (16 hex digits) of its `rules` and `catalogue`."""
    here = Path(__file__).parent
    return {"leaktap": __version__, **{name: _digest(here.joinpath(*place)) for name, place in _DATA.items()}}


def _digest(folder: Path) -> str:
    """Returns a digest of the names and contents of a folder's YAML files, read anew where one of them changed."""
    files, state = cache.state(folder)
    name = cache.name([state], "digest")
    known = cache.kept(name)
    if known is not None and _DIGEST.fullmatch(known):
        return known.decode()
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        content = (folder / file).read_bytes()
        digest.update(b"%s\0%d\0" % (file.encode(), len(content)))
        digest.update(content)
    cache.keep(name, digest.hexdigest().encode(), room=_ROOM)
    return digest.hexdigest()
