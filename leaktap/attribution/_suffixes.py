"""Public suffixes: under which names anybody may register one (the public suffix list, https://publicsuffix.org/)."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE, PublicSuffixList


@cache
def suffixes(*, private: bool = True) -> PublicSuffixList:
    """Returns the public suffix list, with or without private ones; under an unknown top-level domain it has none."""
    with Path(PSLFILE).open(encoding="utf-8") as lines:
        return PublicSuffixList(_encoded(lines), accept_unknown=False, accept_encoded_idn=False, only_icann=not private)


def _encoded(lines: Iterable[str]) -> Iterator[str]:
    """Yields the list's lines, those with other letters than ASCII's as they are asked for in DNS, too (RFC 5891).

    That is what `accept_encoded_idn` does, which takes ten times as long, for it encodes every line.
    """
    for line in lines:
        yield line
        suffix = line.lower().partition(" ")[0].strip()
        if not suffix.isascii() and not suffix.startswith("//"):
            mark = "!" * suffix.startswith("!")
            yield mark + suffix.removeprefix("!").encode("idna").decode("ascii")
