"""`python -m captures.make [CASE...]`: rewrites the captures of the cases named, or of all."""

import sys
from pathlib import Path
from types import ModuleType

from captures.make import cases
from leaktap.config import load_devices
from leaktap.discover import discover

FOLDER = Path(__file__).parents[1]


def makers() -> dict[str, ModuleType]:
    """Returns the module of each case by the name of its folder."""
    modules = [sys.modules[make.__module__] for make in discover(cases, "make")]
    return {module.__name__.rpartition(".")[2].replace("_", "-"): module for module in modules}


def main(names: list[str]) -> int:
    """Makes the cases named, or all; returns the exit code."""
    known = makers()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no case {', '.join(unknown)}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        folder = FOLDER / name
        (device,) = load_devices([folder / "device.yaml"])
        known[name].make(folder, device)
        print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
