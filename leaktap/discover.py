"""Finds the parts of a room by where they lie: every module of a package that defines the attribute asked for.

This is the only registry there is. A new decoder, identifier, source, sink or command is a new file; nothing lists it.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def discover(package: ModuleType, attribute: str) -> list[Any]:
    """Returns `attribute` of each module of `package` that has it, in the order of the modules' names.

    Modules whose name begins with an underscore are machinery and are passed over.
    """
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if hasattr(module, attribute):
            found.append(getattr(module, attribute))
    return found
