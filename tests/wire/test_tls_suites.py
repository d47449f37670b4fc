import shutil
import subprocess

import pytest

from leaktap.wire.tls_ciphers import TLS10, TLS11, TLS12, TLS13, supported
from leaktap.wire.tls_suites import suite

ROWS = [
    (0x1301, "TLS_AES_128_GCM_SHA256", "AES", "GCM", 16, "sha256", ""),
    (0x1302, "TLS_AES_256_GCM_SHA384", "AES", "GCM", 32, "sha384", ""),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", "CHACHA20", "POLY1305", 32, "sha256", ""),
    (0x1305, "TLS_AES_128_CCM_8_SHA256", "AES", "CCM_8", 16, "sha256", ""),
    (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "3DES_EDE", "CBC", 24, "sha256", "sha1"),
    (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES", "CBC", 16, "sha256", "sha1"),
    (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "AES", "CBC", 32, "sha384", "sha384"),
    (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "AES", "CCM", 16, "sha256", ""),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "CHACHA20", "POLY1305", 32, "sha256", ""),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA", "RC4", "STREAM", 16, "sha256", "sha1"),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", "CAMELLIA", "CBC", 16, "sha256", "sha1"),
    (0xC061, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384", "ARIA", "GCM", 32, "sha384", ""),
    (0xC03C, "TLS_RSA_WITH_ARIA_128_CBC_SHA256", "ARIA", "CBC", 16, "sha256", "sha256"),
    (0x003B, "TLS_RSA_WITH_NULL_SHA256", "NULL", "STREAM", 0, "sha256", "sha256"),
    (0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", "IDEA", "CBC", 16, "sha256", "sha1"),
    (0x00C6, "TLS_SM4_GCM_SM3", "SM4", "GCM", 16, "sm3", ""),
    (0x00C7, "TLS_SM4_CCM_SM3", "SM4", "CCM", 16, "sm3", ""),
    (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "", "", 0, "sha256", ""),
    (0xC102, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT", "", "", 0, "sha256", ""),
    (0xC0B5, "TLS_SHA384_SHA384", "NULL", "HMAC", 48, "sha384", ""),
    (0x1307, "TLS_AEGIS_128L_SHA256", "", "", 0, "sha256", ""),
    (0xFAFA, "0xFAFA", "", "", 0, "sha256", ""),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_suites(row):
    one = suite(row[0])
    assert (one.number, one.name, one.cipher, one.mode, one.key_bytes, one.hash, one.mac) == row


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl program")
def test_names_are_those_of_openssl():
    text = subprocess.run(
        ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True
    ).stdout
    compared = 0
    for line in text.splitlines():
        code, _, name, *_ = line.split()
        one = suite(int(code.replace("0x", "").replace(",", ""), 16))
        if not one.name.startswith("0x"):
            assert one.name == name
            compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    ("number", "version", "expected"),
    [
        (0x1301, TLS13, True),
        (0x1301, TLS12, False),
        (0xC02F, TLS12, True),
        (0xC02F, TLS11, False),
        (0xC02F, TLS13, False),
        (0x002F, TLS10, True),
        (0x002F, TLS11, True),
        (0x002F, TLS12, True),
        (0x002F, TLS13, False),
        (0x002F, 0x0300, False),
        (0x0005, TLS12, True),
        (0x0000, TLS12, False),
        (0x0003, TLS10, False),
        (0xC061, TLS12, True),
        (0xC061, TLS11, False),
        (0x00C6, TLS13, True),
        (0x00C6, TLS12, False),
        (0xC0B4, TLS13, True),
        (0xC0B4, TLS12, False),
        (0x1306, TLS13, False),
        (0x0002, TLS10, True),
        (0x1301, 0x7F17, False),
        (0xFAFA, TLS12, False),
    ],
)
def test_what_can_be_opened(number, version, expected):
    assert supported(suite(number), version) is expected
