"""Phone numbers. Mainland China: 11 digits, 13 to 19 at the beginning, with or without +86 and in groups of 3-4-4."""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Candidate, Identifier, Variant, Verdict

_CHINESE = re.compile(r"(?:(?:\+|00)?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})")
_FOREIGN = re.compile(r"\+[1-9](?:[ ().-]?[0-9]){7,14}")


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


def _judge(candidate: Candidate) -> Verdict | None:
    if not candidate.named:
        return None
    if _CHINESE.fullmatch(candidate.text):
        return Verdict("key", 0.85)
    return Verdict("key", 0.7) if _FOREIGN.fullmatch(candidate.text) else None


IDENTIFIERS = (
    Identifier(
        "phone",
        "contact",
        keys=(
            "(?:.*_)?(?:mobile|phone|cell|tele?)_(?:phone)?_(?:no|num|number|s)?[0-9]?",
            "(?:.*_)?(?:msisdn|shouji(?:hao)?|sjh|dianhua|line1_number)",
        ),
        judge=_judge,
        shared=3,
        variants=variants,
        canonical=canonical,
        placeholders=frozenset({"13800138000", "8613800138000", "15555215554", "15555215556"}),
    ),
)
