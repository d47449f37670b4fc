"""Phone numbers. Mainland China: 11 digits, 13 to 19 at the beginning, with or without +86 and in groups of 3-4-4.

Which prefixes are given out: the numbering plan of China's MIIT, as in
https://en.wikipedia.org/wiki/Telephone_numbers_in_China; numbers of other countries (ITU-T E.164) are judged by
libphonenumber's tables. Without a name only a mobile number behind +86 is one.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from leaktap.identifiers._api import Candidate, Identifier, Variant, Verdict

_CHINESE = re.compile(r"(?:(?:\+|00)?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})")
_MOBILE = re.compile(r"1(?:[38][0-9]|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|9[0-35-9])[0-9]{8}")
_LANDLINE = re.compile(r"(?:\+86[ -]?|0)(?:10|2[0-9]|[3-9][0-9]{2})[ -]?[2-8][0-9]{6,7}")
_FOREIGN = re.compile(r"(?:\+|00)?[1-9](?:[ ().-]?[0-9]){7,14}")
_LINK = re.compile(rb"href\\{0,4}[=:]\\{0,4}[\"']?tel:$")
"""What stands before a number that a page shows to everybody."""


def canonical(value: str) -> str:
    """Returns a Chinese number as its 11 digits, any other as written."""
    chinese = _CHINESE.fullmatch(value.strip())
    return "".join(chinese.groups()) if chinese else value.strip()


def variants(value: str) -> Iterator[Variant]:
    """Yields the ways to write a number: country prefixes, groups of 3-4-4; of a foreign one also the bare digits."""
    yield Variant(value.encode())
    chinese = _CHINESE.fullmatch(value)
    if not chinese:
        digits = re.sub(r"[^0-9]", "", value)
        if digits != value and len(digits) > 7:
            yield Variant(digits.encode(), ("no-separator",))
        return
    groups = chinese.groups()
    for prefix in ("+86", "86", "0086"):
        yield Variant((prefix + value).encode(), (prefix,))
    for name, separator in (("space", " "), ("dash", "-")):
        grouped = separator.join(groups)
        yield Variant(grouped.encode(), (name,), hashed=False)
        for prefix in ("+86", "86"):
            yield Variant(f"{prefix}{separator}{grouped}".encode(), (name, prefix), hashed=False)
            yield Variant(f"{prefix}{separator}{value}".encode(), (prefix, name), hashed=False)


@lru_cache(4096)
def _is_valid(digits: str) -> bool:
    """Says whether a number with its country code is one that the country's plan has, and not for services."""
    import phonenumbers

    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    kind = phonenumbers.PhoneNumberType
    services = (kind.TOLL_FREE, kind.PREMIUM_RATE, kind.SHARED_COST, kind.UAN)
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) not in services


def has_calling_code(digits: str) -> bool:
    """Says whether digits begin with the calling code of a country."""
    import phonenumbers

    return any(int(digits[:size]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE for size in (1, 2, 3))


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if _LINK.search(candidate.leaf.value[max(candidate.span[0] - 16, 0) : candidate.span[0]]):
        return None
    chinese = _CHINESE.fullmatch(text)
    mobile = bool(chinese and _MOBILE.fullmatch("".join(chinese.groups())))
    if not candidate.named:
        return Verdict("structure", 0.6, why="+86 and a mobile prefix") if mobile else None
    if chinese:
        if mobile:
            return Verdict("key", 0.9, why="mobile prefix of China")
        return Verdict("key", 0.4, why=f"prefix {chinese[1]} is not given out")
    if _LANDLINE.fullmatch(text):
        return Verdict("key", 0.6, why="landline of China")
    if not _FOREIGN.fullmatch(text):
        return None
    digits = re.sub(r"[^0-9]", "", text).removeprefix("00")
    if text[0] == "+" or text.startswith("00"):
        return Verdict("key", 0.85, why="fits its country's plan") if _is_valid(digits) else Verdict("key", 0.4)
    return Verdict("key", 0.5, why="fits a country's plan") if len(digits) > 9 and _is_valid(digits) else None


IDENTIFIERS = (
    Identifier(
        "phone",
        "contact",
        keys=(
            "(?:.*_)?(?:mobile|phone|cell|tele?)_(?:phone)?_(?:no|num|number)?s?[0-9]?",
            "(?:.*_)?(?:msisdn|shouji(?:hao)?(?:ma)?|sjh|dianhua(?:haoma)?|line1_number|lianxi(?:dianhua|fangshi))",
            "(?:手机|电话|联系电话|手机号码|电话号码)(?:号)?|联系方式",
        ),
        shapes=(rb"\+86[ -]?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}",),
        cues=(rb"\+86[ -]?1[3-9][0-9]",),
        judge=_judge,
        shared=3,
        variants=variants,
        canonical=canonical,
        placeholders=frozenset({"13800138000", "8613800138000", "15555215554", "15555215556", "13888888888"}),
    ),
)
