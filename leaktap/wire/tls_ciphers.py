"""From a cipher suite and a secret to what opens its records: the keys, and the library's cipher for them.

The keys come from the PRF (RFC 5246 section 5; RFC 2246 section 5) or HKDF-Expand-Label (RFC 8446 section 7.1).
A cipher that the library has no longer, or not in the mode that is wanted, is composed of what it has; where that does
not do, the suite is not supported.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from leaktap.wire.tls_aria import Aria
from leaktap.wire.tls_modes import Ccm, Gcm, Hmac, LibraryGcm
from leaktap.wire.tls_openers import Aead, Aead12, Aead13, Cbc, MacKeys, Opener, Stream, Unopened
from leaktap.wire.tls_suites import Suite

__all__ = [
    "TLS10",
    "TLS11",
    "TLS12",
    "TLS13",
    "Unopened",
    "aead_of",
    "expand_label",
    "next_secret",
    "opener13",
    "openers12",
    "prf",
    "supported",
]

TLS10, TLS11, TLS12, TLS13 = 0x0301, 0x0302, 0x0303, 0x0304

_CLASSES = {
    "AES": "AES",
    "3DES_EDE": "TripleDES",
    "DES": "TripleDES",
    "CAMELLIA": "Camellia",
    "SEED": "SEED",
    "IDEA": "IDEA",
    "SM4": "SM4",
    "RC4": "ARC4",
}
"""What the library calls the ciphers; it moves them to another module before it gives them up."""

_TAG_BYTES = {"GCM": 16, "CCM": 16, "CCM_8": 8, "POLY1305": 16}


def _algorithm(suite: Suite, key: bytes) -> Any:
    """Returns the library's cipher with its key; raises UnsupportedAlgorithm."""
    name = _CLASSES[suite.cipher]
    found = getattr(decrepit, name, None) or getattr(algorithms, name, None)
    if found is None:
        raise UnsupportedAlgorithm(f"there is no {name}")
    return found(key * 3 if suite.cipher == "DES" else key)


def _aead(suite: Suite, key: bytes) -> Aead:
    """Returns a cipher that authenticates; raises UnsupportedAlgorithm."""
    if suite.cipher == "CHACHA20":
        return ChaCha20Poly1305(key)
    if suite.mode == "HMAC":
        return Hmac(key, suite.hash)
    if suite.mode == "GCM":
        if suite.cipher == "AES":
            return AESGCM(key)
        if suite.cipher == "ARIA":
            return Gcm(Aria(key).encrypt)
        algorithm = _algorithm(suite, key)
        try:
            Cipher(algorithm, modes.GCM(bytes(12))).encryptor()
        except UnsupportedAlgorithm:
            return Gcm(Cipher(algorithm, modes.ECB()).encryptor().update)
        return LibraryGcm(algorithm)
    if suite.cipher == "AES":
        return AESCCM(key, _TAG_BYTES[suite.mode])
    algorithm = _algorithm(suite, key)
    Cipher(algorithm, modes.CTR(bytes(16))).decryptor()
    return Ccm(algorithm, _TAG_BYTES[suite.mode])


def aead_of(suite: Suite, key: bytes) -> tuple[Aead, int]:
    """Returns the cipher of a suite with the length of its tag; the suite must be supported."""
    return _aead(suite, key), _TAG_BYTES[suite.mode]


def _chained(suite: Suite, key: bytes) -> Callable[[bytes], bytes]:
    """Returns what deciphers blocks chained to each other; raises UnsupportedAlgorithm."""
    if suite.cipher == "ARIA":
        return Aria(key).chained()
    return Cipher(_algorithm(suite, key), modes.CBC(bytes(suite.block_bytes))).decryptor().update


def _streamed(suite: Suite, key: bytes) -> Callable[[bytes], bytes] | None:
    """Returns what deciphers a stream, None where it is not enciphered; raises UnsupportedAlgorithm."""
    if suite.cipher == "NULL":
        return None
    return Cipher(_algorithm(suite, key), None).decryptor().update


