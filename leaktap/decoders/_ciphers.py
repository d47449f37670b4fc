"""Ciphers undone: bytes, key and IV in, plaintext out. What cannot be is a `ValueError`; nothing is guessed here.

AES (FIPS 197), DES and 3DES (NIST SP 800-67), SM4 (GB/T 32907), their modes (NIST SP 800-38A and 38D), RC4, ChaCha20
(RFC 8439), RSA (RFC 8017), and XOR with a repeated key.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB, CFB8, OFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR, ECB, GCM, Mode
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from leaktap.keyring import BLOCK, Rsa

_TAG = 16
_COUNTER = bytes(4)
_MODES: dict[str | None, Callable[[bytes], Mode]] = {"cbc": CBC, "ctr": CTR, "cfb": CFB, "cfb8": CFB8, "ofb": OFB}
_ROUNDS = 64
"""Blocks that RSA may have: a text of a few thousand bytes."""


def undo(cipher: str, mode: str | None, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Returns the plaintext with its padding.

    Raises:
        ValueError: key, IV or data have no length that the cipher knows, or the data is not authentic (GCM).
    """
    try:
        if cipher in BLOCK:
            return _blocks(cipher, mode, key, iv, data)
        if cipher == "xor":
            return _xor(key, data)
        if cipher == "rc4":
            return _run(ARC4(key), None, data)
        return _run(ChaCha20(key, iv if len(iv) == 16 else _COUNTER + iv), None, data)
    except (UnsupportedAlgorithm, InvalidTag) as error:
        raise ValueError(str(error) or type(error).__name__) from None


def unpad(data: bytes, padding: str, block: int) -> bytes:
    """Takes the padding off: `pkcs7` (RFC 5652, section 6.3), or any number of `zero` bytes.

    Raises:
        ValueError: there is none.
    """
    if padding == "zero":
        return data.rstrip(b"\0")
    if padding == "pkcs7":
        count = data[-1] if data else 0
        if not 0 < count <= block or not data.endswith(bytes([count]) * count):
            raise ValueError("no padding")
        return data[:-count]
    return data


def undo_rsa(rsa: Rsa, data: bytes) -> bytes:
    """Returns what was encrypted with the public key, block by block.

    Raises:
        ValueError: the private key is none, or does not fit.
    """
    key = _private(rsa.key)
    size = key.key_size // 8
    if not data or len(data) % size or len(data) // size > _ROUNDS:
        raise ValueError(f"{len(data)} bytes are no blocks of {size}")
    if rsa.padding == "pkcs1":
        scheme: rsa_padding.AsymmetricPadding = rsa_padding.PKCS1v15()
    else:
        digest = hashes.SHA1() if rsa.padding == "oaep-sha1" else hashes.SHA256()
        scheme = rsa_padding.OAEP(rsa_padding.MGF1(digest), digest, None)
    return b"".join(key.decrypt(data[at : at + size], scheme) for at in range(0, len(data), size))


@lru_cache(16)
def _private(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("is no RSA key")
    return key


def _blocks(cipher: str, mode: str | None, key: bytes, iv: bytes, data: bytes) -> bytes:
    if mode in ("ecb", "cbc") and len(data) % BLOCK[cipher]:
        raise ValueError(f"{len(data)} bytes are no blocks of {BLOCK[cipher]}")
    if cipher == "des" and len(key) != 8:
        raise ValueError(f"a key of {len(key)} bytes")
    # DES is 3DES with the same key three times; of two keys, the first is the third.
    triple = key * 3 if len(key) == 8 else key + key[:8] if len(key) == 16 else key
    algorithm: BlockCipherAlgorithm = (
        AES(key) if cipher == "aes" else SM4(key) if cipher == "sm4" else TripleDES(triple)
    )
    if mode == "gcm":
        if len(data) < _TAG:
            raise ValueError("no tag")
        return _run(algorithm, GCM(iv, data[-_TAG:]), data[:-_TAG])
    return _run(algorithm, _MODES[mode](iv) if mode in _MODES else ECB(), data)


def _run(algorithm: CipherAlgorithm, mode: Mode | None, data: bytes) -> bytes:
    cipher: Cipher[Any] = Cipher(algorithm, mode)
    decryptor = cipher.decryptor()
    out: bytes = decryptor.update(data) + decryptor.finalize()
    return out


def _xor(key: bytes, data: bytes) -> bytes:
    if not key:
        raise ValueError("no key")
    again = key * (len(data) // len(key) + 1)
    return (np.frombuffer(data, np.uint8) ^ np.frombuffer(again, np.uint8, len(data))).tobytes()
