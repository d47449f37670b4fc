"""ICCID, the number of a SIM card: begins with 89, then country and issuer; 19 or 20 digits, the last a Luhn check
digit (ITU-T E.118). China Mobile and China Telecom also have letters in them.
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import luhn


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if not candidate.named or not re.fullmatch(r"89[0-9]{2}[0-9A-Fa-f]{14,16}", text):
        return None
    return Verdict("checksum", 0.95) if text.isdigit() and luhn(text) else Verdict("key", 0.8)


IDENTIFIERS = (
    Identifier(
        "iccid",
        "device_id",
        keys=(".*iccid[0-2]?", "icc", "icc_id_(?:no|num|s)", "sim_serial(?:_(?:no|num|number))?", "sim_(?:id|no|sn)"),
        judge=_judge,
        shared=7,
        placeholders=frozenset({"89014103211118510720", "8931080019082012345"}),
    ),
)
