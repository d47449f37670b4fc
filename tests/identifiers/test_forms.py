import base64
import hashlib
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.identifiers import classes
from leaktap.identifiers._api import Variant, as_written
from leaktap.identifiers.forms import (
    algorithms,
    bits,
    guess_hash,
    is_placeholder,
    needles,
    placeholder_digests,
    written,
)

IMEI = b"867530912345673"


def test_the_names_of_the_five_hashes():
    assert list(algorithms()) == ["md5", "sha1", "sha256", "sha512", "sm3"]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),  # RFC 1321, A.5
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),  # FIPS 180-2, A.1
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),  # FIPS 180-2, B.1
        ("sm3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),  # GB/T 32905-2016, A.1
    ],
)
def test_published_examples(name, digest):
    assert algorithms()[name](b"abc").hex() == digest


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command to compare with")
@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "sm3"])
def test_hashes_are_those_of_openssl(name):
    run = subprocess.run(["openssl", "dgst", f"-{name}", "-binary"], input=IMEI, capture_output=True, check=False)
    if run.returncode:
        pytest.skip(f"this openssl has no {name}")
    assert algorithms()[name](IMEI) == run.stdout


def test_every_way_to_write_a_digest():
    digest = hashlib.md5(IMEI).digest()
    assert {(n.value, n.form) for n in written(digest)} == {
        (digest.hex().encode(), ("hex",)),
        (digest.hex().upper().encode(), ("hex-upper",)),
        (digest, ()),
        (base64.b64encode(digest), ("base64",)),
        (base64.b64encode(digest).rstrip(b"="), ("base64",)),
        (base64.urlsafe_b64encode(digest), ("base64url",)),
        (base64.urlsafe_b64encode(digest).rstrip(b"="), ("base64url",)),
    } - (set() if b"+" in base64.b64encode(digest) or b"/" in base64.b64encode(digest) else {
        (base64.urlsafe_b64encode(digest), ("base64url",)),
        (base64.urlsafe_b64encode(digest).rstrip(b"="), ("base64url",)),
    })  # fmt: skip


@given(value=st.text(alphabet="0123456789abcdefXYZ:-", min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_form_tells_how_to_make_the_needle(value):
    """Whoever follows a needle's form from the value arrives at the needle."""
    found = list(needles(as_written(value)))
    assert len({needle.value for needle in found}) == len(found)
    steps = {
        "lower": lambda data: data.lower(),
        "upper": lambda data: data.upper(),
        "md5": lambda data: hashlib.md5(data).digest(),
        "sha1": lambda data: hashlib.sha1(data).digest(),
        "sha256": lambda data: hashlib.sha256(data).digest(),
        "sha512": lambda data: hashlib.sha512(data).digest(),
        "sm3": algorithms()["sm3"],
        "hex": lambda data: data.hex().encode(),
        "hex-upper": lambda data: data.hex().upper().encode(),
        "base64": base64.b64encode,
        "base64url": base64.urlsafe_b64encode,
    }
    for needle in found:
        data = value.encode()
        for step in needle.form:
            data = steps[step](data)
        assert needle.value in (data, data.rstrip(b"=") if "base64" in "".join(needle.form) else data)


def test_forms_start_with_the_way_of_writing():
    form = {n.value: n.form for n in needles([Variant(b"A450461F3456", ("no-separator", "upper"))])}
    expected = base64.b64encode(hashlib.sha256(b"A450461F3456").digest())
    assert form[expected] == ("no-separator", "upper", "sha256", "base64")


def test_a_class_whose_hash_nobody_sends_has_none():
    assert [n.form for n in needles([Variant(b"46001-1234")], hashed=False)] == [()]


def test_an_empty_value_has_no_needles():
    assert not list(needles([Variant(b"")]))


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
@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "sm3"])
def test_hashes_of_placeholders_are_known(text, name):
    digests = placeholder_digests(classes().values())
    assert algorithms()[name](text.encode()).hex() in digests
    assert algorithms()[name](b"867530912345673").hex() not in digests
