"""Certificates that a TLS server shows: the first of them, and the site that its names are of.

RFC 5246 section 7.4.2, RFC 8446 section 4.4.2, compressed by RFC 8879.
"""

import re
import zlib

import brotli
import zstandard

from leaktap.wire.tls_hello import BadHandshake, Cursor

_MOST = 256 << 10
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63}){1,126}")
_ZLIB, _BROTLI, _ZSTD = 1, 2, 3


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


def site(names: tuple[str, ...]) -> str:
    """Returns the site that a certificate with these names is for: the first that is a host, without a wildcard."""
    hosts = (name.removeprefix("*.") for name in names)
    return next((host for host in hosts if _HOST.fullmatch(host)), "")
