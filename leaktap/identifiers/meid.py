"""MEID, the serial number of a CDMA phone: 14 hexadecimal digits (3GPP2 S.R0048-A); the first is A to F, or the number
begins with 99.
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict


def _canonical(value: str) -> str:
    return value.strip().upper()


def _judge(candidate: Candidate) -> Verdict | None:
    if candidate.named and re.fullmatch(r"(?:[A-F][0-9A-F]|99)[0-9A-F]{12}", candidate.text.upper()):
        return Verdict("key", 0.85)
    return None


IDENTIFIERS = (
    Identifier("meid", "device_id", keys=(".*meid[12]?", "meid(?:号|码)"), judge=_judge, canonical=_canonical),
)
