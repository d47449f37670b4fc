"""Hashes with a salt that only the message tells: the app's key, its package name, a salt that is sent along.

The digests of all known values with such a salt are made when it is first seen, and kept for the next message. What is
compared with them: whole values of leaves that look like a digest and that nothing else explains.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from leaktap.identifiers._digests import Input, salted
from leaktap.identifiers._known import APART, Secret
from leaktap.identifiers._places import bare
from leaktap.identifiers.forms import Form
from leaktap.model import Leaf, Match

_NAME = (
    r"(?:[a-z]{2,10}_?)?(?:app|api|access|client|sdk)_?(?:key|secret|id|token)|(?:app_?)?salt|secret(?:_?key)?"
    r"|(?:app_?)?(?:package|pkg|bundle)(?:_?(?:name|id))?|channel_?key|nonce_?str"
)
_KEY = re.compile(_NAME, re.IGNORECASE)
_PAIR = re.compile(rb"([A-Za-z_]{4,32})[\"'\\]{0,4}\s{0,2}[:=]\s{0,2}[\"'\\]{0,4}([A-Za-z0-9_.+/=-]{1,64})")
NAMED = (
    rb"(?:[aA]pp_?(?:[kK]ey|[sS]ecret|[iI]d)|APP_?KEY|[sS]alt|[pP]ackage(?:_?[nN]ame)?|pkg(?:_?[nN]ame)?)"
    rb"[\"'\\]{0,4}\s?[:=]"
)
"""What stands before a salt in a text; one of the sieve's hints."""

_DIGEST = re.compile(rb"[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40}|[0-9A-F]{40}|[0-9a-f]{64}|[0-9A-F]{64}")
_RUNS = re.compile(rb"\b(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})\b")
_BY_SIZE = {16: ("md5",), 20: ("sha1",), 32: ("sha256", "sm3")}
_MOST_SALTS = 6
_LONGEST_SALT = 64
_KEPT = 96

type _Table = dict[bytes, tuple[Secret, Form]]


class Salts:
    """Known values hashed with what messages carry."""

    def __init__(self, inputs: Sequence[tuple[Secret, Sequence[Input]]]) -> None:
        """Takes the values that are telling enough, with the ways in which they may be hashed."""
        self._inputs = [(secret, given) for secret, given in inputs if secret.bits >= APART]
        self._table = lru_cache(_KEPT)(self._made)

    def _made(self, salt: str, size: int) -> _Table:
        """Returns the digests of a size in bytes of all values with a salt."""
        return {
            digest: (secret, form)
            for secret, given in self._inputs
            for digest, form in salted(given, salt, _BY_SIZE[size])
        }

    def matches(self, leaves: Sequence[Leaf], taken: Sequence[Match], app: str) -> Iterator[Match]:
        """Yields the known values behind digests that are the whole value of a leaf, if no known value is found in it.

        `app` is the sender's package name.
        """
        if not self._inputs:
            return
        known = {id(match.leaf) for match in taken if match.basis == "known"}
        digests = [(leaf, digest) for leaf in leaves if id(leaf) not in known and (digest := _digest(leaf.value))]
        if not digests:
            return
        found = dict.fromkeys(salt for leaf in leaves for salt in _salts(leaf))
        salts = [*list(found)[:_MOST_SALTS], *([app] if app else [])]
        for leaf, (digest, span, how) in digests:
            for salt in salts:
                owner = self._table(salt, len(digest)).get(digest)
                if owner:
                    yield _match(owner, leaf, span, how)
                    break

    def spots(self, data: bytes) -> list[int]:
        """Returns where digests of known values with a salt end that is named in the same text."""
        if not self._inputs:
            return []
        salts = [value.decode() for name, value in _PAIR.findall(data) if _KEY.fullmatch(name.decode())]
        tables = list(dict.fromkeys(salts))[:_MOST_SALTS]
        ends: list[int] = []
        for run in _RUNS.finditer(data) if tables else ():
            digest = bytes.fromhex(run[0].decode())
            if any(digest in self._table(salt, len(digest)) for salt in tables):
                ends.append(run.end())
        return ends


def _salts(leaf: Leaf) -> Iterator[str]:
    """Yields what a leaf tells of salts: its value, if it is called so."""
    if len(leaf.value) <= _LONGEST_SALT and _KEY.fullmatch(leaf.key):
        text = leaf.value.decode(errors="replace").strip()
        if text:
            yield text


def _digest(value: bytes) -> tuple[bytes, tuple[int, int], Form] | None:
    """Returns the digest that a value is, its place, and how it is written."""
    if len(value) in (16, 20, 32) and not value.isalnum():
        return value, (0, len(value)), ()
    span = bare(value)
    text = value[slice(*span)]
    if not _DIGEST.fullmatch(text):
        return None
    return bytes.fromhex(text.decode()), span, ("hex" if text == text.lower() else "hex-upper",)


def _match(owner: tuple[Secret, Form], leaf: Leaf, span: tuple[int, int], how: Form) -> Match:
    secret, form = owner
    value = leaf.value[slice(*span)]
    return Match(
        leaf,
        secret.identifier.name,
        secret.identifier.category,
        value.decode() if how else value.hex(),
        span,
        (*form, *how),
        "known",
        1.0,
        secret.plain,
        secret.device,
    )
