"""Disconnect's tracking protection: companies by category, and the domains of entities.

- services.json: `{"categories": {CATEGORY: [{COMPANY: {SITE: [HOST], MARK: "true"}}]}}`
- entities.json: `{"entities": {COMPANY: {"properties": [HOST], "resources": [HOST]}}}`, in older versions without the
  outer object.

See https://github.com/disconnectme/disconnect-tracking-protection. What belongs to a company without being a list of
hosts (a mark such as session-replay) is passed over.
"""

from collections.abc import Iterator, Sequence

from leaktap.attribution.imports._api import Document, Fact, Format, Json, kind, listing, mapping, text


def _entities(data: Json) -> Json:
    outer = data.get("entities", data) if isinstance(data, dict) else None
    some = next((each for each in outer.values() if isinstance(each, dict)), {}) if isinstance(outer, dict) else {}
    return outer if "properties" in some and "resources" in some else None


def _is_services(data: Json) -> bool:
    categories = data.get("categories") if isinstance(data, dict) else None
    some = next(iter(categories.values()), None) if isinstance(categories, dict) else None
    return isinstance(some, list) and all(isinstance(each, dict) for each in some)


def _knows(document: Document) -> bool:
    return _is_services(document.data) or _entities(document.data) is not None


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    for document in documents:
        yield from _services(document) if _is_services(document.data) else _of_entities(document)


def _services(document: Document) -> Iterator[Fact]:
    for category, entries in document.data["categories"].items():
        where = f"categories.{category}"
        for number, entry in enumerate(listing(document, where, entries)):
            for company, sites in mapping(document, f"{where}.{number}", entry).items():
                for hosts in mapping(document, f"{where}.{number}.{company}", sites).values():
                    for host in hosts if isinstance(hosts, list) else ():
                        place = f"{where}.{number}.{company}"
                        yield Fact(text(document, place, host), company, kind=kind(category))


def _of_entities(document: Document) -> Iterator[Fact]:
    for company, value in _entities(document.data).items():
        if isinstance(value, dict):
            for key in ("properties", "resources"):
                for host in listing(document, f"{company}.{key}", value.get(key) or []):
                    yield Fact(text(document, f"{company}.{key}", host), company)


FORMAT = Format("Disconnect", _knows, _facts)
