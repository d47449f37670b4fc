"""One file per identifier class, each with `IDENTIFIERS`; `forms` are the disguises, `matcher` the one scan."""

from functools import cache

import leaktap.identifiers as room
from leaktap.discover import discover
from leaktap.identifiers._api import Identifier, fold_key


@cache
def classes() -> dict[str, Identifier]:
    """Returns every class by its name."""
    return {identifier.name: identifier for group in discover(room, "IDENTIFIERS") for identifier in group}


def names() -> frozenset[str]:
    """Returns the names of all classes; `custom.NAME` is free beside them."""
    return frozenset(classes())


def find(name: str) -> Identifier:
    """Returns the class of this name; one that no file knows (`custom.NAME`) is a device id found by known values."""
    known = classes().get(name)
    return known or Identifier(name, "device_id", keys=(fold_key(name.removeprefix("custom.")),))


def category(name: str) -> str:
    """Returns the category of a class."""
    return find(name).category
