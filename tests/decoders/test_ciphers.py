"""Ciphers against OpenSSL's own program, and against the vectors of their standards where it lacks them."""

import shutil
import subprocess
from random import Random

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._ciphers import undo, undo_rsa, unpad
from leaktap.keyring import BLOCK, Rsa

PLAIN = b'{"imei": "867530912345673", "text": "\xe4\xb8\xaa\xe4\xba\xba"}'
NAMES = [
    ("aes", mode, size, f"aes-{size * 8}-{mode}")
    for size in (16, 24, 32)
    for mode in ("ecb", "cbc", "ctr", "cfb", "cfb8", "ofb")
]
NAMES += [("sm4", mode, 16, f"sm4-{mode}") for mode in ("ecb", "cbc", "ctr", "cfb", "ofb")]
NAMES += [("3des", mode, 24, f"des-ede3{suffix}") for mode, suffix in (("ecb", ""), ("cbc", "-cbc"), ("ofb", "-ofb"))]
NAMES += [("3des", "cbc", 16, "des-ede-cbc")]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize(("cipher", "mode", "size", "name"), NAMES, ids=[name for *_, name in NAMES])
def test_what_openssl_encrypts(cipher, mode, size, name):
    chance = Random(1)
    key, iv = chance.randbytes(size), chance.randbytes(BLOCK[cipher])
    command = ["openssl", "enc", f"-{name}", "-K", key.hex(), *([] if mode == "ecb" else ["-iv", iv.hex()])]
    done = subprocess.run(command, input=PLAIN, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"this openssl has no {name}")
    plain = undo(cipher, mode, key, iv, done.stdout)
    assert (unpad(plain, "pkcs7", BLOCK[cipher]) if mode in ("ecb", "cbc") else plain) == PLAIN


@pytest.mark.parametrize(
    ("cipher", "mode", "key", "iv", "data", "plain"),
    [
        # RFC 6229, key 0102030405: the first bytes of the stream.
        ("rc4", None, "0102030405", "", "b2396305f03dc027ccc3524a0a1118a8", "00" * 16),
        # RFC 8439, 2.4.2: the counter begins at 1.
        (
            "chacha20",
            None,
            bytes(range(32)).hex(),
            "01000000" + "000000000000004a00000000",
            "6e2e359a2568f98041ba0728dd0d6981",
            b"Ladies and Gentl".hex(),
        ),
        # GB/T 32907-2016, appendix A.1.
        ("sm4", "ecb", "0123456789abcdeffedcba9876543210", "", "681edf34d206965e86b3e94f536e4246",
         "0123456789abcdeffedcba9876543210"),
        # FIPS 46-3's well-known example.
        ("des", "ecb", "133457799bbcdff1", "", "85e813540f0ab405", "0123456789abcdef"),
        ("xor", None, "0ff0", "", "0f0f0f", "00ff00"),
    ],
)  # fmt: skip
def test_vectors(cipher, mode, key, iv, data, plain):
    assert undo(cipher, mode, *(bytes.fromhex(text) for text in (key, iv, data))).hex() == plain


def test_gcm_is_proved():
    chance = Random(1)
    key, nonce = chance.randbytes(16), chance.randbytes(12)
    data = AESGCM(key).encrypt(nonce, PLAIN, None)
    assert undo("aes", "gcm", key, nonce, data) == PLAIN
    for broken in (data[:-1], data[:-1] + bytes([data[-1] ^ 1]), bytes([data[0] ^ 1]) + data[1:], data[:10]):
        with pytest.raises(ValueError, match=r".+"):
            undo("aes", "gcm", key, nonce, broken)


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b"a" * 12 + b"\4" * 4, "pkcs7", b"a" * 12),
        (b"\x10" * 16, "pkcs7", b""),
        (b"a" * 15 + b"\0", "pkcs7", None),
        (b"a" * 15 + b"\2", "pkcs7", None),
        (b"a" * 15 + b"\x11", "pkcs7", None),
        (b"", "pkcs7", None),
        (b"ab\0\0", "zero", b"ab"),
        (b"ab\0\0", "none", b"ab\0\0"),
    ],
)
def test_padding(data, kind, expected):
    if expected is None:
        with pytest.raises(ValueError, match="no padding"):
            unpad(data, kind, 16)
    else:
        assert unpad(data, kind, 16) == expected


@pytest.fixture(scope="module")
def private():
    return rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize("scheme", ["pkcs1", "oaep-sha1", "oaep-sha256"])
def test_rsa(private, scheme):
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    digest = hashes.SHA1() if scheme == "oaep-sha1" else hashes.SHA256()
    filled = padding.PKCS1v15() if scheme == "pkcs1" else padding.OAEP(padding.MGF1(digest), digest, None)
    data = b"".join(private.public_key().encrypt(piece, filled) for piece in (b"0123456789", b"abcdef"))
    assert undo_rsa(Rsa(key=pem, padding=scheme), data) == b"0123456789abcdef"
    with pytest.raises(ValueError, match="are no blocks of 128"):
        undo_rsa(Rsa(key=pem, padding=scheme), data[:-1])


def test_a_key_that_is_none():
    for pem in ("", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ValueError, match=r".+"):
            undo_rsa(Rsa(key=pem), b"a" * 128)


@given(
    st.sampled_from(["aes", "des", "3des", "sm4", "rc4", "xor", "chacha20"]),
    st.sampled_from(["ecb", "cbc", "ctr", "cfb", "cfb8", "ofb", "gcm"]),
    st.binary(max_size=40),
    st.binary(max_size=20),
    st.binary(max_size=64),
)
def test_anything_is_undone_or_refused(cipher, mode, key, iv, data):
    try:
        assert len(undo(cipher, mode if cipher in BLOCK else None, key, iv, data)) <= len(data)
    except ValueError as error:
        assert str(error)
