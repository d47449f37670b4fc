"""IMEI, the serial number of a phone's modem: 15 digits, the last a Luhn check digit (3GPP TS 23.003, section 6.2).

A tenth of all 15-digit numbers have a right check digit, so without a profile only a number that is called so counts.
The first two digits name the body that gave the type allocation code out (GSMA TS.06, annex A).
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Candidate, Identifier, Variant, Verdict
from leaktap.identifiers._checks import luhn

_TEST_NUMBERS = frozenset(
    {
        "004999010640000",  # what phones report whose radio data is lost
        "358673013795895",  # shared by copied phones, and on the lists of several SDKs
        "490154203237518",  # the usual example of the check digit
        "352099001761481",  # the usual example of the structure
        "356938035643809",  # the usual example of *#06#
        "358240051111110",  # Android emulators
        "012345678901234",
        "012345678901237",
        "012345678912345",
    }
)


_BODIES = frozenset(re.findall(r"..", "0110303335444549505152535486919899"))
"""Reporting bodies that phones' codes come from: PTCRB, BABT, TÜV, CETECOM, TAF of China, MSAI of India and others."""


def _canonical(value: str) -> str:
    return re.sub(r"[\s./-]", "", value)


def _variants(value: str) -> Iterator[Variant]:
    """Yields the digits, and the 14 of them without the check digit."""
    yield Variant(value.encode())
    if len(value) == 15:
        yield Variant(value[:14].encode(), ("no-check-digit",))


def _judge(candidate: Candidate) -> Verdict | None:
    digits = _canonical(candidate.text)
    if not candidate.named or not re.fullmatch(r"[0-9]{14,16}", digits) or len(set(digits)) < 4:
        return None
    allotted = digits[:2] in _BODIES
    body = f"reporting body {digits[:2]}" if allotted else f"no reporting body {digits[:2]}"
    if len(digits) != 15:
        return Verdict("key", 0.6 if allotted else 0.3, why=f"{len(digits)} digits; {body}")
    if luhn(digits):
        return Verdict("checksum", 0.95 if allotted else 0.75, why=f"right check digit; {body}")
    return Verdict("key", 0.6 if allotted else 0.3, why=f"wrong check digit; {body}")


IDENTIFIERS = (
    Identifier(
        "imei",
        "device_id",
        keys=(
            ".*imei[01]?",
            ".*imei_(?:no|num|number|code|sv|plain|enc|list|s)",
            "devi",
            "imeis|(?:手机)?串号|imei(?:号|码)",
        ),
        variants=_variants,
        judge=_judge,
        placeholders=_TEST_NUMBERS,
        canonical=_canonical,
        shared=8,
    ),
    Identifier(
        "imei2",
        "device_id",
        keys=(".*imei2", ".*imei_(?:two|second|sub)", "(?:second|sub|sim2|slot2)_imei"),
        variants=_variants,
        judge=_judge,
        placeholders=_TEST_NUMBERS,
        canonical=_canonical,
        shared=8,
    ),
)
