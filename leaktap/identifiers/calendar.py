"""The calendar: a list of events with a title, a beginning and an end, or events in iCalendar's own text (RFC 5545).

The names are those of Android's provider (https://developer.android.com/reference/android/provider/CalendarContract).
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Identifier, Scene
from leaktap.identifiers._places import closest
from leaktap.identifiers._records import TIME, Record, called, field, gathered, lists, text_of
from leaktap.model import Leaf, Match

_TITLE = re.compile(r"(?:event)?(?:title|summary|subject|name)|biaoti|标题|主题")
_BEGIN = re.compile(r"dtstart|(?:event|begin|start)(?:at|time|date)?|beginat|kaishishijian|开始时间")
_END = re.compile(r"dtend|(?:event)?end(?:at|time|date)?|duration|jieshushijian|结束时间")
_CALENDAR = re.compile(r"calendar|dtstart|dtend|eventtimezone|eventlocation|richeng|rili|日历|日程")
_EVENT = re.compile(rb"BEGIN:VEVENT\r?\n.{0,4096}?\bSUMMARY[;:]([^\r\n]{1,200})", re.DOTALL)


def _telling(record: Record) -> Leaf | None:
    title = field(record, _TITLE)
    moments = [text_of(field(record, names)) for names in (_BEGIN, _END)]
    if not text_of(title) or not TIME.fullmatch(moments[0]) or not moments[1]:
        return None
    return title if called(record, _CALENDAR) else None


def _gather(scene: Scene) -> Iterator[Match]:
    if scene.known:
        return
    found: list[Match] = []
    for records in lists(scene.leaves).values():
        found += gathered(records, _telling, "calendar", "behaviour", 2, 0.85, "title, beginning and end of an event")
    for leaf in {candidate.leaf.path: candidate.leaf for candidate in scene.candidates}.values():
        events = list(_EVENT.finditer(leaf.value))
        if events:
            first = events[0]
            title = first[1].decode("utf-8", "replace")
            why = f"{len(events)} records: iCalendar events"
            found.append(
                Match(
                    leaf,
                    "calendar",
                    "behaviour",
                    title,
                    first.span(1),
                    (),
                    "structure",
                    0.85,
                    count=len(events),
                    why=why,
                )
            )
    yield from closest(found)


IDENTIFIERS = (
    Identifier(
        "calendar",
        "behaviour",
        keys=(
            "(?:.*_)?calendar_(?:events|event|list|data|s|id)?_(?:title|summary)?",
            "dtstart|dtend|event_timezone|event_location|ri_cheng|ri_li|(?:日历|日程)(?:标题|主题)?",
        ),
        shapes=(rb"BEGIN(?::|%(?:25){0,4}3[Aa])VEVENT",),
        structure=_gather,
    ),
)
