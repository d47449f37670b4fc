"""Text messages: a list whose records have a number, a text and a time, and that is called after messages of the phone.

A chat inside an app looks the same but for its names, so what Android's provider calls its columns decides
(https://developer.android.com/reference/android/provider/Telephony.TextBasedSmsColumns).
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Identifier, Scene
from leaktap.identifiers._records import PHONE, TIME, Record, called, field, gathered, lists, text_of
from leaktap.model import Leaf, Match

_NUMBER = re.compile(
    r"(?:sms|phone|mobile|sender|from)?(?:address|number|phone|mobile|sender|num)|from|peer|haoma|号码|发件人"
)
_TEXT = re.compile(r"(?:sms|msg|message)?(?:body|content|text|message|msg)|neirong|内容|短信内容")
_WHEN = re.compile(r"(?:sms|msg|sent|received|recv|send)?(?:date|time|timestamp|ts)(?:sent|received)?|shijian|时间")
_SMS = re.compile(r"sms|shortmessage|threadid|servicecenter|datesent|duanxin|短信")


def _telling(record: Record) -> Leaf | None:
    number, text, when = (field(record, names) for names in (_NUMBER, _TEXT, _WHEN))
    if not (PHONE.fullmatch(text_of(number)) and TIME.fullmatch(text_of(when)) and len(text_of(text)) > 1):
        return None
    return text if called(record, _SMS) else None


def _gather(scene: Scene) -> Iterator[Match]:
    if not scene.known:
        for records in lists(scene.leaves).values():
            why = "number, text and time"
            yield from gathered(records, _telling, "sms", "communication", 2, 0.85, why)


IDENTIFIERS = (
    Identifier(
        "sms",
        "communication",
        keys=(
            "(?:.*_)?sms_(?:list|body|content|log|data|s|address|time|date|text|inbox)?_(?:body|content|text|address)?",
            "thread_id|service_center|date_sent|duan_xin_(?:nei_rong|lie_biao)?|短信(?:列表|记录)?(?:内容|号码)?",
        ),
        known_keys=("(?:.*_)?(?:sms|message|msg|body|content|text)",),
        structure=_gather,
    ),
)
