"""What the user looked at: a list of addresses with the titles of the pages or the times of the visits."""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Identifier, Scene
from leaktap.identifiers._records import TIME, Record, called, field, gathered, lists, text_of
from leaktap.model import Leaf, Match

_ADDRESS = re.compile(r"(?:page|visit|site|web)?(?:url|uri|href|address|domain)|网址")
_TITLE = re.compile(r"(?:page|site|web)?(?:title|name)|标题")
_VISIT = re.compile(r"(?:last)?visit(?:ed)?(?:time|date|at|count)?|visits|accesstime|访问时间|浏览时间")
_HISTORY = re.compile(r"history|browsing|visit|bookmark|liulanjilu|浏览记录|历史记录|书签")
_URL = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:[:/?#].*)?", re.DOTALL)


def _telling(record: Record) -> Leaf | None:
    address = field(record, _ADDRESS)
    if not _URL.fullmatch(text_of(address)) or not called(record, _HISTORY):
        return None
    visit = field(record, _VISIT)
    return (
        address
        if visit or (field(record, _TITLE) and any(TIME.fullmatch(text_of(x)) for x in record.values()))
        else None
    )


def _gather(scene: Scene) -> Iterator[Match]:
    if not scene.known:
        for records in lists(scene.leaves).values():
            yield from gathered(records, _telling, "browsing", "behaviour", 3, 0.8, "address and visit of a page")


IDENTIFIERS = (
    Identifier(
        "browsing",
        "behaviour",
        keys=(
            "(?:.*_)?(?:browser|browsing|browse|web|visit|url)_histor(?:y|ies)_(?:url|title)?",
            "(?:last_)?visit_(?:time|date|count)|liu_lan_ji_lu|浏览(?:记录|历史)(?:网址|标题)?|访问时间",
        ),
        known_keys=("(?:.*_)?(?:url|history|page|link|referr?er)",),
        structure=_gather,
    ),
)
