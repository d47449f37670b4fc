"""The server's RSA key: what the client enciphered with it in old handshakes (RFC 5246 section 7.4.7.1)."""

from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PREMASTER_BYTES = 48


def is_pem(data: bytes) -> bool:
    """Tells PEM by its first line."""
    return data.lstrip().startswith(b"-----BEGIN ") or b"\n-----BEGIN " in data


def load(data: bytes) -> RSAPrivateKey:
    """Returns the RSA key in a PEM file.

    Raises:
        ValueError: there is none that can be used; says why.
    """
    if b"PRIVATE KEY-----" not in data:
        raise ValueError("is PEM without a private key: give the server's private key")
    try:
        key = load_pem_private_key(data[data.index(_begin(data)) :], None)
    except TypeError:
        raise ValueError("is an encrypted private key: decrypt it with `openssl pkey`") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is a private key that cannot be read: write it anew with `openssl pkey`") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("is a private key, but not of RSA: no other opens a capture; give a key log")
    return key


def _begin(data: bytes) -> bytes:
    """Returns the line that the private key begins with."""
    lines = (line for line in data.splitlines() if line.startswith(b"-----BEGIN "))
    return next((line for line in lines if line.rstrip().endswith(b"PRIVATE KEY-----")), b"PRIVATE KEY-----")


def premaster(key: RSAPrivateKey, encrypted: bytes, versions: Sequence[bytes]) -> bytes:
    """Returns the premaster secret; nothing where it was not meant for this key.

    It begins with the version that the client offered, or (some get that wrong) with the one that was taken:
    `versions`. That tells, for libraries answer a key that does not fit with random bytes.
    """
    if len(encrypted) != (key.key_size + 7) // 8:
        return b""
    try:
        secret = key.decrypt(encrypted, PKCS1v15())
    except ValueError:
        return b""
    return secret if len(secret) == PREMASTER_BYTES and secret[:2] in versions else b""
