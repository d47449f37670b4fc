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

_KEY = re.compile(
    r".*(?:app|api|channel)_?(?:key|secret|id|token)|.*salt|.*secret(?:_?key)?|.*(?:package|pkg|bundle)(?:_?(?:name|id))?",
    re.IGNORECASE,
)
_VALUE = re.compile(rb"\s{0,2}[\"'\\]{0,16}([A-Za-z0-9_.+/=-]{1,64})")
NAMED = (
    rb"(?:(?:[aA]p[pi]|APP|[cC]hannel)_?(?:[kK]ey|KEY|[sS]ecret|[iI]d|ID|[tT]oken)|[sS]alt|[sS]ecret(?:_?[kK]ey)?"
    rb"|(?:[pP]ackage|[pP]kg|[bB]undle)(?:_?(?:[nN]ame|[iI]d))?)[\"'\\]{0,16}\s?[:=]"
)
"""What stands before a salt in a text; one of the sieve's hints."""

_DIGEST = re.compile(rb"[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40}|[0-9A-F]{40}|[0-9a-f]{64}|[0-9A-F]{64}")
_MARKS = bytes(0x61 if sign in b"0123456789abcdefABCDEF" else 0x2E for sign in range(256))
_BY_SIZE = {16: ("md5",), 20: ("sha1",), 32: ("sha256", "sm3")}
_MOST_SALTS, _MOST_NAMES = 6, 64
_LONGEST_SALT = 64
_KEPT = 96
_FEWEST_DIGITS, _MOST_DIGITS = 32, 64

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
        found = [(leaf, read) for leaf in leaves if id(leaf) not in known and (read := _digest(leaf.value))]
        if not found:
            return
        told = dict.fromkeys(salt for leaf in leaves for salt in _salts(leaf))
        salts = [*list(told)[:_MOST_SALTS], *([app] if app else [])]
        for leaf, (digest, span, how) in found:
            for salt in salts:
                owner = self._table(salt, len(digest)).get(digest)
                if owner:
                    yield _match(owner, leaf, span, how)
                    break

    def spots(self, data: bytes, ends: Sequence[int]) -> list[int]:
        """Returns where digests of known values with a salt end that is named in the same text.

        `ends` is where what `NAMED` finds ends.
        """
        if not self._inputs:
            return []
        values = [value[1].decode() for end in ends[:_MOST_NAMES] if (value := _VALUE.match(data, end))]
        salts = list(dict.fromkeys(values))[:_MOST_SALTS]
        found: list[int] = []
        for start, end in _runs(data) if salts else ():
            digest = bytes.fromhex(data[start:end].decode())
            if len(digest) in _BY_SIZE and any(digest in self._table(salt, len(digest)) for salt in salts):
                found.append(end)
        return found


def _runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Yields where an even number of hexadecimal digits stands, as many as a digest has or more."""
    marks = data.translate(_MARKS)
    end = 0
    while (start := marks.find(b"a" * _FEWEST_DIGITS, end)) >= 0:
        end = marks.find(b".", start)
        end = len(data) if end < 0 else end
        if (end - start) % 2 == 0 and end - start <= _MOST_DIGITS:
            yield start, end


@lru_cache(4096)
def _is_salt(name: str) -> bool:
    return _KEY.fullmatch(name) is not None


def _salts(leaf: Leaf) -> Iterator[str]:
    """Yields what a leaf tells of salts: its value, if it is called so."""
    if len(leaf.value) <= _LONGEST_SALT and _is_salt(leaf.key):
        text = leaf.value.decode(errors="replace").strip()
        if text:
            yield text


def _digest(value: bytes) -> tuple[bytes, tuple[int, int], Form] | None:
    """Returns the digest that a value is, its place, and how it is written."""
    if len(value) in (16, 20, 32) and not value.isalnum():
        return value, (0, len(value)), ()
    if len(value) < _FEWEST_DIGITS:
        return None
    span = bare(value)
    if span[1] - span[0] > _MOST_DIGITS:
        return None
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
