"""ICCID, the number of a SIM card: begins with 89, then country and issuer; 19 or 20 digits, the last a Luhn check
digit (ITU-T E.118). China Mobile and China Telecom also have letters in them. China's issuers are told by two digits
behind 8986: https://www.itu.int/en/ITU-T/inr/Pages/default.aspx (Issuer Identifier Numbers).
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import luhn
from leaktap.identifiers.phone import has_calling_code

_CHINESE = re.compile(r"8986(?:0[0-9]|11|15|20)[0-9A-Fa-f]{13,14}")


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if not candidate.named or not re.fullmatch(r"89[0-9]{2}[0-9A-Fa-f]{14,16}", text):
        return None
    issued = bool(_CHINESE.fullmatch(text)) if text.startswith("8986") else has_calling_code(text[2:])
    if not issued:
        return Verdict("key", 0.4, why="no issuer")
    if text.isdigit() and luhn(text):
        return Verdict("checksum", 0.95, why="right check digit; issuer")
    return Verdict("key", 0.8, why="issuer; no check digit")


IDENTIFIERS = (
    Identifier(
        "iccid",
        "device_id",
        keys=(
            ".*iccid[0-2]?",
            "icc",
            "icc_id_(?:no|num|s)",
            "sim_serial(?:_(?:no|num|number))?",
            "sim_(?:id|no|sn)|sim卡号",
        ),
        judge=_judge,
        shared=7,
        placeholders=frozenset({"89014103211118510720", "8931080019082012345"}),
    ),
)
