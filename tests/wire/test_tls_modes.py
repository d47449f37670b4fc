import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.tls_aria import Aria
from leaktap.wire.tls_modes import Ccm, Gcm, LibraryGcm

KEY, NONCE = bytes(range(16)), bytes(range(50, 62))


def composed(key):
    return Gcm(Cipher(AES(key), modes.ECB()).encryptor().update)


PAIRS = [
    (composed, AESGCM),
    (lambda key: LibraryGcm(AES(key)), AESGCM),
    (lambda key: Ccm(AES(key), 16), lambda key: AESCCM(key, 16)),
    (lambda key: Ccm(AES(key), 8), lambda key: AESCCM(key, 8)),
]
"""Ours with AES, beside the library's own."""


@pytest.mark.parametrize(("ours", "library"), PAIRS)
@given(
    key=st.binary(min_size=16, max_size=16),
    nonce=st.binary(min_size=12, max_size=12),
    text=st.binary(max_size=70),
    about=st.binary(min_size=1, max_size=20),
)
def test_what_the_library_sealed(ours, library, key, nonce, text, about):
    sealed = library(key).encrypt(nonce, text, about)
    assert ours(key).decrypt(nonce, memoryview(sealed), about) == text


@pytest.mark.parametrize(("ours", "library"), PAIRS)
def test_damage_is_refused(ours, library):
    text, about = b"x" * 40, b"header"
    sealed = library(KEY).encrypt(NONCE, text, about)
    for at in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[at] ^= 1
        with pytest.raises(InvalidTag):
            ours(KEY).decrypt(NONCE, bytes(damaged), about)
    for cut in (1, 8, 15, len(sealed)):
        with pytest.raises((InvalidTag, ValueError)):
            ours(KEY).decrypt(NONCE, sealed[cut:], about)
    with pytest.raises(InvalidTag):
        ours(KEY).decrypt(NONCE, sealed, b"Header")


RFC8998_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
RFC8998_NONCE = bytes.fromhex("00001234567800000000abcd")
RFC8998_ABOUT = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
RFC8998_TEXT = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa"))
RFC8998 = [
    (
        LibraryGcm(SM4(RFC8998_KEY)),
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec",
    ),
    (
        Ccm(SM4(RFC8998_KEY), 16),
        "48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094"
        "fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b16842d4fa186f56ab33256971fa110f4",
    ),
]


@pytest.mark.parametrize(("ours", "sealed"), RFC8998)
def test_sm4_as_in_rfc_8998(ours, sealed):
    assert ours.decrypt(RFC8998_NONCE, bytes.fromhex(sealed), RFC8998_ABOUT) == RFC8998_TEXT


def test_many_keys():
    """The tables of a key are made anew when they were forgotten."""
    sealed = {bytes([number]) * 16: AESGCM(bytes([number]) * 16).encrypt(NONCE, b"text", None) for number in range(80)}
    ours = {key: composed(key) for key in sealed}
    for _ in range(2):
        assert all(ours[key].decrypt(NONCE, data, b"") == b"text" for key, data in sealed.items())


def test_aria_in_gcm_is_not_aes():
    with pytest.raises(InvalidTag):
        Gcm(Aria(KEY).encrypt).decrypt(NONCE, AESGCM(KEY).encrypt(NONCE, b"text", None), b"")
