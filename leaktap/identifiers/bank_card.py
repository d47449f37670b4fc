"""Numbers of bank cards: 13 to 19 digits, the issuer first, the last a Luhn check digit (ISO/IEC 7812-1).

Which first digits belong to which scheme, and how long its numbers are:
https://en.wikipedia.org/wiki/Payment_card_number. A tenth of all numbers have a right check digit, so only one that is
called a card counts.
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import luhn

_SCHEMES = (
    ("UnionPay", re.compile(r"62[0-9]{14,17}|81[0-9]{14,17}")),
    ("Visa", re.compile(r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})")),
    ("Mastercard", re.compile(r"(?:5[1-5]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]+")),
    ("American Express", re.compile(r"3[47][0-9]{13}")),
    ("JCB", re.compile(r"35(?:2[89]|[3-8][0-9])[0-9]{12,15}")),
    ("Diners Club", re.compile(r"3(?:0[0-5]|09|[689][0-9])[0-9]{11,16}")),
    ("Discover", re.compile(r"(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}")),
    ("Maestro", re.compile(r"(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{8,15}")),
    ("Mir", re.compile(r"220[0-4][0-9]{12,15}")),
    ("China, before UnionPay", re.compile(r"(?:9558|9559|6013|6015|6016|6858|6859|6869)[0-9]{12,15}")),
)
_LENGTHS = {"Mastercard": (16,)}
_TEST_NUMBERS = frozenset(
    re.findall(
        r"[0-9]+",
        """
        4111111111111111 4242424242424242 4012888888881881 4000000000000002 5555555555554444 5105105105105100
        378282246310005 371449635398431 30569309025904 38520000023237 6011111111111117 6011000990139424
        3530111333300000 3566002020360505 6200000000000005 6222020000000000000
        """,
    )
)
"""Numbers that the schemes and payment services publish for trying things out."""


def scheme(digits: str) -> str:
    """Returns the name of the scheme that a number belongs to, by its first digits and length, or nothing."""
    for name, pattern in _SCHEMES:
        if pattern.fullmatch(digits) and len(digits) in _LENGTHS.get(name, range(13, 20)):
            return name
    return ""


def _canonical(value: str) -> str:
    return re.sub(r"[\s-]", "", value)


def _judge(candidate: Candidate) -> Verdict | None:
    digits = _canonical(candidate.text)
    if not candidate.named or not re.fullmatch(r"[0-9]{13,19}", digits) or len(set(digits)) < 4:
        return None
    issuer = scheme(digits)
    if luhn(digits) and issuer:
        return Verdict("checksum", 0.7 if candidate.weak else 0.95, why=f"right check digit; {issuer}")
    if candidate.weak:
        return None
    if luhn(digits):
        return Verdict("checksum", 0.6, why="right check digit; no issuer known")
    return Verdict("key", 0.5, why=f"{issuer}; wrong check digit") if issuer else None


IDENTIFIERS = (
    Identifier(
        "bank_card",
        "identity",
        keys=(
            "(?:.*_)?(?:bank|credit|debit|payment|pay)_(?:card|acct|account)_(?:no|num|number|code|id)?",
            "(?:.*_)?yin_hang_ka_(?:hao|hao_ma)?|yhk(?:h|hm)?",
            "银行卡号?码?|银行账号|信用卡号?",
        ),
        weak_keys=(
            "card_(?:no|num|number)",
            "account_(?:no|num|number)",
            "acct_no|pan|kahao|卡号",
            "cc_(?:no|num|number)",
        ),
        judge=_judge,
        canonical=_canonical,
        placeholders=_TEST_NUMBERS,
    ),
)
