import shutil
import subprocess

import pytest

from leaktap.identifiers import classes
from leaktap.identifiers.forms import (
    algorithms,
    bits,
    crc32,
    guess_hash,
    is_placeholder,
    placeholder_digests,
    usual,
)

IMEI = b"867530912345673"
NAMES = (
    *("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
    *("sha3-224", "sha3-256", "sha3-384", "sha3-512", "sm3"),
)


def test_the_names_of_the_hashes():
    assert set(algorithms()) == set(NAMES)
    assert list(usual()) == ["md5", "sha1", "sha256", "sha512", "sm3"]
    assert list(usual("sha1", "md5", "none")) == ["md5", "sha1"]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),  # RFC 1321, A.5
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),  # FIPS 180-2, A.1
        ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),  # RFC 3874, 3.1
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),  # FIPS 180-2, B.1
        ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),  # NIST's examples of FIPS 202
        ("sm3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),  # GB/T 32905-2016, A.1
    ],
)
def test_published_examples(name, digest):
    assert algorithms()[name](b"abc").hex() == digest


def test_the_check_value_of_crc32():
    assert crc32(b"123456789") == 0xCBF43926  # the catalogue of parametrised CRC algorithms, CRC-32/ISO-HDLC


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command to compare with")
@pytest.mark.parametrize("name", NAMES)
def test_hashes_are_those_of_openssl(name):
    run = subprocess.run(["openssl", "dgst", f"-{name}", "-binary"], input=IMEI, capture_output=True, check=False)
    if run.returncode:
        pytest.skip(f"this openssl has no {name}")
    assert algorithms()[name](IMEI) == run.stdout


@pytest.mark.parametrize(
    ("text", "key", "form"),
    [
        ("a" * 31 + "b", "", ("md5", "hex")),
        ("A" * 31 + "B", "", ("md5", "hex-upper")),
        ("0" * 39 + "1", "", ("sha1", "hex")),
        ("0" * 63 + "1", "", ("sha256", "hex")),
        ("0" * 63 + "1", "imeism3", ("sm3", "hex")),
        ("0" * 127 + "1", "", ("sha512", "hex")),
        ("a" * 30 + "bB", "", None),
        ("a" * 33, "", None),
        ("", "", None),
        ("g" * 32, "", None),
    ],
)
def test_a_hash_is_told_by_its_length(text, key, form):
    assert guess_hash(text, key) == form


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("867530912345673", 48, 50),  # an IMEI
        ("86753091234567", 40, 48),  # the same without check digit
        ("3872b07eac71d3a6", 64, 64),
        ("a4:50:46:1f:34:56", 48, 48),
        ("13912345678", 30, 40),
        ("36.112.138.9", 24, 48),
        ("R58M123ABCD", 24, 48),
        ("HomeNet-5318", 24, 48),
        ("张三丰", 24, 48),
        ("home", 0, 24),
        ("Redmi", 0, 24),
        ("张伟", 0, 24),
        ("8.8.8.8", 0, 24),
        ("11111111111111111111", 0, 24),
        ("", 0, 0),
        ("--::..", 0, 0),
    ],
)
def test_how_telling_a_value_is(text, least, most):
    assert least <= bits(text) <= most


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "NULL", "none", "Default", "0", "000000000000000", "ffff", "02:00:00:00:00:00", "(null)", " "],
)
def test_placeholders(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["867530912345673", "a4:50:46:1f:34:56", "HomeNet", "null-and-void", "01"])
def test_no_placeholders(text):
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["", "000000000000000", "02:00:00:00:00:00", "020000000000", "unknown", "null", "none"]
)
@pytest.mark.parametrize("name", usual())
def test_hashes_of_placeholders_are_known(text, name):
    digests = placeholder_digests(classes().values())
    assert algorithms()[name](text.encode()).hex() in digests
    assert algorithms()[name](b"867530912345673").hex() not in digests
