"""Lists of records: the leaves of a message by the object they are members of, and what makes a list telling.

An address book, a call log or the networks around are known by many records of one build, whatever the list is called.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from leaktap.identifiers._api import fold_key
from leaktap.identifiers._places import list_of, together
from leaktap.model import Leaf, Match

type Record = dict[str, Leaf]
"""The members of an object by their name as `fold_key` writes it."""

PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,18}[0-9]")
TIME = re.compile(r"1[0-9]{9}(?:[0-9]{3})?|(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9](?:[ T][0-9:.+Z]*)?")
"""A moment: seconds or milliseconds since the epoch, or a date with or without the time of day."""

_INDEXES = re.compile(r"(?:\[\d+\])+$")


def text_of(leaf: Leaf | None) -> str:
    """Returns a leaf's value as text without spaces around it; nothing for what is no text."""
    try:
        return leaf.value.decode().strip() if leaf else ""
    except UnicodeDecodeError:
        return ""


def owner_of(path: str) -> str:
    """Returns the path of the object that a leaf is a member of, or a list in it."""
    member = _INDEXES.sub("", path)
    return member[: max(member.rfind("['" if member.endswith("']") else "."), 0)]


def objects(leaves: Sequence[Leaf]) -> dict[str, Record]:
    """Returns the objects of a message by their paths, each with its own members."""
    found: dict[str, Record] = {}
    for leaf in leaves:
        if leaf.keys and not leaf.path.endswith("#key"):
            found.setdefault(owner_of(leaf.path), {}).setdefault(fold_key(leaf.key), leaf)
    return found


def lists(leaves: Sequence[Leaf]) -> dict[str, list[Record]]:
    """Returns the objects in each list of a message by the list's path."""
    found: dict[str, list[Record]] = {}
    records = objects(leaves)
    inner = {list_of(path) for path in records}
    for path, record in records.items():
        if outer := path if path in inner else list_of(path):
            found.setdefault(outer, []).append(record)
    return found


def field(record: Record, names: re.Pattern[str]) -> Leaf | None:
    """Returns the first field of a record whose whole name fits."""
    return next((leaf for name, leaf in record.items() if names.fullmatch(name)), None)


def called(record: Record, words: re.Pattern[str]) -> bool:
    """Says whether a name on the way to a record, or one of its fields' names, has one of the words in it."""
    names = {name for leaf in record.values() for name in leaf.keys}
    return any(words.search(fold_key(name)) for name in names)


def gathered(
    records: Sequence[Record],
    telling: Callable[[Record], Leaf | None],
    identifier: str,
    category: str,
    fewest: int,
    confidence: float,
    why: str,
) -> Iterator[Match]:
    """Yields one match for those records of a list that `telling` takes (it returns the leaf to show), if enough do."""
    found = [leaf for record in records if (leaf := telling(record))]
    if len({leaf.value for leaf in found}) >= fewest:
        matches = [
            Match(leaf, identifier, category, text_of(leaf), (0, len(leaf.value)), (), "structure", confidence)
            for leaf in found
        ]
        yield together(matches, confidence=confidence, why=f"{len(matches)} records: {why}")
