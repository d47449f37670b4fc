"""DuckDuckGo's Tracker Radar and the block lists that are made of it, for the web and for apps.

- Tracker Radar, one file per domain: `{"domain", "owner": {"displayName", "name"}, "categories"}`; the owner may be
  empty (https://github.com/duckduckgo/tracker-radar, docs/DATA_MODEL.md).
- Block lists: `{"trackers": {HOST: {"owner": {"name", "displayName"}, "categories"}}}`
  (https://github.com/duckduckgo/tracker-blocklists, app/android-tds.json and web/).
- Its entities: `{NAME: {"properties": [HOST], "displayName"}}` (build-data/generated/entity_map.json).
"""

from collections.abc import Iterator, Sequence

from leaktap.attribution.imports._api import Document, Fact, Format, Json, kind, listing, mapping, text


def _is_radar(data: Json) -> bool:
    return isinstance(data, dict) and isinstance(data.get("domain"), str) and "owner" in data and "prevalence" in data


def _is_list(data: Json) -> bool:
    trackers = data.get("trackers") if isinstance(data, dict) else None
    some = next(iter(trackers.values()), None) if isinstance(trackers, dict) else None
    return isinstance(some, dict) and isinstance(some.get("owner"), dict)


def _is_entities(data: Json) -> bool:
    some = next(iter(data.values()), None) if isinstance(data, dict) else None
    return isinstance(some, dict) and "properties" in some and "resources" not in some


def _knows(document: Document) -> bool:
    return any(is_one(document.data) for is_one in (_is_radar, _is_list, _is_entities))


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    for document in documents:
        if _is_radar(document.data):
            yield from _owned(document, "", document.data["domain"], document.data)
        elif _is_list(document.data):
            for host, tracker in document.data["trackers"].items():
                yield from _owned(document, f"trackers.{host}", host, mapping(document, f"trackers.{host}", tracker))
        else:
            for name, value in document.data.items():
                entity = mapping(document, name, value)
                company = text(document, f"{name}.displayName", entity.get("displayName")) or name
                for host in listing(document, f"{name}.properties", entity.get("properties") or []):
                    yield Fact(text(document, f"{name}.properties", host), company)


def _owned(document: Document, where: str, host: str, entry: dict[str, Json]) -> Iterator[Fact]:
    place = f"{where}.owner".lstrip(".")
    owner = mapping(document, place, entry.get("owner") or {})
    company = text(document, place, owner.get("displayName")) or text(document, place, owner.get("name"))
    categories = listing(document, f"{where}.categories".lstrip("."), entry.get("categories") or [])
    if company:
        yield Fact(host, company, kind=kind(*map(str, categories)))


FORMAT = Format("DuckDuckGo", _knows, _facts)
