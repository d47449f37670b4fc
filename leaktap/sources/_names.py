"""What inputs are called: by the file's name, and where several share one, with the folders that tell them apart."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePath


def names(paths: Sequence[str]) -> dict[str, str]:
    """Returns the name of each input by its path; `-` is standard input.

    A name is part of the ids of findings, so one of a single input never depends on where that lies. Two paths of one
    file share a name.
    """
    alike: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for path in paths:
        parts = ("-",) if path == "-" else (*Path(path).parent.resolve().parts, Path(path).name)
        alike[parts[-1]][path] = parts
    found: dict[str, str] = {}
    for group in alike.values():
        depth = 1
        while len({parts[-depth:] for parts in group.values()}) < len(set(group.values())):
            depth += 1
        found |= {path: str(PurePath(*parts[-depth:])) for path, parts in group.items()}
    return found
