"""The call log: a list whose records have a number, a duration and a moment or a kind of call.

The names are those of Android's provider (https://developer.android.com/reference/android/provider/CallLog.Calls), in
whatever language.
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Identifier, Scene
from leaktap.identifiers._records import PHONE, TIME, Record, called, field, gathered, lists, text_of
from leaktap.model import Leaf, Match

_NUMBER = re.compile(
    r"(?:call|phone|mobile|peer|caller|callee|matched)?(?:number|phone|mobile|num|no)|caller|callee|haoma|号码|对方号码"
)
_DURATION = re.compile(r"(?:call|talk)?(?:duration|time|length|seconds)|shichang|时长|通话时长")
_WHEN = re.compile(r"(?:call|start|begin)?(?:date|time|timestamp|ts)|shijian|时间|通话时间")
_KIND = re.compile(r"(?:call)?(?:type|direction|kind)|calltype|类型|呼叫类型")
_CALL = re.compile(r"call(?!back)|tonghua|通话")


def _telling(record: Record) -> Leaf | None:
    number, duration = field(record, _NUMBER), text_of(field(record, _DURATION))
    if not PHONE.fullmatch(text_of(number)) or not re.fullmatch(r"[0-9]{1,5}(?:\.[0-9]+)?", duration):
        return None
    when, kind = text_of(field(record, _WHEN)), text_of(field(record, _KIND))
    return number if called(record, _CALL) and (TIME.fullmatch(when) or kind) else None


def _gather(scene: Scene) -> Iterator[Match]:
    if not scene.known:
        for records in lists(scene.leaves).values():
            yield from gathered(
                records, _telling, "call_log", "communication", 2, 0.85, "number, duration and moment of a call"
            )


IDENTIFIERS = (
    Identifier(
        "call_log",
        "communication",
        keys=(
            "(?:.*_)?call_(?:log|logs|list|record|records|history|duration|type)_(?:number|duration|date)?",
            "(?:.*_)?calls|tong_hua_(?:ji_lu|shi_chang)|通话(?:记录|时长|时间)(?:号码)?",
        ),
        known_keys=("(?:.*_)?(?:call|number|caller|callee)(?:_log)?",),
        structure=_gather,
    ),
)