@cache
def _offered(suite: Suite) -> bool:
    """Tells whether the library has what a suite needs."""
    if not suite.cipher:
        return False
    make = {"CBC": _chained, "STREAM": _streamed}.get(suite.mode, _aead)
    try:
        make(suite, bytes(range(suite.key_bytes)))
        for digest in (suite.hash, suite.mac):
            if digest:
                hashlib.new(digest, usedforsecurity=False)
    except (UnsupportedAlgorithm, ValueError):
        return False
    return True


def supported(suite: Suite, version: int) -> bool:
    """Tells whether records of this suite can be opened."""
    if suite.modern:
        return version == TLS13 and _offered(suite)
    if version not in (TLS10, TLS11, TLS12) or (version != TLS12 and suite.mode not in ("CBC", "STREAM")):
        return False
    return _offered(suite)


def opener13(suite: Suite, secret: bytes) -> Opener:
    """Returns the opener of a TLS 1.3 traffic secret."""
    aead = _aead(suite, expand_label(suite.hash, secret, b"key", suite.key_bytes))
    tag_bytes = _TAG_BYTES.get(suite.mode, suite.key_bytes)
    iv_bytes = suite.key_bytes if suite.mode == "HMAC" else 12
    return Aead13(aead, expand_label(suite.hash, secret, b"iv", iv_bytes), tag_bytes)


def next_secret(suite: Suite, secret: bytes) -> bytes:
    """Returns the traffic secret after a KeyUpdate (RFC 8446 section 7.2)."""
    return expand_label(suite.hash, secret, b"traffic upd", len(secret))


def openers12(suite: Suite, version: int, master: bytes, randoms: bytes, outside: bool) -> tuple[Opener, Opener]:
    """Returns the openers of client and server (RFC 5246 section 6.3).

    `randoms` are the server's and the client's, `outside` is encrypt-then-MAC. A suite that does not encipher needs no
    `master`: without one, nothing is verified.
    """
    explicit = 0 if suite.mode in ("POLY1305", "STREAM", "CBC") else 8
    iv_bytes = suite.block_bytes or (0 if suite.mode == "STREAM" else 12 - explicit)
    sizes = (suite.mac_bytes, suite.key_bytes, iv_bytes)
    block = prf(suite, version, master, b"key expansion", randoms, 2 * sum(sizes)) if master else b""
    cut = _Cutter(block)
    parts = [[cut.take(size) for _ in range(2)] for size in sizes]

    def opener(mac_key: bytes, key: bytes, iv: bytes) -> Opener:
        keys = MacKeys(mac_key, suite.mac, suite.mac_bytes, suite.block_bytes)
        if suite.mode == "STREAM":
            return Stream(_streamed(suite, key), keys)
        if suite.mode == "CBC":
            return Cbc(_chained(suite, key), keys, iv if version == TLS10 else b"", outside)
        return Aead12(_aead(suite, key), iv, _TAG_BYTES[suite.mode], explicit)

    client, server = (opener(*keys) for keys in zip(*parts, strict=True))
    return client, server


class _Cutter:
    """Cuts a key block into its keys."""

    def __init__(self, block: bytes) -> None:
        self._block, self._at = block, 0

    def take(self, count: int) -> bytes:
        """Returns the next `count` bytes."""
        self._at += count
        return self._block[self._at - count : self._at]


def expand_label(digest: str, secret: bytes, label: bytes, size: int) -> bytes:
    """Returns HKDF-Expand-Label with an empty context, of at most one hash length (RFC 8446 section 7.1)."""
    name = b"tls13 " + label
    info = size.to_bytes(2) + bytes([len(name)]) + name + b"\x00"
    return hmac.digest(secret, info + b"\x01", digest)[:size]


def prf(suite: Suite, version: int, secret: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    """Returns `size` bytes of the pseudorandom function of TLS 1.0 to 1.2."""
    if version >= TLS12:
        return _p_hash(suite.hash, secret, label + seed, size)
    half = (len(secret) + 1) // 2
    md5 = _p_hash("md5", secret[:half], label + seed, size)
    sha1 = _p_hash("sha1", secret[-half:], label + seed, size)
    return bytes(a ^ b for a, b in zip(md5, sha1, strict=True))


def _p_hash(digest: str, secret: bytes, seed: bytes, size: int) -> bytes:
    out, step = b"", seed
    while len(out) < size:
        step = hmac.digest(secret, step, digest)
        out += hmac.digest(secret, step + seed, digest)
    return out[:size]
