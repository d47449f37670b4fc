"""CAID, the id that the China Advertising Association's SDK works out for iPhones: 32 hexadecimal digits, beside the
version of the algorithm, a date.
"""

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import is_hex, mixed


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text.split("_")[-1]
    if candidate.named and is_hex(text, 32) and mixed(text):
        return Verdict("key", 0.85, why="32 hexadecimal digits")
    return None


IDENTIFIERS = (
    Identifier(
        "caid",
        "device_id",
        keys=("(?:.*_)?caid[12]?", "(?:last|pre|current|cur)_caid|caid_(?:value|id)|caids"),
        judge=_judge,
        digest_like=True,
    ),
)
