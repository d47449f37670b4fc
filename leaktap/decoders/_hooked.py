"""What logs of hooks are good for: ciphertexts whose plaintext is known, and keys that open further ones.

A cipher's log says what went in and out, not with which key: of the keys that were logged, the one is taken that turns
the one into the other. Where a key was used with many IVs, the IV is expected in front of the ciphertext.
"""

from collections.abc import Sequence

from leaktap.decoders._ciphers import undo, unpad
from leaktap.decoders._plain import makes_sense
from leaktap.keyring import BLOCK, Expression, Lock, Operation

_SHORTEST = 16
_LARGEST = 64 << 10
_MOST_TRIALS = 4000
_MOST_IVS = 4

_CIPHERS = {"AES": "aes", "DES": "des", "DESEDE": "3des", "SM4": "sm4", "RC4": "rc4", "ARCFOUR": "rc4"}
"""Java's names (https://docs.oracle.com/en/java/javase/21/docs/specs/security/standard-names.html)."""

type _Use = tuple[str, str | None, str, bytes]
"""Cipher, mode, padding and key."""


def hooked(operations: Sequence[Operation]) -> tuple[list[Lock], dict[bytes, bytes]]:
    """Returns locks, and plaintexts by their ciphertexts."""
    keys = list(dict.fromkeys(operation.key for operation in operations if operation.key))
    seen: dict[bytes, bytes] = {}
    uses: dict[_Use, set[bytes]] = {}
    trials = 0
    for operation in operations:
        pair = _pair(operation)
        if pair is None:
            continue
        cipher, plain = pair
        seen[cipher] = plain
        kind = _kind(operation.algorithm)
        if kind is None or len(cipher) > _LARGEST:
            continue
        for key in [operation.key] if operation.key else keys:
            trials += 1
            if trials > _MOST_TRIALS:
                break
            if _opens(kind, key, operation.iv, cipher, plain):
                uses.setdefault((*kind, key), set()).add(operation.iv)
                break
    return [_lock(number, use, ivs) for number, (use, ivs) in enumerate(uses.items())], seen


def _pair(operation: Operation) -> tuple[bytes, bytes] | None:
    """Returns ciphertext and plaintext: the side that says something is the plaintext."""
    taken, given = operation.taken, operation.given
    if min(len(taken), len(given)) == 0 or max(len(taken), len(given)) < _SHORTEST or taken == given:
        return None
    if makes_sense(given) and not makes_sense(taken):
        return taken, given
    if makes_sense(taken) and makes_sense(given):
        return None
    return given, taken


def _kind(algorithm: str) -> tuple[str, str | None, str] | None:
    """Returns cipher, mode and padding; Java's default is ECB with padding."""
    name, *rest = algorithm.upper().split("/")
    cipher = _CIPHERS.get(name)
    if cipher is None or cipher not in BLOCK:
        return None if cipher is None else (cipher, None, "none")
    mode, padding = (rest[0].lower(), rest[1]) if len(rest) == 2 else ("ecb", "PKCS5PADDING")
    mode = "cfb" if mode == "cfb128" else mode
    if mode not in ("ecb", "cbc", "ctr", "cfb", "cfb8", "ofb", "gcm") or (mode == "gcm" and cipher != "aes"):
        return None
    return cipher, mode, "none" if padding == "NOPADDING" else "pkcs7"


def _opens(kind: tuple[str, str | None, str], key: bytes, iv: bytes, data: bytes, plain: bytes) -> bool:
    cipher, mode, padding = kind
    try:
        return unpad(undo(cipher, mode, key, iv, data), padding, BLOCK.get(cipher, 1)) == plain
    except ValueError:
        return False


def _lock(number: int, use: _Use, ivs: set[bytes]) -> Lock:
    cipher, mode, padding, key = use
    said: dict[str, object] = {"name": f"hook{number}", "cipher": cipher, "mode": mode, "key": Expression(hex=key)}
    iv = next(iter(ivs))
    if iv and len(ivs) > _MOST_IVS:
        said |= {"iv": Expression(value=(0, len(iv))), "data": Expression(value=(len(iv),))}
    elif iv:
        said |= {"iv": Expression(hex=iv)}
    return Lock.model_validate(said | {"padding": padding})
