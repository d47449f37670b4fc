"""AEAD modes for block ciphers that the library has without them: GCM (NIST SP 800-38D) and CCM (RFC 3610); and none.

They decipher only, one record per call, like those of `cryptography`. Nonces of ciphers have 12 bytes.
"""

import hmac
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes

_TAG = 16


class LibraryGcm:
    """GCM of a cipher that the library has it for (SM4)."""

    def __init__(self, algorithm: BlockCipherAlgorithm) -> None:
        """Takes the cipher with its key."""
        self._algorithm = algorithm

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes:
        """Returns the text; raises InvalidTag or ValueError."""
        mode = modes.GCM(nonce, bytes(data[-_TAG:]))
        decryptor = Cipher(self._algorithm, mode).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-_TAG]) + decryptor.finalize()


class Gcm:
    """GCM of any block cipher: `encrypt` enciphers many blocks, each by itself."""

    def __init__(self, encrypt: Callable[[bytes], bytes]) -> None:
        """Takes the cipher with its key."""
        self._encrypt = encrypt
        self._hash_key = encrypt(bytes(16))

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes:
        """Returns the text; raises InvalidTag or ValueError."""
        if len(data) < _TAG:
            raise ValueError("shorter than its tag")
        covered, tag = bytes(data[:-_TAG]), data[-_TAG:]
        count = -(-len(covered) // 16)
        counters = np.empty((count + 1, 16), np.uint8)
        counters[:, :12] = np.frombuffer(nonce, np.uint8)
        counters[:, 12:] = np.arange(1, count + 2, dtype=">u4").view(np.uint8).reshape(-1, 4)
        stream = self._encrypt(counters.tobytes())
        lengths = (len(associated_data) * 8).to_bytes(8) + (len(covered) * 8).to_bytes(8)
        digest = self._hash(_padded(associated_data) + _padded(covered) + lengths)
        if not hmac.compare_digest(_sum(digest, stream[:16]), tag):
            raise InvalidTag
        return _sum(covered, stream[16 : 16 + len(covered)])

    def _hash(self, data: bytes) -> bytes:
        """Returns GHASH of whole blocks."""
        tables, state = _products(self._hash_key), 0
        for at in range(0, len(data), 16):
            state ^= int.from_bytes(data[at : at + 16])
            product = 0
            for table, byte in zip(tables, state.to_bytes(16), strict=True):
                product ^= table[byte]
            state = product
        return state.to_bytes(16)


@lru_cache(maxsize=64)
def _products(hash_key: bytes) -> list[list[int]]:
    """Returns for every place in a block the product of each byte there and the hash key."""
    power, tables = int.from_bytes(hash_key), []
    for _ in range(16):
        table = [0] * 256
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            table[bit] = power
            power = power >> 1 ^ (power & 1) * _REDUCED
        for number in range(1, 256):
            low = number & -number
            table[number] = table[number ^ low] ^ table[low]
        tables.append(table)
    return tables


_REDUCED = 0xE1 << 120


class Ccm:
    """CCM of a block cipher of the library that has CBC and CTR."""

    def __init__(self, algorithm: BlockCipherAlgorithm, tag_bytes: int) -> None:
        """Takes the cipher with its key."""
        self._algorithm = algorithm
        self._tag_bytes = tag_bytes

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes:
        """Returns the text; raises InvalidTag or ValueError."""
        size = len(data) - self._tag_bytes
        if size < 0:
            raise ValueError("shorter than its tag")
        counter = modes.CTR(b"\x02" + nonce + bytes(3))
        tag = bytes(data[size:])
        plain = Cipher(self._algorithm, counter).decryptor().update(tag.ljust(16, b"\0") + data[:size])
        text = plain[16:]
        first = bytes([64 | (self._tag_bytes - 2) // 2 << 3 | 2]) + nonce + size.to_bytes(3)
        covered = first + _padded(len(associated_data).to_bytes(2) + associated_data) + _padded(text)
        mac = Cipher(self._algorithm, modes.CBC(bytes(16))).encryptor().update(covered)[-16:]
        if not hmac.compare_digest(mac[: self._tag_bytes], plain[: self._tag_bytes]):
            raise InvalidTag
        return text


class Hmac:
    """No cipher, but HMAC of nonce, header and text (RFC 9150 section 5)."""

    def __init__(self, key: bytes, digest: str) -> None:
        """Takes the key, which is as long as a tag."""
        self._key, self._digest = key, digest

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes:
        """Returns the text; raises InvalidTag or ValueError."""
        size = len(data) - len(self._key)
        if size < 0:
            raise ValueError("shorter than its tag")
        text = bytes(data[:size])
        if not hmac.compare_digest(hmac.digest(self._key, nonce + associated_data + text, self._digest), data[size:]):
            raise InvalidTag
        return text


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _sum(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
