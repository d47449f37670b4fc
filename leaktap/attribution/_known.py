"""The catalogue that leaktap carries, with the databases beside it that its user has imported."""

from copy import copy
from functools import cache

from leaktap.attribution._catalogue import Beside, Catalogue, catalogue
from leaktap.attribution.imports._store import imported


def known() -> Catalogue:
    """Returns our catalogue; the user's imports are asked where it has nothing.

    Raises:
        ConfigError: an import is not as it was written.
    """
    return _beside(imported())


@cache
def _beside(others: tuple[Beside, ...]) -> Catalogue:
    both = copy(catalogue())
    both.beside = others
    return both
