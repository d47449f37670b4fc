"""TrackerControl's list of companies: `[{"owner_name", "doms": [HOST], "parent", "root_parent"}]`.

See app/src/main/assets/xray-blacklist.json of https://github.com/TrackerControl/tracker-control-android, which comes
from the X-Ray project. A parent is the group that a company belongs to.
"""

from collections.abc import Iterator, Sequence

from leaktap.attribution.imports._api import Document, Fact, Format, listing, mapping, text


def _knows(document: Document) -> bool:
    some = document.data[0] if isinstance(document.data, list) and document.data else None
    return isinstance(some, dict) and "owner_name" in some and "doms" in some


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    for document in documents:
        for number, value in enumerate(document.data):
            entry = mapping(document, str(number), value)
            name = text(document, f"{number}.owner_name", entry.get("owner_name"))
            group = text(document, f"{number}.root_parent", entry.get("root_parent") or entry.get("parent"))
            for host in listing(document, f"{number}.doms", entry.get("doms") or []):
                yield Fact(text(document, f"{number}.doms", host), name, group=group)


FORMAT = Format("TrackerControl", _knows, _facts)
