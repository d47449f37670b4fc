"""The Chinese names that the catalogue has for SDKs and companies; records name them by their English ones."""

from functools import cache

from leaktap.attribution import known
from leaktap.config import ConfigError


@cache
def names(language: str) -> dict[str, str]:
    """Returns the names in a language by the names in records, where the catalogue has another."""
    if language != "zh":
        return {}
    said: dict[str, str] = {}
    try:
        companies = known().companies
    except ConfigError:  # an import of the user's is broken: the records' names do
        return said
    for company in companies:
        for one, name in ((company.name_zh, company.company), *((sdk.name_zh, sdk.name) for sdk in company.sdks)):
            if one:
                said.setdefault(name, one)
    return said
