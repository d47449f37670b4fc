"""What the owner calls the phone, where it tells a person: `Mary's iPhone`, `小明的手机`. A model's name tells none."""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._places import bare

_THING = (
    "iPhone|iPad|iPod|Mac[Bb]ook|Galaxy|Pixel|Redmi|Xiaomi|Mi|HUAWEI|Huawei|HONOR|Honor|OPPO|vivo|OnePlus|realme|Phone"
    "|手机|平板|小米|红米|华为|荣耀|苹果|魅族"
)
_POSSESSED = re.compile(
    rf"[^\W\d_][\w .·-]{{0,30}}(?:['’]s?\s|的\s?|s-|-de-)(?:{_THING})\b.*|[^\W\d_]{{1,12}}的\s?(?:{_THING}).*"
)
_GERMANIC = re.compile(rf"(?:{_THING})[ -](?:von|de|di|van)[ -][^\W\d_]\w{{1,20}}")


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text.strip()
    if (
        candidate.named
        and candidate.span == bare(candidate.leaf.value)
        and (_POSSESSED.fullmatch(text) or _GERMANIC.fullmatch(text))
    ):
        return Verdict("key", 0.85, why="somebody's phone")
    return None


IDENTIFIERS = (
    Identifier(
        "device_name",
        "device_info",
        keys=(
            "(?:.*_)?(?:device|dev|phone|host|bluetooth|bt|computer|friendly|machine)_name",
            "设备名称?|蓝牙名称?|she_bei_ming_(?:cheng)?",
        ),
        judge=_judge,
        known_keys=("host",),
    ),
)
