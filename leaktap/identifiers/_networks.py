"""Mobile networks (ITU-T E.212): which country and network codes begin the number of a SIM or name a radio cell.

`_networks.txt` has a line for each mobile country code with the network codes of two and of three digits that are or
were given out in it. Facts from ITU-T's Operational Bulletins, as collected at
https://en.wikipedia.org/wiki/Mobile_country_code.
"""

from functools import cache
from pathlib import Path


@cache
def networks() -> dict[str, frozenset[str]]:
    """Returns the network codes of each country code; test networks (001, 999) are left out."""
    text = (Path(__file__).parent / "_networks.txt").read_text(encoding="ascii")
    return {line[:3]: frozenset(_codes(line[4:])) for line in text.splitlines()}


def _codes(text: str) -> list[str]:
    found: list[str] = []
    for run in text.split():
        first, _, last = run.partition("-")
        found += [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]
    return found


def is_network(country: str, network: str) -> bool:
    """Says whether a network code is one of the country's, with or without its leading zeros."""
    codes = networks().get(country, frozenset())
    return bool(network) and not codes.isdisjoint({network, network.zfill(2), network.zfill(3)})


def home(number: str) -> tuple[str, str]:
    """Returns the country and the network code that an IMSI begins with; nothing for what none has."""
    country = number[:3]
    codes = networks().get(country)
    if codes is None:
        return "", ""
    return country, next((number[3 : 3 + size] for size in (2, 3) if number[3 : 3 + size] in codes), "")
