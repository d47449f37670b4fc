"""UTDID, the device id of Alibaba's SDKs: 18 bytes in base64."""

import re

from leaktap.identifiers._api import Candidate, Identifier, Variant, Verdict
from leaktap.identifiers._checks import mixed


def _variants(value: str) -> tuple[Variant, ...]:
    """Returns the value alone: case is part of base64."""
    return (Variant(value.encode()),)


def _judge(candidate: Candidate) -> Verdict | None:
    if candidate.named and re.fullmatch(r"[A-Za-z0-9+/_-]{23,24}={0,2}", candidate.text) and mixed(candidate.text):
        return Verdict("key", 0.9)
    return None


IDENTIFIERS = (
    Identifier(
        "utdid",
        "device_id",
        keys=("(?:.*_)?utd_id",),
        judge=_judge,
        variants=_variants,
        placeholders=frozenset({"ffffffffffffffffffffffff"}),
    ),
)
