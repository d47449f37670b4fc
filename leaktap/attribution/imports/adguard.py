"""AdGuard's companies, and WhoTracks.me in the same form: hosts, the trackers that they are of, and the companies.

`{"categories": {"4": NAME}, "trackers": {ID: {"name", "categoryId", "companyId"}}, "trackerDomains": {HOST: ID}}` in
trackers.json, and `{"companies": {ID: {"name"}}}` in companies.json beside it, without which a tracker's name is its
company's (https://github.com/AdguardTeam/companiesdb, README and dist/).
"""

from collections.abc import Iterator, Sequence

from leaktap.attribution.imports._api import Document, Fact, Format, Json, kind, mapping, text


def _is_trackers(data: Json) -> bool:
    return isinstance(data, dict) and isinstance(data.get("trackerDomains"), dict) and "trackers" in data


def _is_companies(data: Json) -> bool:
    companies = data.get("companies") if isinstance(data, dict) else None
    some = next(iter(companies.values()), None) if isinstance(companies, dict) else None
    return isinstance(some, dict) and "name" in some


def _knows(document: Document) -> bool:
    return _is_trackers(document.data) or _is_companies(document.data)


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    names: dict[str, str] = {}
    for document in filter(lambda each: _is_companies(each.data), documents):
        for company, value in document.data["companies"].items():
            where = f"companies.{company}"
            names[company] = text(document, f"{where}.name", mapping(document, where, value).get("name"))
    for document in filter(lambda each: _is_trackers(each.data), documents):
        trackers = mapping(document, "trackers", document.data["trackers"])
        categories = mapping(document, "categories", document.data.get("categories") or {})
        for host, tracker in document.data["trackerDomains"].items():
            number = text(document, f"trackerDomains.{host}", tracker)
            where = f"trackers.{number}"
            entry = mapping(document, where, trackers.get(number) or {})
            name = text(document, f"{where}.name", entry.get("name")) or number
            company = names.get(text(document, f"{where}.companyId", entry.get("companyId")), "") or name
            yield Fact(host, company, name, kind(str(categories.get(str(entry.get("categoryId")), ""))))


FORMAT = Format("AdGuard companies", _knows, _facts)
