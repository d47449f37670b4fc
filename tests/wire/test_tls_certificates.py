import datetime
import zlib

import brotli
import pytest
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.tls_certificates import decompressed, leaf, site
from leaktap.wire.tls_hello import BadHandshake
from leaktap.wire.tls_names import names


def made(common, *others):
    """A certificate (DER) with a common name and alternatives."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2026, 1, 1)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)] if common else [])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
    if others:
        alternatives = [x509.DNSName(other) for other in others] + [x509.RFC822Name("a@b.example")]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def vector(size, data):
    return len(data).to_bytes(size) + data


@pytest.mark.parametrize(
    ("common", "others", "expected"),
    [
        ("Shop.example", (), ("shop.example",)),
        ("shop.example", ("shop.example", "*.SHOP.example"), ("shop.example", "*.shop.example")),
        ("", ("a.example",), ("a.example",)),
        ("a.example.", ("b.example",), ("a.example", "b.example")),
        ("", (), ()),
    ],
)
def test_names(common, others, expected):
    assert names(made(common, *others)) == expected


SITES = [
    (("shop.example", "www.shop.example"), "shop.example"),
    (("*.shop.example",), "shop.example"),
    (("test server", "a.example"), "a.example"),
    (("localhost", "*", "*.", "a b.example", "<x>.example"), ""),
    ((), ""),
]


@pytest.mark.parametrize(("shown", "expected"), SITES)
def test_sites(shown, expected):
    assert site(shown) == expected


@given(st.data())
def test_damaged_certificates_have_names_or_none(data):
    damaged = bytearray(_ONE)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=4)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    for certificate in (bytes(damaged), bytes(damaged[: data.draw(st.integers(0, len(damaged)))])):
        assert all(isinstance(name, str) for name in names(certificate))


_ONE = made("shop.example", "a.example", "*.b.example")


def test_the_first_certificate_of_the_message():
    chain = vector(3, vector(3, b"first") + vector(3, b"second"))
    assert leaf(chain, False) == b"first"
    assert leaf(b"\0" + vector(3, vector(3, b"first") + b"\0\0" + vector(3, b"second") + b"\0\0"), True) == b"first"
    assert leaf(vector(3, b""), False) == b""


@pytest.mark.parametrize("body", [b"", b"\0\0", b"\0\0\x05\0\0\x09ab", b"\0\0\x05abcd"])
def test_broken_messages(body):
    for modern in (False, True):
        with pytest.raises(BadHandshake):
            leaf(body, modern)


MESSAGE = vector(3, vector(3, b"certificate " * 99))
PACKED = [
    (1, zlib.compress(MESSAGE)),
    (2, brotli.compress(MESSAGE)),
    (3, zstandard.compress(MESSAGE)),
    (3, zstandard.ZstdCompressor(write_content_size=False).compress(MESSAGE)),
]


@pytest.mark.parametrize(("algorithm", "packed"), PACKED)
def test_compressed(algorithm, packed):
    def body(size, data):
        return algorithm.to_bytes(2) + size.to_bytes(3) + vector(3, data)

    assert decompressed(body(len(MESSAGE), packed)) == MESSAGE
    assert decompressed(body(len(MESSAGE) - 5, packed)) == MESSAGE[:-5]
    bad = [
        body(len(MESSAGE) + 1, packed),
        body(len(MESSAGE), packed[:9]),
        body(len(MESSAGE), b"nothing"),
        body(1 << 23, packed),
    ]
    for one in [*bad, body(len(MESSAGE), packed)[:-1], b"\0\x09" + body(len(MESSAGE), packed)[2:], b""]:
        with pytest.raises(BadHandshake):
            decompressed(one)


@given(st.sampled_from([1, 2, 3, 4]), st.integers(0, 1 << 20), st.binary(max_size=100))
def test_any_bytes(algorithm, size, data):
    try:
        found = decompressed(algorithm.to_bytes(2) + size.to_bytes(3) + vector(3, data))
    except BadHandshake:
        return
    assert len(found) == size


@pytest.mark.parametrize("pack", [zlib.compress, brotli.compress, zstandard.compress])
def test_bombs_grow_no_further_than_they_say(pack):
    algorithm = [zlib.compress, brotli.compress, zstandard.compress].index(pack) + 1
    bomb = pack(bytes(16 << 20))
    assert decompressed(algorithm.to_bytes(2) + (1000).to_bytes(3) + vector(3, bomb)) == bytes(1000)
