"""Hosts files and plain lists: hosts without a word on whose they are; each is its own domain's.

One host a line, behind an address as in hosts(5), alone, or as a filter that blocks a whole host (`||host^`). Comments
begin with # or !. A line that is anything else is passed over, and a text of which most lines are is no list.
"""

import re
from collections.abc import Iterator, Sequence

from leaktap.attribution._suffixes import suffixes
from leaktap.attribution.imports._api import Document, Fact, Format

_LINE = re.compile(
    r"(?:(?:[0-9.]{7,15}|(?=[0-9a-f]*:)[0-9a-f:]{2,45})[ \t]+(?P<mapped>[^#]*)"
    r"|\|\|(?P<blocked>[a-z0-9_.-]+)\^?"
    r"|(?:\*\.|\.)?(?P<plain>[a-z0-9_-]+(?:\.[a-z0-9_-]+)+))\s*(?:#.*)?",
    re.IGNORECASE,
)
_LONGEST = 1024
"""Characters of a line that may hold hosts."""

_OWN = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback"})


def _lines(document: Document) -> Iterator[str]:
    for line in document.text.splitlines():
        line = line.strip()
        if 0 < len(line) <= _LONGEST and line[0] not in "#!" and not (line[0] == "[" and line[-1] == "]"):
            yield line


def _knows(document: Document) -> bool:
    lines = [line for line, _ in zip(_lines(document), range(1000), strict=False)]
    return bool(lines) and sum(_LINE.fullmatch(line) is not None for line in lines) * 2 > len(lines)


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    for document in documents:
        for line in _lines(document):
            match = _LINE.fullmatch(line)
            for host in (match["mapped"] or match["blocked"] or match["plain"] or "").lower().split() if match else ():
                if host not in _OWN:
                    yield Fact(host, suffixes().privatesuffix(host) or host, "listed host")


FORMAT = Format("hosts", _knows, _facts)
