"""Writers of what apps encrypt with keys that the user has: each cipher and mode, and the keyring that undoes it.

The ciphers are those of `cryptography`, in its other direction; RSA is RFC 8017, section 7.2.1, by plain numbers.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB, CFB8, OFB
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR, ECB, GCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks._members import ANYWHERE, Home, Wrapped, filler, shuffled
from leaktap.keyring import Keys, Lock

_HOST = "keys.drawn.example"
_KEY, _IV = b"drawn-key-of-an-app-0123456789ab", b"drawn-iv-of-apps"
_MAGIC = b"\x9cENC\x01"
_P = int(
    "e9034da6afd05d3823232f35e4acb2e86929c83f3773024798c4b9589489276b"
    "f6088bd0affcc0006cf2fda23a656c25913e24398c9238a6f4f5b38e95c822c5",
    16,
)
_Q = int(
    "daf54f42d4d2eaf39aee9d2e4a768255a4138563a3620522faf35d4736d2222a"
    "4cde41dbdb8958dd377785701adcc84f83cb5f9ca2ef72c9aca63cb1d1e6b78b",
    16,
)
"""The factors of an invented RSA key."""

_E = 65537
_XOR = bytes.fromhex("9b1ec7a25df0387641e3")
_HEADER = "X-Drawn-Crypt"
_LONGEST_DIGEST = 64


def crypt(algorithm: Any, mode: Any, data: bytes) -> bytes:
    """Encrypts what needs no padding, or has it."""
    encryptor = Cipher(algorithm, mode).encryptor()
    out: bytes = encryptor.update(data) + encryptor.finalize()
    return out + (encryptor.tag if isinstance(mode, GCM) else b"")


def padded(data: bytes, block: int = 16) -> bytes:
    """Adds padding (RFC 5652, section 6.3)."""
    count = block - len(data) % block
    return data + bytes([count]) * count


def xored(key: bytes, data: bytes) -> bytes:
    """Combines bytes with a key that is repeated."""
    return bytes(byte ^ key[at % len(key)] for at, byte in enumerate(data))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def tells(data: bytes) -> bool:
    """Tells whether bytes show what they are: text, or a message that is longer than digests and numbers."""
    try:
        return data.decode().isprintable() or len(data) > _LONGEST_DIGEST
    except UnicodeDecodeError:
        return len(data) > _LONGEST_DIGEST


def _rsa(random: Random, data: bytes) -> bytes:
    """Encrypts block by block."""
    out, size = b"", 128
    for at in range(0, len(data), size - 11):
        piece = data[at : at + size - 11]
        filling = bytes(random.randrange(1, 256) for _ in range(size - 3 - len(piece)))
        out += pow(int.from_bytes(b"\0\2" + filling + b"\0" + piece), _E, _P * _Q).to_bytes(size)
    return out


def _pem() -> str:
    d = pow(_E, -1, (_P - 1) * (_Q - 1))
    numbers = rsa.RSAPrivateNumbers(
        _P, _Q, d, d % (_P - 1), d % (_Q - 1), pow(_Q, -1, _P), rsa.RSAPublicNumbers(_E, _P * _Q)
    )
    return numbers.private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


type _Encrypt = Callable[[Random, bytes], bytes]

_AES = {"cipher": "aes", "key": {"hex": _KEY.hex()}}
_SHORT = {"key": {"hex": _KEY[:16].hex()}, "iv": {"hex": _IV.hex()}}
_TRIPLE = {"cipher": "3des", "key": {"hex": _KEY[:24].hex()}}
_IN_FRONT = {"iv": {"value": [0, 16]}, "data": {"value": [16]}}
_SCHEMES: dict[str, tuple[dict[str, Any], _Encrypt]] = {
    "aes-ecb": ({**_AES, "mode": "ecb"}, lambda _, data: crypt(AES(_KEY), ECB(), padded(data))),
    "aes-cbc": (
        {**_SHORT, "cipher": "aes", "mode": "cbc"},
        lambda _, data: crypt(AES(_KEY[:16]), CBC(_IV), padded(data)),
    ),
    "aes-cbc-in-front": (
        {**_AES, **_IN_FRONT, "mode": "cbc"},
        lambda random, data: (iv := random.randbytes(16)) + crypt(AES(_KEY), CBC(iv), padded(data)),
    ),
    "aes-cbc-unhashed": (
        {**_IN_FRONT, "cipher": "aes", "mode": "cbc", "key": {"value": [0, 16], "then": ["md5"]}},
        lambda random, data: (iv := random.randbytes(16)) + crypt(AES(_md5(iv)), CBC(iv), padded(data)),
    ),
    "aes-ctr": (
        {**_SHORT, "cipher": "aes", "mode": "ctr"},
        lambda _, data: crypt(AES(_KEY[:16]), CTR(_IV), data),
    ),
    "aes-cfb": (
        {**_AES, "mode": "cfb", "iv": {"zeros": 16}},
        lambda _, data: crypt(AES(_KEY), CFB(bytes(16)), data),
    ),
    "aes-cfb8": (
        {**_AES, **_IN_FRONT, "mode": "cfb8"},
        lambda random, data: (iv := random.randbytes(16)) + crypt(AES(_KEY), CFB8(iv), data),
    ),
    "aes-ofb": ({**_SHORT, "cipher": "aes", "mode": "ofb"}, lambda _, data: crypt(AES(_KEY[:16]), OFB(_IV), data)),
    "aes-gcm": (
        {**_AES, "mode": "gcm", "iv": {"value": [0, 12]}, "data": {"value": [12]}},
        lambda random, data: (nonce := random.randbytes(12)) + crypt(AES(_KEY), GCM(nonce), data),
    ),
    "des-cbc": (
        {"cipher": "des", "mode": "cbc", "key": {"hex": _KEY[:8].hex()}, "iv": {"hex": _IV[:8].hex()}},
        lambda _, data: crypt(TripleDES(_KEY[:8] * 3), CBC(_IV[:8]), padded(data, 8)),
    ),
    "des-ecb": (
        {"cipher": "des", "mode": "ecb", "key": {"hex": _KEY[:8].hex()}},
        lambda _, data: crypt(TripleDES(_KEY[:8] * 3), ECB(), padded(data, 8)),
    ),
    "3des-ecb": ({**_TRIPLE, "mode": "ecb"}, lambda _, data: crypt(TripleDES(_KEY[:24]), ECB(), padded(data, 8))),
    "3des-cbc": (
        {**_TRIPLE, "mode": "cbc", "iv": {"zeros": 8}},
        lambda _, data: crypt(TripleDES(_KEY[:24]), CBC(bytes(8)), padded(data, 8)),
    ),
    "sm4-ecb": (
        {"cipher": "sm4", "mode": "ecb", "key": {"hex": _KEY[:16].hex()}},
        lambda _, data: crypt(SM4(_KEY[:16]), ECB(), padded(data)),
    ),
    "sm4-cbc": (
        {**_SHORT, "cipher": "sm4", "mode": "cbc"},
        lambda _, data: crypt(SM4(_KEY[:16]), CBC(_IV), padded(data)),
    ),
    "rc4": ({"cipher": "rc4", "key": {"text": _KEY.decode()}}, lambda _, data: crypt(ARC4(_KEY[:32]), None, data)),
    "xor": (
        {"cipher": "xor", "key": {"hex": _XOR.hex()}},
        lambda _, data: xored(_XOR, data),
    ),
    "chacha20": (
        {**_IN_FRONT, "cipher": "chacha20", "key": {"hex": _KEY.hex()}},
        lambda random, data: (nonce := random.randbytes(16)) + crypt(ChaCha20(_KEY, nonce), None, data),
    ),
    "rsa": ({"cipher": "rsa", "rsa": {"key": _pem()}}, _rsa),
}
"""What the keyring says of a way to encrypt, and the way."""

_BESIDE: dict[str, dict[str, Any]] = {
    "key-in-a-field": {"field": "drawn_key"},
    "key-in-a-header": {"header": "X-Drawn-Key"},
}
"""What the keyring says of where a key is sent that each message has another of."""

_READABLE = frozenset(("aes-cbc", "aes-ctr", "3des-cbc", "sm4-ecb", "rc4", "aes-cbc-unhashed"))
"""Those of which the keyring does not say that anything may come out: only what can be read shows that a key fits."""


def _at_host(name: str) -> dict[str, Any]:
    return {"host": f"{name}.{_HOST}"}


def _by_header(name: str) -> dict[str, Any]:
    return {"header": {_HEADER: name}}


def _by_name(name: str) -> dict[str, Any]:
    return {"field": name}


def _by_beginning(name: str) -> dict[str, Any]:
    return {"begins": {"hex": (_MAGIC + bytes([list(_SCHEMES).index(name)])).hex()}}


_PLACES = (_at_host, _by_header, _by_name, _by_beginning)
_WHERE = {name: _PLACES[at % len(_PLACES)] for at, name in enumerate(_SCHEMES)}


def _lock(name: str) -> Lock:
    said = dict(_SCHEMES[name][0])
    if _WHERE[name] is _by_beginning:
        start = len(_MAGIC) + 1
        for key in ("key", "iv", "data"):
            if "value" in said.get(key, ()):
                said[key] = {**said[key], "value": [start + at for at in said[key]["value"]]}
        said.setdefault("data", {"value": [start]})
    yields = "auto" if name in _READABLE else "bytes"
    return Lock.model_validate({**said, "name": name, "yields": yields, "where": _WHERE[name](name)})


def _lock_beside(name: str) -> Lock:
    said = {"cipher": "aes", "mode": "cbc", "key": _BESIDE[name], "iv": {"hex": _IV.hex()}, "yields": "bytes"}
    return Lock.model_validate({**said, "name": name, "where": _by_name(name)})


KEYS = Keys((*map(_lock, _SCHEMES), *map(_lock_beside, _BESIDE)))
"""The user's keyring."""


