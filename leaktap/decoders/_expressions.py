"""What a lock's expressions come to: keys and IVs, worked out from the value and the message that it came with."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from leaktap.decoders._ciphers import undo_rsa
from leaktap.keyring import Expression, Pbkdf2, Step


class Missing(Exception):
    """Something that a key is made of is not there, or is not of its form."""


class Place(Protocol):
    """Where a value was found: what else its message holds."""

    def beside(self, name: str) -> bytes | None:
        """Returns another value, by name or path."""

    def header(self, name: str) -> bytes | None:
        """Returns a header field."""

    def query(self, name: str) -> bytes | None:
        """Returns a parameter of the target."""


def evaluate(expression: Expression, value: bytes, place: Place) -> bytes:
    """Returns the bytes that an expression stands for.

    Raises:
        Missing: there are none.
    """
    data = _source(expression, value, place)
    try:
        for step in expression.then:
            data = _step(step, data, value, place)
    except (ValueError, IndexError, OverflowError) as error:
        raise Missing(str(error)) from None
    return data


def stretch(data: bytes, span: tuple[int, ...]) -> bytes:
    """Returns the stretch from `span`'s first offset to its second one, or to the end."""
    return data[span[0] : span[1]] if len(span) > 1 else data[span[0] :]


def _source(expression: Expression, value: bytes, place: Place) -> bytes:
    e = expression
    if e.value is not None:
        return stretch(value, e.value)
    found: bytes | None
    if e.field is not None:
        found = place.beside(e.field)
    elif e.header is not None:
        found = place.header(e.header)
    elif e.query is not None:
        found = place.query(e.query)
    elif e.zeros is not None:
        found = bytes(e.zeros)
    else:
        found = e.text.encode() if e.text is not None else e.hex if e.hex is not None else e.base64
    if found is None:
        raise Missing
    return found


def _step(step: Step, data: bytes, value: bytes, place: Place) -> bytes:
    if step.do is not None:
        return _DO[step.do](data)
    if step.slice is not None:
        return stretch(data, step.slice)
    if step.append is not None:
        return data + evaluate(step.append, value, place)
    if step.prepend is not None:
        return evaluate(step.prepend, value, place) + data
    if step.after is not None:
        _, mark, rest = data.partition(step.after.encode())
        if not mark:
            raise Missing
        return rest
    if step.split is not None:
        return data.split(step.split[0].encode())[step.split[1]]
    if step.size is not None:
        return data[: step.size].ljust(step.size, b"\0")
    if step.pbkdf2 is not None:
        return _pbkdf2(step.pbkdf2, data, evaluate(step.pbkdf2.salt, value, place))
    assert step.rsa is not None
    return undo_rsa(step.rsa, data)


def _unbase64(data: bytes) -> bytes:
    bare = b"".join(data.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error as error:
        raise Missing(str(error)) from None


def _swap(data: bytes) -> bytes:
    half = len(data) // 2
    return data[half:] + data[:half]


_DO: dict[str, Callable[[bytes], bytes]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "hex": lambda data: data.hex().encode(),
    "unhex": lambda data: bytes.fromhex(data.decode("ascii")),
    "base64": base64.b64encode,
    "unbase64": _unbase64,
    "swap": _swap,
    "reverse": lambda data: data[::-1],
    "lower": bytes.lower,
    "upper": bytes.upper,
    "low_byte": lambda data: bytes([int(data) & 0xFF]),
}


@lru_cache(64)
def _pbkdf2(rule: Pbkdf2, data: bytes, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac(rule.hash, data, salt, rule.rounds, rule.size)
