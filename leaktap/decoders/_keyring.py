"""The keys at hand: shipped recipes, the user's locks, what hooks have seen; and which of them may fit a message.

A `Keyring` is built once per run, a `Ring` per message. What says where it belongs (by host, path, header, name or
first bytes) is tried first; a key that says nothing of that is tried on what is opaque. A message has a number of tries
and of bytes; what they do not reach stays as it is.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

from leaktap.decoders._api import Find, Opened
from leaktap.decoders._ciphers import undo, undo_rsa, unpad
from leaktap.decoders._expressions import Missing, evaluate
from leaktap.decoders._hooked import hooked
from leaktap.decoders._plain import is_text
from leaktap.keyring import BLOCK, Keys, Lock, load_keyring
from leaktap.model import Message

FOLDER = Path(__file__).parent / "recipes"
MOST_TRIES = 64
MOST_BYTES = 64 << 20
"""How often, and how many bytes, keys are tried on the values of one message."""

SHORTEST = 16
_MOST_PARAMETERS = 1000
_TELLING = 5
_MAGIC = 4
"""Bytes at the beginning that leave little doubt; none is left where the padding behind the plaintext is right too."""

_HOSTS = 4096
_ANY = frozenset(range(256))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A lock, ready to be held against values."""

    lock: Lock
    begins: bytes
    looks: Callable[[bytes], object] | None
    block: int

    @property
    def placed(self) -> bool:
        """Whether the message it belongs to is said."""
        where = self.lock.where
        return bool(where.host or where.path or where.content_type or where.header)

    @property
    def marked(self) -> bool:
        """Whether the value shows by its first bytes that it belongs to it."""
        return bool(self.begins or self.looks)

    def at_host(self, host: str) -> bool:
        """Tells whether it belongs to what a host is sent."""
        where = self.lock.where
        return not where.host or any(f".{host}".endswith(f".{one.lower()}") for one in where.host)

    def in_message(self, message: Message, path: str) -> bool:
        """Tells whether a message to its host is one that it belongs to."""
        where = self.lock.where
        if where.path and not any(_on_path(path, one) for one in where.path):
            return False
        if where.content_type:
            said = message.header(b"content-type").decode("latin-1").partition(";")[0].strip().lower()
            if not any(fnmatchcase(said, one.lower()) for one in where.content_type):
                return False
        return all(
            message.header(name.lower().encode()).decode("latin-1").strip() == value
            for name, value in where.header.items()
        )

    def on_value(self, value: bytes, name: str) -> bool:
        """Tells whether a value may be one that it belongs to, by its name and first bytes."""
        where = self.lock.where
        if where.field and name not in where.field:
            return False
        if not self.marked and not where.field and (is_text(value) or len(value) % self.block):
            return False
        return value.startswith(self.begins) and (self.looks is None or self.looks(value) is not None)

    @property
    def firsts(self) -> frozenset[int]:
        """The first bytes of values that it may belong to, as far as that is said."""
        return frozenset(self.begins[:1]) if self.begins else _ANY


def _on_path(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) if any(sign in pattern for sign in "*?[") else path.startswith(pattern)


def _entry(lock: Lock) -> _Entry:
    where = lock.where
    looks = re.compile(where.looks.encode(), re.DOTALL).match if where.looks else None
    block = BLOCK.get(lock.cipher, 1) if lock.mode in ("ecb", "cbc") and lock.data is None else 1
    return _Entry(lock, where.begins.bytes if where.begins else b"", looks, block)


@cache
def recipes() -> tuple[_Entry, ...]:
    """Returns what leaktap carries, by file name."""
    return tuple(_entry(lock) for lock in load_keyring(sorted(FOLDER.glob("*.yaml"))).locks)


def marked() -> tuple[_Entry, ...]:
    """Returns the recipes that a value shows by its first bytes, wherever it is sent."""
    return tuple(entry for entry in recipes() if entry.marked and not entry.placed)


class Keyring:
    """All keys of a run."""

    def __init__(self, keys: Keys = Keys()) -> None:  # noqa: B008 (frozen)
        """Takes the user's keys; the recipes are always there."""
        self._keys = keys
        locks, self._seen = hooked(keys.operations)
        own = [_entry(lock) for lock in (*keys.locks, *locks)]
        self._placed = [entry for entry in (*own, *recipes()) if entry.placed]
        self._anywhere = [entry for entry in own if not entry.placed] + list(marked())
        self._anywhere.sort(key=lambda entry: not (entry.marked or entry.lock.where.field))
        self._firsts = _ANY if self._seen else frozenset().union(*(entry.firsts for entry in self._anywhere))
        self.hints = tuple(
            dict.fromkeys(hint for entry in own for hint in (_in_query if entry.placed else hints)(entry.lock))
        )
        self._at_host = lru_cache(_HOSTS)(self._of_host)

    def __reduce__(self) -> tuple[type["Keyring"], tuple[Keys]]:
        """Lets another process make one like it."""
        return type(self), (self._keys,)

    def _of_host(self, host: str) -> list[_Entry]:
        return [entry for entry in self._placed if entry.at_host(host)]

    def ring(self, message: Message, host: str, target: str) -> "Ring":
        """Returns what may fit a message; `host` and `target` are its request's."""
        path = target.partition("?")[0]
        here = [entry for entry in self._at_host(host) if entry.in_message(message, path)]
        firsts = self._firsts.union(*(entry.firsts for entry in here)) if here else self._firsts
        return Ring([*here, *self._anywhere], firsts, message, target, self._seen, bool(here))


