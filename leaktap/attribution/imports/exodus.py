"""Exodus Privacy's trackers, and TrackerControl's copy of them: what SDKs' code and hosts look like.

`{"trackers": {"12": {"name", "network_signature", "code_signature", "categories"}}}` from the API, or a list of such
trackers from ETIP's export (https://github.com/Exodus-Privacy/exodus, docs of the API). The network signature is a
regular expression; hosts are taken out of its alternatives, and an alternative that is no plain host is passed over.
"""

import re
from collections.abc import Iterator, Sequence

from leaktap.attribution.imports._api import Document, Fact, Format, Json, kind, listing, mapping, text

_FRONT = re.compile(r"^(?:\^|https\?://|https?://|\(\?:\^\|\\\.\)|\.\*|\\\.|\.)+")
_BEHIND = re.compile(r"(?:\$|/.*|\.\*)+$")


def _trackers(data: Json) -> Json:
    return data.get("trackers") if isinstance(data, dict) else None


def _knows(document: Document) -> bool:
    trackers = _trackers(document.data)
    numbered = trackers.values() if isinstance(trackers, dict) else trackers if isinstance(trackers, list) else ()
    some = next(iter(numbered), None)
    return isinstance(some, dict) and "network_signature" in some


def _facts(documents: Sequence[Document]) -> Iterator[Fact]:
    for document in documents:
        trackers = _trackers(document.data)
        numbered = trackers if isinstance(trackers, dict) else dict(enumerate(listing(document, "trackers", trackers)))
        for number, tracker in numbered.items():
            where = f"trackers.{number}"
            entry = mapping(document, where, tracker)
            name = text(document, f"{where}.name", entry.get("name"))
            signature = text(document, f"{where}.network_signature", entry.get("network_signature"))
            code = text(document, f"{where}.code_signature", entry.get("code_signature"))
            names = listing(document, f"{where}.categories", entry.get("categories") or [])
            of = kind(*(str(each.get("name", "") if isinstance(each, dict) else each) for each in names))
            packages = tuple(filter(None, (each.strip().rstrip(".") for each in code.split("|"))))
            for host in _hosts(signature):
                yield Fact(host, name, name, of, packages=packages)


def _hosts(signature: str) -> Iterator[str]:
    for alternative in signature.split("|"):
        plain = _BEHIND.sub("", _FRONT.sub("", alternative.strip())).replace("\\.", ".").replace("\\-", "-")
        if plain:
            yield plain


FORMAT = Format("Exodus", _knows, _facts)
