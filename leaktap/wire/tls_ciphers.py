"""TLS record protection: one object per direction and key, which opens one record per call.

AEAD for TLS 1.2 (RFC 5288 GCM, RFC 6655 CCM, RFC 7905 ChaCha20-Poly1305) and 1.3 (RFC 8446 section 5.2), CBC for TLS
1.0 to 1.2 (RFC 2246, 4346, 5246 section 6.2.3.2) with the MAC inside or, by RFC 7366, outside. The keys come from the
PRF (RFC 5246 section 5; RFC 2246 section 5) or HKDF-Expand-Label (RFC 8446 section 7.1).
"""

import hmac
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from leaktap.wire.tls_suites import Suite

TLS10, TLS11, TLS12, TLS13 = 0x0301, 0x0302, 0x0303, 0x0304

Unopened = (InvalidTag, ValueError)
"""What `Opener.open` raises for a record that the key does not fit (or that is too short to be one)."""


class Opener(Protocol):
    """Opens the records of one direction, in order. `seq` is the number of the next one."""

    seq: int

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns what the record holds and counts it; raises one of `Unopened` and counts nothing."""

    def overhead(self) -> int:
        """Returns by how many bytes a record with its header is longer than what it holds, about."""


class _Aead(Protocol):
    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes: ...


class Aead13:
    """TLS 1.3: the nonce is the IV and the number, the header is authenticated, the type stands behind the text."""

    def __init__(self, aead: _Aead, iv: bytes, tag_bytes: int) -> None:
        """Begins at record 0."""
        self.seq = 0
        self._decrypt = aead.decrypt
        self._iv = int.from_bytes(iv)
        self._overhead = 5 + 1 + tag_bytes

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text with its padding and type."""
        text = self._decrypt((self._iv ^ self.seq).to_bytes(12), fragment, header)
        self.seq += 1
        return text

    def overhead(self) -> int:
        """Header, type and tag."""
        return self._overhead


class Aead12:
    """TLS 1.2: number, type, version and length are authenticated; `explicit` bytes of the nonce are in the record."""

    def __init__(self, aead: _Aead, iv: bytes, tag_bytes: int, explicit: int) -> None:
        """Begins at record 0."""
        self.seq = 0
        self._decrypt = aead.decrypt
        self._iv = iv
        self._number = int.from_bytes(iv)
        self._explicit = explicit
        self._shorter = explicit + tag_bytes

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text."""
        size = len(fragment) - self._shorter
        if size < 0:
            raise ValueError("shorter than its nonce and tag")
        seq = self.seq
        about = b"%b%b%b" % (seq.to_bytes(8), header[:3], size.to_bytes(2))
        if self._explicit:
            text = self._decrypt(self._iv + bytes(fragment[: self._explicit]), fragment[self._explicit :], about)
        else:
            text = self._decrypt((self._number ^ seq).to_bytes(12), fragment, about)
        self.seq = seq + 1
        return text

    def overhead(self) -> int:
        """Header, nonce and tag."""
        return 5 + self._shorter


class Cbc:
    """TLS 1.0 to 1.2 with a block cipher and HMAC.

    TLS 1.0 takes the last block before a record as its IV, later versions carry it. One decryptor serves all records,
    for the IV goes through it like ciphertext: it comes out as nonsense, and what follows it right. The MAC is verified
    until a record has passed and for each that is numbered by guess (`seq` was set); else the padding alone tells.
    """

    def __init__(self, algorithm: type[AES] | type[TripleDES], keys: "_CbcKeys", version: int, outside: bool) -> None:
        """`outside` is encrypt-then-MAC."""
        self._seq = 0
        self._verify = True
        self._block = algorithm.block_size // 8
        self._decrypt = Cipher(algorithm(keys.key), modes.CBC(bytes(self._block))).decryptor().update
        self._mac, self._digest, self._mac_bytes = keys.mac_key, keys.digest, keys.mac_bytes
        self._iv = keys.iv if version == TLS10 else b""
        self._outside = outside

    @property
    def seq(self) -> int:
        """The number of the next record."""
        return self._seq

    @seq.setter
    def seq(self, number: int) -> None:
        self._seq = number
        self._verify = True

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text."""
        data = bytes(fragment)
        tag = b""
        if self._outside:
            data, tag = data[: -self._mac_bytes], data[-self._mac_bytes :]
        blocks = self._iv + data
        if len(blocks) <= self._block or len(blocks) % self._block:
            raise ValueError("no whole blocks")
        padded = self._decrypt(blocks)[self._block :]
        end = len(padded) - padded[-1] - 1
        if end < 0 or padded.count(padded[-1], end) != padded[-1] + 1:
            raise ValueError("no padding")
        if not self._outside:
            tag, end = padded[end - self._mac_bytes : end], end - self._mac_bytes
            if end < 0:
                raise ValueError("shorter than its MAC")
        text = padded[:end]
        if self._verify:
            covered = data if self._outside else text
            about = b"%b%b%b" % (self._seq.to_bytes(8), header[:3], len(covered).to_bytes(2))
            if not hmac.compare_digest(hmac.digest(self._mac, about + covered, self._digest), tag):
                raise ValueError("the MAC does not fit")
        if self._iv:
            self._iv = blocks[-self._block :]
        self._seq += 1
        self._verify = False
        return text

    def overhead(self) -> int:
        """Header, IV, MAC and about half a block of padding."""
        return 5 + self._mac_bytes + (0 if self._iv else self._block) + self._block // 2


