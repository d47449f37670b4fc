"""E-mail addresses, by their structure (a plain subset of RFC 5321's), named or not.

What only looks like one: `image@2x.png`, the key of a Sentry DSN (`https://<hex>@host/1`), user and password in a URL,
and what ends in no domain of the public suffix list (https://publicsuffix.org).
"""

import re
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from leaktap.identifiers._api import Candidate, Identifier, Verdict

_ADDRESS = re.compile(
    r"([A-Za-z0-9._%+-]{1,64})@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,18}))"
)
_FILES = re.compile(
    r"png|jpe?g|gif|webp|svg|bmp|ico|avif|css|m?js|ts|map|json|html?|php|xml|txt|md|pdf|zip|gz|so|dex|apk|jar|mp[34]|mov|woff|ttf"
)
_FIRST = b"abcdefghijklmnopqrstuvwxyz0123456789"
_ROLES = re.compile(
    r"(?:(?:no|do-?not)-?_?reply|support|info|help|service|admin|contact|feedback|privacy|sales|press|abuse|webmaster"
    r"|postmaster|hostmaster|security|legal|dev|team|hello|jobs|hr|marketing|kefu)[\w.+-]*",
    re.IGNORECASE,
)


_RESERVED = frozenset({"example", "test"})
"""Endings for documents and trials (RFC 2606, section 2)."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(4096)
def _exists(ending: str) -> bool:
    return ending in _RESERVED or _suffixes().publicsuffix(ending) is not None


def _canonical(value: str) -> str:
    return value.strip().lower()


def _judge(candidate: Candidate) -> Verdict | None:
    address = _ADDRESS.fullmatch(candidate.text)
    if not address:
        return None
    local, _, ending = address.groups()
    if _FILES.fullmatch(ending.lower()) or local[0] == "." or local[-1] == "." or ".." in local:
        return None
    before = candidate.leaf.value[max(0, candidate.span[0] - 128) : candidate.span[0]]
    if re.search(rb"://[^/\s\"'<>]*$", before) or re.fullmatch(r"[0-9a-f]{32}", local):
        return None
    if _ROLES.fullmatch(local):
        return Verdict("structure", 0.2)
    if not _exists(ending.lower()):
        return Verdict("structure", 0.3, why="no such domain")
    return Verdict("key", 0.9) if candidate.named else Verdict("structure", 0.7, why="an address")


IDENTIFIERS = (
    Identifier(
        "email",
        "contact",
        keys=(
            "(?:.*_)?e?_mail(?:_addr(?:ess)?|_id)?",
            "em|youxiang|(?:login|account)_email|(?:电子)?邮箱(?:地址)?|电子邮件|dianzi_youjian",
        ),
        shapes=(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,18}",),
        cues=(tuple(rb"[A-Za-z0-9._%%+-]@(?i:%c)[A-Za-z0-9.-]{3}" % sign for sign in _FIRST),),
        judge=_judge,
        canonical=_canonical,
    ),
)
