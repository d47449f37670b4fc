"""Android ID (`Settings.Secure.ANDROID_ID`, SSAID): 64 bits in hexadecimal, per app and device since Android 8."""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import mixed

_NOBODYS = frozenset(
    {
        "9774d56d682e549c",  # emulators, and the phones of Android 2.2 that had all the same
        "e21833235b6eef10",  # a public sandbox
    }
)


def _canonical(value: str) -> str:
    return value.strip().lower()


def _judge(candidate: Candidate) -> Verdict | None:
    text, keys = candidate.text, candidate.leaf.keys
    if not candidate.named or not mixed(text):
        return None
    if not candidate.weak:
        return Verdict("key", 0.9) if re.fullmatch(r"[0-9a-f]{14,16}|[0-9A-F]{16}", text) else None
    if not re.fullmatch(r"[0-9a-f]{16}", text):
        return None
    if candidate.key in ("userid", "deviceid"):
        # Crash reporters call the Android ID the user's `id`; a key `user_id` is the app's own.
        return Verdict("structure", 0.5) if len(keys) > 1 and keys[-1].lower() == "id" else None
    return Verdict("key", 0.7)


IDENTIFIERS = (
    Identifier(
        "android_id",
        "device_id",
        keys=(
            "(?:.*_)?android_(?:device_)?id[0-9]?",
            "(?:.*_)?(?:open_udid|ssaid)",
            "anid|adr_id|imei_or_android_id",
        ),
        weak_keys=("aid", "hw_id", "udid", "uuid", "(?:user|device)_id"),
        judge=_judge,
        placeholders=_NOBODYS,
        canonical=_canonical,
    ),
)
