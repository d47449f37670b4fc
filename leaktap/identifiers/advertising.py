"""Advertising and vendor ids: OAID, VAID and AAID (MSA, China), GAID (Google), IDFA and IDFV (Apple).

GAID and IDFA are UUIDs; Google writes them in lower, Apple in upper case, which decides under names that both use.
A UUID that nothing calls so is nothing.
"""

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import is_hex, is_uuid, mixed, uuid_variants

_EITHER = (
    "(?:device_)?ifa",
    "m?aid_id",
    "m(?:obile_)?a(?:d_)?id",
    "advertiser_id",
    "advertising_(?:tracking_)?id",
    "ad_id",
    "adid",
)


def _lower(value: str) -> str:
    return value.strip().lower()


def _upper(value: str) -> str:
    return value.strip().upper()


def _oaid(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if candidate.named and (is_uuid(text) or (is_hex(text, 16, 32, 64) and mixed(text))):
        return Verdict("key", 0.9)
    return None


def _aaid(candidate: Candidate) -> Verdict | None:
    """A UUID is Google's `aaid`; MSA's is written like an OAID of most makers, without dashes."""
    verdict = _oaid(candidate)
    return None if verdict is None or is_uuid(candidate.text) else Verdict("key", 0.8)


def _gaid(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if not candidate.named or not is_uuid(text):
        return None
    if text == text.lower():
        return Verdict("key", 0.9)
    return None if candidate.weak else Verdict("key", 0.8, ("upper",))


def _idfa(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if not candidate.named or not is_uuid(text):
        return None
    if text == text.upper():
        return Verdict("key", 0.9)
    return None if candidate.weak else Verdict("key", 0.8, ("lower",))


def _idfv(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if candidate.named and is_uuid(text):
        return Verdict("key", 0.9) if text == text.upper() else Verdict("key", 0.8, ("lower",))
    return None


IDENTIFIERS = (
    Identifier(
        "oaid",
        "device_id",
        keys=("(?:.*_)?oaid", "oaid_value"),
        judge=_oaid,
        digest_like=True,
        variants=uuid_variants,
        canonical=str.strip,
    ),
    Identifier("vaid", "device_id", keys=("(?:.*_)?vaid",), judge=_oaid, digest_like=True, variants=uuid_variants),
    Identifier("aaid", "device_id", keys=("(?:.*_)?aaid",), judge=_aaid, digest_like=True, variants=uuid_variants),
    Identifier(
        "gaid",
        "device_id",
        keys=(
            "(?:.*_)?gaid",
            "(?:google|gps|gp|android|play)_(?:advertising_id|adid|ad_id|aid|aaid)",
            "(?:.*_)?(?:aaid|rdid)",
            "google_advertiser_id|idfa_or_gaid",
        ),
        judge=_gaid,
        weak_keys=_EITHER,
        variants=uuid_variants,
        canonical=_lower,
    ),
    Identifier(
        "idfa",
        "device_id",
        keys=(
            "(?:.*_)?idfa",
            "(?:ios|apple)_(?:advertising_id|adid|ad_id|ifa|idfa)",
            "identifier_for_advertis(?:er|ing)",
        ),
        judge=_idfa,
        weak_keys=_EITHER,
        variants=uuid_variants,
        canonical=_upper,
    ),
    Identifier(
        "idfv",
        "device_id",
        keys=(
            "(?:.*_)?idfv",
            "(?:ios|apple)_(?:vendor_id|ifv)",
            "identifier_for_vendor",
            "vendor_(?:id|identifier)",
            "ifv",
        ),
        judge=_idfv,
        variants=uuid_variants,
        canonical=_upper,
    ),
)