def encrypted(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Encrypts by one of the keys, and puts it where that key is for."""
    name = random.choice([name for name in _SCHEMES if name not in _READABLE or tells(data)])
    sealed, step, where = _SCHEMES[name][1](random, data), f"|decrypt.{name}", _WHERE[name]
    if where is _at_host:
        return Wrapped(sealed, step, home=Home(f"{name}.{_HOST}"))
    if where is _by_header:
        return Wrapped(sealed, step, home=Home(headers=((_HEADER.encode(), name.encode()),)))
    if where is _by_beginning:
        return Wrapped(_MAGIC + bytes([list(_SCHEMES).index(name)]) + sealed, step, home=ANYWHERE)
    text = base64.b64encode(sealed).decode()
    members = dict(shuffled(random, name, text, filler(random, range_)))
    return Wrapped(json.dumps(members).encode(), f"|json.$.{name}|base64{step}", home=ANYWHERE)


def encrypted_beside(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Encrypts with a key that the message has: beside what is encrypted, or in a header field."""
    name = random.choice(list(_BESIDE))
    key = random.randbytes(8).hex()
    text = base64.b64encode(crypt(AES(key.encode()), CBC(_IV), padded(data))).decode()
    others, home = filler(random, range_), ANYWHERE
    if field := _BESIDE[name].get("field"):
        others.append((field, key))
    else:
        home = Home(headers=((_BESIDE[name]["header"].encode(), key.encode()),))
    members = dict(shuffled(random, name, text, others))
    return Wrapped(json.dumps(members).encode(), f"|json.$.{name}|base64|decrypt.{name}", home=home)
