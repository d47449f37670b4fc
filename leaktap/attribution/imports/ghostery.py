"""Ghostery's tracker database: `{"organizations", "patterns": {ID: {"name", "category", "organization", "domains"}}}`.

See trackerdb.json of https://github.com/ghostery/trackerdb. Filters that need a path or a type of request are no hosts
and are passed over; a pattern's domains stand for everything below them, as ours do.
"""

from collections.abc import Iterator, Sequence

from leaktap.attribution.imports._api import Document, Fact, Format, kind, listing, mapping, text


def _knows(document: Document) -> bool:
    data = document.data
    return isinstance(data, dict) and isinstance(data.get("patterns"), dict) and "organizations" in data


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    for document in documents:
        organizations = mapping(document, "organizations", document.data["organizations"])
        for number, value in document.data["patterns"].items():
            where = f"patterns.{number}"
            pattern = mapping(document, where, value)
            name = text(document, f"{where}.name", pattern.get("name"))
            owner = organizations.get(text(document, f"{where}.organization", pattern.get("organization"))) or {}
            company = text(document, "organizations", mapping(document, "organizations", owner).get("name")) or name
            of = kind(text(document, f"{where}.category", pattern.get("category")))
            for host in listing(document, f"{where}.domains", pattern.get("domains") or []):
                yield Fact(text(document, f"{where}.domains", host), company, name, of)


FORMAT = Format("Ghostery", _knows, _facts)
