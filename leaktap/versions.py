"""What a result depends on beside its input and case: the version of leaktap, and which rules and catalogue it had.

The rules and the catalogue are data that may change between versions of the program; each is told by a digest of its
files, which is the same wherever the files are.
"""

import hashlib
from functools import cache
from pathlib import Path

from leaktap import __version__

_DATA = {"rules": ("rules", "clauses"), "catalogue": ("attribution", "catalogue")}


@cache
def versions() -> dict[str, str]:
    """Returns the version of `leaktap`, and digests (16 hex digits) of its `rules` and `catalogue`."""
    here = Path(__file__).parent
    return {"leaktap": __version__, **{name: _digest(here.joinpath(*place)) for name, place in _DATA.items()}}


def _digest(folder: Path) -> str:
    """Returns a digest of the names and contents of a folder's YAML files."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(folder.glob("*.yaml")):
        content = file.read_bytes()
        digest.update(b"%s\0%d\0" % (file.name.encode(), len(content)))
        digest.update(content)
    return digest.hexdigest()
