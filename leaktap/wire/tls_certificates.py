"""Certificates that a TLS server shows: the first of them, and the names it is for.

RFC 5246 section 7.4.2, RFC 8446 section 4.4.2, compressed by RFC 8879, and the names by RFC 5280 (section 4.2.1.6 and
the common name). A certificate that cannot be read has no names.
"""

import re
import warnings
import zlib

import brotli
import zstandard
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from leaktap.wire.tls_hello import BadHandshake, Cursor

_MOST = 256 << 10
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63}){1,126}")
_ZLIB, _BROTLI, _ZSTD = 1, 2, 3
_BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for certificates that are none."""


def leaf(body: bytes, modern: bool) -> bytes:
    """Returns the server's own certificate (DER) of a Certificate message, nothing where it shows none.

    Raises:
        BadHandshake: the message is broken.
    """
    cursor = Cursor(body)
    if modern:
        cursor.vector(1)
    chain = Cursor(cursor.vector(3))
    return chain.vector(3) if chain else b""


def decompressed(body: bytes) -> bytes:
    """Returns the Certificate message in a CompressedCertificate; raises BadHandshake."""
    cursor = Cursor(body)
    algorithm, size, data = cursor.number(2), cursor.number(3), cursor.vector(3)
    if size > _MOST:
        raise BadHandshake(f"a certificate of {size} bytes")
    try:
        if algorithm == _ZLIB:
            made = zlib.decompressobj().decompress(data, size + 1)
        elif algorithm == _BROTLI:
            made = brotli.Decompressor().process(data, output_buffer_limit=size + 1)
        elif algorithm == _ZSTD:
            made = zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(data).read(size + 1)
        else:
            raise BadHandshake(f"a certificate that is compressed by algorithm {algorithm}")
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise BadHandshake(f"a compressed certificate: {error}") from None
    if len(made) < size:
        raise BadHandshake("a compressed certificate is shorter than it says")
    return made[:size]


def names(certificate: bytes) -> tuple[str, ...]:
    """Returns the names that a certificate (DER) is for, in lower case: the common name first, then those of DNS."""
    found: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(certificate)
            found += [str(name.value) for name in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
            found += _alternatives(parsed)
    except _BROKEN:
        pass
    return tuple(dict.fromkeys(name.lower().rstrip(".") for name in found if name))


def site(names: tuple[str, ...]) -> str:
    """Returns the site that a certificate with these names is for: the first that is a host, without a wildcard."""
    hosts = (name.removeprefix("*.") for name in names)
    return next((host for host in hosts if _HOST.fullmatch(host)), "")


def _alternatives(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)
