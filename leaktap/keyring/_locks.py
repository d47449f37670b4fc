"""The keyring that users write, and the recipes that leaktap carries: YAML into typed locks.

A lock says how something was encrypted: cipher, mode and padding, where key and IV come from, and what it applies to.
Where a key is not written out, it is derived: an `Expression` names a source and the steps from there, as data.
A file may also be what hooks on the phone have logged (`_hooklog`), told by its content.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from leaktap.config import ConfigError, Texts, load_yaml, validate
from leaktap.keyring._hooklog import Operation, read_log


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_of(model: BaseModel, names: Iterable[str]) -> None:
    """Refuses a mapping that has none or several of the keys of which each stands for the whole."""
    given = [name for name in names if name in model.model_fields_set]
    if len(given) != 1:
        names = ", ".join(names)
        raise ValueError(f"says {' and '.join(given) or 'nothing'}: give one of {names}")


def _hexadecimal(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"{value[:60]!r} is no hexadecimal") from None


def _base64(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{value[:60]!r} is no base64: {error}") from None


def _text(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


def _steps(value: object) -> object:
    """Lets a word stand for a step, and a step for a list of one."""
    if isinstance(value, tuple):
        return value
    return [{"do": step} if isinstance(step, str) else step for step in (value if isinstance(value, list) else [value])]


type Span = Annotated[tuple[int, ...], Field(min_length=1, max_length=2)]
"""Where something begins, and where it ends (left out: the end of the bytes); negative counts from the end."""

type Size = Annotated[int, Field(ge=0, le=1 << 16)]


class Constant(_Strict):
    """Bytes that are written out; text alone may stand for `{text: …}`."""

    text: str | None = None
    hex: Annotated[bytes | None, BeforeValidator(_hexadecimal)] = None
    base64: Annotated[bytes | None, BeforeValidator(_base64)] = None

    @model_validator(mode="after")
    def _single(self) -> Self:
        _one_of(self, ("text", "hex", "base64"))
        return self

    @property
    def bytes(self) -> bytes:
        """What is written."""
        return self.text.encode() if self.text is not None else self.hex or self.base64 or b""


class Expression(_Strict):
    """Bytes that are written out or taken from the message, and what is done with them, step by step.

    `value` is a stretch of what is to be decrypted itself; `field` another value of the message by its name or path,
    the nearest first; `header` and `query` are the message's. A text alone stands for `{text: …}`.
    """

    text: str | None = None
    hex: Annotated[bytes | None, BeforeValidator(_hexadecimal)] = None
    base64: Annotated[bytes | None, BeforeValidator(_base64)] = None
    value: Span | None = None
    field: str | None = None
    header: str | None = None
    query: str | None = None
    zeros: Size | None = None
    then: "Annotated[tuple[Step, ...], BeforeValidator(_steps)]" = ()

    @model_validator(mode="after")
    def _single(self) -> Self:
        _one_of(self, ("text", "hex", "base64", "value", "field", "header", "query", "zeros"))
        return self


Bytes = Annotated[Expression, BeforeValidator(_text)]


class Pbkdf2(_Strict):
    """PBKDF2 with HMAC (RFC 8018, section 5.2) over what comes in."""

    salt: Bytes
    rounds: int = Field(ge=1, le=1_000_000)
    size: Size = 16
    hash: Literal["sha1", "sha256", "sha512"] = "sha1"


type RsaPadding = Literal["pkcs1", "oaep-sha1", "oaep-sha256"]


class Rsa(_Strict):
    """What comes in is decrypted with a private key, in PEM: that of the keyring's server, never a user's."""

    key: str
    padding: RsaPadding = "pkcs1"


class Step(_Strict):
    """One thing that is done to bytes; a word alone stands for `{do: …}`.

    `swap` exchanges the halves, `low_byte` takes a decimal number's lowest eight bits. `slice` is a stretch, `after`
    what follows a text, `split` a separator and which piece (from 0), `size` cuts or fills with zeros.
    """

    do: (
        Literal["md5", "sha1", "sha256", "sha512", "hex", "unhex", "base64", "unbase64"]
        | Literal["swap", "reverse", "lower", "upper", "low_byte"]
        | None
    ) = None
    slice: Span | None = None
    append: Bytes | None = None
    prepend: Bytes | None = None
    after: str | None = None
    split: tuple[str, int] | None = None
    size: Size | None = None
    pbkdf2: Pbkdf2 | None = None
    rsa: Rsa | None = None

    @model_validator(mode="after")
    def _single(self) -> Self:
        _one_of(self, type(self).model_fields)
        return self


class Where(_Strict):
    """What a lock applies to; what is not said does not matter, of what is listed one is enough.

    `host` is a domain with everything below it; `path` how the request's path begins, or a shell pattern; `field` a
    value's name; `begins` the value's first bytes and `looks` a regular expression over its beginning. All of `header`
    and `beside` must be as they are given: header fields of the message, and values beside this one.
    """

    host: Texts = ()
    path: Texts = ()
    field: Texts = ()
    begins: Annotated[Constant | None, BeforeValidator(_text)] = None
    looks: str = ""
    content_type: Texts = ()
    header: dict[str, str] = {}
    beside: dict[str, str] = {}

    @field_validator("looks")
    @classmethod
    def _expression(cls, value: str) -> str:
        try:
            re.compile(value.encode())
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value


type Cipher = Literal["aes", "des", "3des", "sm4", "rc4", "xor", "chacha20", "rsa"]
type Mode = Literal["ecb", "cbc", "ctr", "cfb", "cfb8", "ofb", "gcm"]

BLOCK = {"aes": 16, "sm4": 16, "des": 8, "3des": 8}
"""The block ciphers and their blocks, in bytes."""


class Lock(_Strict):
    """How a value was encrypted.

    `data` is the ciphertext, where that is not the whole value. `drop` is how much of the plaintext stands before its
    content; with `digest`, it is that digest of the rest, which proves the key. `yields` says what to expect: text,
    JSON or compressed data are recognised; `bytes` takes whatever comes out.
    """

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
    sdk: str = ""
    source: str = ""
    cipher: Cipher
    mode: Mode | None = None
    key: Bytes | None = None
    iv: Bytes | None = None
    rsa: Rsa | None = None
    padding: Literal["pkcs7", "zero", "none"] | None = None
    data: Bytes | None = None
    drop: Size = 0
    digest: Literal["md5", "sha1", "sha256", "sha512"] | None = None
    yields: Literal["auto", "bytes"] = "auto"
    where: Where = Where()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.cipher in BLOCK and self.mode is None:
            raise ValueError(f"{self.cipher} needs a mode: ecb, cbc, ctr, cfb, cfb8, ofb or gcm")
        if self.cipher not in BLOCK and self.mode is not None:
            raise ValueError(f"{self.cipher} has no modes: leave out mode")
        if self.mode == "gcm" and self.cipher != "aes":
            raise ValueError("gcm is for aes alone")
        if self.cipher == "rsa" and (self.rsa is None or self.key is not None):
            raise ValueError("rsa takes its private key as rsa: {key: …, padding: …}")
        if self.cipher != "rsa" and (self.key is None or self.rsa is not None):
            raise ValueError(f"{self.cipher} needs a key")
        if self.iv is None and (self.mode not in (None, "ecb") or self.cipher == "chacha20"):
            raise ValueError("needs an iv: a constant, {zeros: 16}, or {value: [0, 16]} where it stands in front")
        return self


class _File(_Strict):
    """A file of the keyring."""

    locks: tuple[Lock, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """All that was given: locks, in the order of the files, and what hooks have seen."""

    locks: tuple[Lock, ...] = ()
    operations: tuple[Operation, ...] = ()


NO_KEYS = Keys()
"""Nothing but what leaktap knows by itself."""


def load_keyring(files: Iterable[Path]) -> Keys:
    """Reads keyrings and logs of hooks.

    Raises:
        ConfigError: a file cannot be read, or says something that a keyring cannot say.
    """
    locks: list[Lock] = []
    operations: list[Operation] = []
    names: dict[str, Path] = {}
    for file in files:
        logged = read_log(file)
        if logged is not None:
            operations += logged
            continue
        data, lines = load_yaml(file)
        if not isinstance(data, dict):
            raise ConfigError(file, 1, "", "is empty or no mapping of keys to values: a keyring is {locks: [...]}")
        for number, lock in enumerate(validate(file, data, lines, _File).locks):
            other = names.setdefault(lock.name, file)
            if other != file or sum(one.name == lock.name for one in locks):
                line = lines.get(("locks", number, "name"))
                raise ConfigError(file, line, f"locks.{number}.name", f"{lock.name!r} stands in {other} already")
            locks.append(lock)
    return Keys(tuple(locks), tuple(operations))
