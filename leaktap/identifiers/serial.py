"""The serial number of the phone itself (`Build.SERIAL`, `ro.serialno`): letters and digits as the maker likes them."""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import mixed


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if candidate.named and re.fullmatch(r"[0-9A-Z]{8,20}|[0-9a-f]{8,16}", text) and mixed(text):
        return Verdict("key", 0.4 if candidate.weak else 0.7)
    return None


IDENTIFIERS = (
    Identifier(
        "serial",
        "device_id",
        keys=(
            "(?:ro_|android_|build_|hw_|hardware_|device_|phone_)?serial_(?:no|num|number|id)?",
            "(?:android_|hw_|device_|phone_|dev_)sn|(?:设备)?序列号|xuliehao",
        ),
        weak_keys=("sn",),
        judge=_judge,
        placeholders=frozenset({"androidserial", "emulator5554", "emulator29x0", "0123456789abcdef"}),
    ),
)
