"""Ids that an SDK, an app or a vendor gives to the device: known by their name, and by being long and random.

An id of a session, a request or a page is none. A few vendors' ids have a structure of their own (Netflix's ESN).
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import is_uuid, mixed, uuid_variants
from leaktap.identifiers._places import bare
from leaktap.identifiers.forms import bits

_ESN = re.compile(r"NF[A-Z0-9]{3,12}-[A-Z0-9]{2,3}-[A-Za-z0-9=._-]{8,120}")
_TIME = re.compile(r"1[4-9][0-9]{8}(?:[0-9]{3}){0,2}")


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if _ESN.fullmatch(text) and mixed(text):
        return Verdict("structure", 0.9)
    if (
        not candidate.named
        or any("session" in key.lower() for key in candidate.leaf.keys)
        or "session" in candidate.key
    ):
        return None
    if not 8 <= len(text) <= 512 or re.search(r"[\s<>\"?&(){}]|//", text) or bits(text) < 28:
        return None
    if candidate.weak:
        if candidate.span != bare(candidate.leaf.value):
            return None
        random = is_uuid(text) or (len(text) >= 16 and mixed(text) and bits(text) >= 48)
        numbered = re.fullmatch(r"[0-9]{14,20}|[0-9]{6,10}\.[0-9]{9,10}", text) and not _TIME.fullmatch(text)
        return Verdict("key", 0.5) if random or numbered else None
    if mixed(text):
        return Verdict("key", 0.75)
    return Verdict("key", 0.6) if re.fullmatch(r"[0-9]{10,20}", text) and not _TIME.fullmatch(text) else None


IDENTIFIERS = (
    Identifier(
        "device_id",
        "device_id",
        keys=(
            "(?:.*_)?(?:device|dev|terminal|equipment|phone|mobile|handset|hardware|machine)_(?:id|uuid|guid|token|identifier|no|code|fingerprint)",
            "(?:.*_)?(?:client|cu|unique|open|hw|ios)_udid",
            "cdid|suuid|uuid2|mtid|odin_id|odin1?|esn|device_esn|bd_did|smid|dfp|android_uuid|unique_id|uniqid",
            "(?:.*_)?(?:install|installation)_(?:id|uuid|uid)",
            "(?:.*_)?(?:push|fcm|gcm|apns|registration|reg|device)_(?:token|registration_id)",
            "(?:.*_)?registration_id|reg_id|firebase_instance_id|app_instance_id|anonymous_id",
            "设备(?:号|编号|标识|码|唯一标识|id)|机器码|she_bei_(?:hao|id|ma|bianhao|biaoshi)|jiqima",
        ),
        weak_keys=("uuid", "guid", "cid", "did", "iid", "udid", "client_id", "hw_id", "instance_id"),
        shapes=(rb"NF[A-Z0-9]{3,12}-[A-Z0-9]{2,3}-[A-Za-z0-9=._-]{8,120}",),
        cues=(rb"NF[A-Z0-9]{3,12}-",),
        judge=_judge,
        variants=uuid_variants,
        digest_like=True,
    ),
)
