"""IMSI, the number of a SIM's subscription: mobile country code, network code, subscriber; at most 15 digits
(3GPP TS 23.003, section 2.2).
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._networks import home


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if not candidate.named or not re.fullmatch(r"[0-9]{14,15}", text):
        return None
    country, network = home(text)
    if not country:
        return None
    if not network:
        return Verdict("key", 0.5, why=f"no network of country {country}")
    return Verdict("key", 0.9 if len(text) == 15 else 0.7, why=f"network {country}-{network}")


IDENTIFIERS = (
    Identifier(
        "imsi",
        "device_id",
        keys=(".*imsi[0-2]?", ".*imsi_(?:no|num|number|s)", "(?:sim_)?subscriber_id", "imsi(?:号|码)"),
        judge=_judge,
        shared=5,
        placeholders=frozenset({"310260000000000", "460000000000000", "001010123456789"}),
    ),
)