def hints(lock: Lock) -> Iterator[bytes]:
    """Yields what a text shows that holds a value for a lock: its name, or its first bytes, wrapped."""
    where = lock.where
    if where.beside:
        for name, value in where.beside.items():
            yield _named(name) + rb"(?:%s)" % re.escape(value.encode())
        return
    for name in where.field:
        yield _named(name)
    if where.begins and not where.field:
        begins = where.begins.bytes
        whole = len(begins) * 8 // 6
        if whole >= _TELLING:
            yield b64encode(begins)[:whole]
            yield b"(?i)" + begins.hex().encode()
        if is_text(begins):
            yield re.escape(begins)


def _in_query(lock: Lock) -> Iterator[bytes]:
    """Yields what a target shows; the bodies of messages that a lock says it is for are not searched beforehand."""
    for name in lock.where.field:
        yield rb"[&?]" + re.escape(name.encode()) + b"="


def _named(name: str) -> bytes:
    """Returns the expression for a name in JSON, also where that is escaped, or in a form, and what follows it."""
    return rb"[\"&?]" + re.escape(name.encode()) + rb"(?:\\{0,8}\"\s{0,8}:\s{0,8}\\{0,8}\"?|=)"


@dataclass(slots=True)
class Ring:
    """What may fit the values of one message. `placed` says that some of it was meant for this very message."""

    entries: Sequence[_Entry]
    firsts: frozenset[int]
    message: Message
    target: str = ""
    seen: dict[bytes, bytes] = field(default_factory=dict)
    placed: bool = False
    _tries: int = MOST_TRIES
    _bytes: int = MOST_BYTES
    _find: Find | None = None

    def fits(self, value: bytes, name: str) -> bool:
        """Tells whether anything may open `value`, which stands under `name`."""
        if len(value) < SHORTEST:
            return False
        return value in self.seen or any(entry.on_value(value, name) for entry in self.entries)

    def open(self, value: bytes, name: str, find: Find | None) -> Iterator[Opened]:
        """Yields what locks make of a value; `find` looks up what stands beside it."""
        if value in self.seen:
            yield Opened("hook", self.seen[value], True, True)
            return
        self._find = find
        for entry in self.entries:
            if not entry.on_value(value, name) or not self._beside(entry.lock):
                continue
            if self._tries <= 0 or self._bytes < len(value):
                return
            self._tries -= 1
            self._bytes -= len(value)
            try:
                yield self._opened(entry, value)
            except (Missing, ValueError):
                continue

    def beside(self, name: str) -> bytes | None:
        """Returns another value of the message, by name or path."""
        return self._find(name) if self._find else None

    def header(self, name: str) -> bytes | None:
        """Returns a header field of the message."""
        return self.message.header(name.lower().encode()) or None

    def query(self, name: str) -> bytes | None:
        """Returns a parameter of the request's target."""
        query = self.target.partition("?")[2]
        try:
            found = parse_qsl(query, max_num_fields=_MOST_PARAMETERS, errors="surrogateescape")
        except ValueError:
            return None
        return next((text.encode("utf-8", "surrogateescape") for key, text in found if key == name), None)

    def _beside(self, lock: Lock) -> bool:
        return all(self.beside(name) == value.encode() for name, value in lock.where.beside.items())

    def _opened(self, entry: _Entry, value: bytes) -> Opened:
        """Opens one lock.

        Raises:
            Missing: the message does not have what the key is made of.
            ValueError: the key does not fit.
        """
        lock, padding = entry.lock, ""
        data = evaluate(lock.data, value, self) if lock.data else value
        if lock.rsa is not None:
            plain = undo_rsa(lock.rsa, data)
        else:
            key = evaluate(lock.key, value, self) if lock.key else b""
            iv = evaluate(lock.iv, value, self) if lock.iv else b""
            plain = undo(lock.cipher, lock.mode, key, iv, data)
            padding = lock.padding or ("pkcs7" if lock.mode in ("ecb", "cbc") else "none")
            plain = unpad(plain, padding, BLOCK.get(lock.cipher, 1))
        proof, plain = plain[: lock.drop], plain[lock.drop :]
        if lock.digest and proof != hashlib.new(lock.digest, plain).digest():
            raise ValueError("the digest does not fit")
        sure = bool(lock.digest or lock.mode == "gcm")
        fits = padding == "pkcs7" and (entry.placed or len(entry.begins) >= _MAGIC)
        believed = sure or lock.yields == "bytes" or fits
        return Opened(lock.name, plain, sure or bool(entry.begins), believed)