@dataclass(frozen=True, slots=True)
class _CbcKeys:
    """One direction's keys."""

    key: bytes
    iv: bytes
    mac_key: bytes
    digest: str
    mac_bytes: int


def _aead(suite: Suite, key: bytes) -> tuple[_Aead, int]:
    """Returns the cipher with the length of its tag."""
    if suite.mode == "GCM":
        return AESGCM(key), 16
    if suite.mode == "CCM":
        return AESCCM(key, 16), 16
    if suite.mode == "CCM_8":
        return AESCCM(key, 8), 8
    return ChaCha20Poly1305(key), 16


def supported(suite: Suite, version: int) -> bool:
    """Tells whether records of this suite can be opened."""
    if version == TLS13:
        return bool(suite.cipher) and suite.mode != "CBC" and suite.number >> 8 == 0x13
    if version not in (TLS10, TLS11, TLS12) or suite.number >> 8 == 0x13:
        return False
    return bool(suite.cipher) and (suite.mode == "CBC" or version == TLS12)


def opener13(suite: Suite, secret: bytes) -> Opener:
    """Returns the opener of a TLS 1.3 traffic secret."""
    aead, tag_bytes = _aead(suite, expand_label(suite.hash, secret, b"key", suite.key_bytes))
    return Aead13(aead, expand_label(suite.hash, secret, b"iv", 12), tag_bytes)


def next_secret(suite: Suite, secret: bytes) -> bytes:
    """Returns the traffic secret after a KeyUpdate (RFC 8446 section 7.2)."""
    return expand_label(suite.hash, secret, b"traffic upd", len(secret))


def openers12(suite: Suite, version: int, master: bytes, randoms: bytes, outside: bool) -> tuple[Opener, Opener]:
    """Returns the openers of client and server (RFC 5246 section 6.3). `randoms` are the server's and the client's."""
    if suite.mode != "CBC":
        explicit = 0 if suite.mode == "POLY1305" else 8
        salt_bytes = 12 - explicit
        keys = _Cutter(prf(suite, version, master, b"key expansion", randoms, 2 * (suite.key_bytes + salt_bytes)))
        ciphers = [_aead(suite, keys.take(suite.key_bytes)) for _ in range(2)]
        salts = [keys.take(salt_bytes) for _ in range(2)]
        client, server = (
            Aead12(aead, salt, tag_bytes, explicit) for (aead, tag_bytes), salt in zip(ciphers, salts, strict=True)
        )
        return client, server
    algorithm = AES if suite.cipher == "AES" else TripleDES
    block = algorithm.block_size // 8
    size = 2 * (suite.mac_bytes + suite.key_bytes + block)
    keys = _Cutter(prf(suite, version, master, b"key expansion", randoms, size))
    parts = [[keys.take(count) for _ in range(2)] for count in (suite.mac_bytes, suite.key_bytes, block)]
    left, right = (
        Cbc(algorithm, _CbcKeys(key, iv, mac_key, suite.mac, suite.mac_bytes), version, outside)
        for mac_key, key, iv in zip(*parts, strict=True)
    )
    return left, right


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
