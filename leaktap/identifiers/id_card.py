"""The number of a Chinese identity card: region, date of birth, serial number and check digit (GB 11643-1999).

The check digit is ISO 7064's MOD 11-2; the region's first four digits are a province and a prefecture of GB/T 2260,
past ones too (https://zh.wikipedia.org/wiki/中华人民共和国行政区划代码). Cards until 1999 had 15 digits: two for the
year and no check digit. One in half a million numbers of 18 digits passes all of this by chance.
"""

import re
from datetime import UTC, date, datetime

from leaktap.identifiers._api import Candidate, Identifier, Verdict

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_PREFECTURES = """
11:01-02 12:01-02 13:01-11,21-30,90 14:01-11,21-27,90 15:01-09,21-29 21:01-14,21-22,90 22:01-08,21-26,90
23:01-12,21-27,90 31:01-02 32:01-13,21-27,90 33:01-11,21-28,90 34:01-18,21-29 35:01-09,21-27,90 36:01-11,21-26
37:01-17,21-29,90 41:01-17,21-30,90 42:01-13,21-29,90 43:01-13,21-31,90 44:01-29,51-53,90 45:01-14,21-28 46:01-04,90
50:01-03 51:01-39,90 52:01-06,21-27 53:01-09,21-35 54:01-06,21-27 61:01-10,21-27 62:01-12,21-30 63:01-02,21-28
64:01-05,21-22 65:01-05,21-32,40-43,90 71:00 81:00 82:00 83:00
"""


def _regions() -> frozenset[str]:
    found: set[str] = set()
    for province, _, runs in (each.partition(":") for each in _PREFECTURES.split()):
        for first, _, last in (run.partition("-") for run in runs.split(",")):
            found |= {f"{province}{number:02}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(found)


_REGIONS = _regions()


def _born(text: str) -> bool:
    """Says whether eight digits are the day on which somebody alive was born."""
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return date(1905, 1, 1) <= day <= datetime.now(UTC).date()


def is_id_card(text: str) -> bool:
    """Says whether this is a right number of 18 digits."""
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", text) or text[:4] not in _REGIONS or not _born(text[6:14]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True))
    return _CHECK[total % 11] == text[17].upper()


def _canonical(value: str) -> str:
    return re.sub(r"[\s-]", "", value).upper()


def _judge(candidate: Candidate) -> Verdict | None:
    text = _canonical(candidate.text)
    if is_id_card(text):
        around = candidate.leaf.value[max(candidate.span[0] - 1, 0) : candidate.span[1] + 1]
        if not candidate.named and len(re.findall(rb"[0-9A-Za-z]", around)) > len(text):
            return None
        sure = 0.6 if not candidate.named else 0.9 if candidate.weak else 0.95
        return Verdict("checksum", sure, why="right check digit; region; date of birth")
    if not candidate.named or candidate.weak:
        return None
    if re.fullmatch(r"[0-9]{15}", text) and text[:4] in _REGIONS and _born(f"19{text[6:12]}"):
        return Verdict("key", 0.8, why="15 digits; region; date of birth")
    if re.fullmatch(r"[1-8][0-9]{16}[0-9X]", text) and text[:4] in _REGIONS:
        return Verdict("key", 0.5, why="region; wrong check digit or date")
    return None


IDENTIFIERS = (
    Identifier(
        "id_card",
        "identity",
        keys=(
            "(?:.*_)?id_card_(?:no|num|number|code|id)?",
            "(?:.*_)?(?:identity_card|citizen_id|national_id|resident_id|identity)_(?:no|num|number|code)?",
            "(?:.*_)?(?:sfz(?:h|hm)?|shen_fen_zheng_(?:hao|hao_ma|id|no)?|zheng_jian_hao_(?:ma)?)",
            "(?:居民)?身份证(?:号|号码|件号)?|公民身份号码|证件号码?",
        ),
        weak_keys=("(?:.*_)?(?:cert|certificate|credential|certi|idno|document)_(?:no|num|number|code|id)?", "ic_no"),
        shapes=(rb"[1-8][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]",),
        judge=_judge,
        canonical=_canonical,
        placeholders=frozenset(
            {"11010519491231002x", "440524188001010014", "34052419800101001x", "11010120000101001x"}
        ),
    ),
)
