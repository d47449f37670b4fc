"""Certificates that a TLS server shows: the first of them, its alternative names, and the site that they are of.

RFC 5246 section 7.4.2, RFC 8446 section 4.4.2, compressed by RFC 8879. Alternative names: RFC 5280, section 4.2.1.6.
"""

import re
import zlib
from functools import lru_cache

import brotli
import zstandard

from leaktap.model import Alias
from leaktap.wire.tls_hello import BadHandshake, Cursor

MOST_NAMES = 256
"""How many alternative names of a certificate are read."""
MOST_ALIASES = 8
"""How many other names of a server an exchange has."""
_MOST = 256 << 10
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63}){1,126}")
_ZLIB, _BROTLI, _ZSTD = 1, 2, 3
_ALTERNATIVE_NAMES = b"\x06\x03\x55\x1d\x11"
"""The identifier of the extension, 2.5.29.17 in DER."""
_BOOLEAN, _OCTETS, _SEQUENCE, _DNS_NAME = 0x01, 0x04, 0x30, 0x82


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


def covers(name: str, host: str) -> bool:
    """Tells whether a certificate's name is for a host (RFC 6125, section 6.4.3)."""
    return host.partition(".")[2] == name[2:] if name.startswith("*.") else name == host


def tls_aliases(host: str, greeted: str, certified: tuple[str, ...]) -> tuple[Alias, ...]:
    """Returns what TLS says of a host: the name of the greeting where it is another, and the certificate's names.

    The name that covers the host comes first. It is told even if it is the host's own where the greeting is another:
    the certificate shows then that the Host does not lie.
    """
    other = greeted not in ("", host)
    found = [Alias("sni", greeted)] if other else []
    names = sorted(certified, key=lambda name: not covers(name, host)) if other else certified
    return (*found, *(Alias("certificate", name) for name in names if other or name != host))[:MOST_ALIASES]


@lru_cache(1024)
def alternatives(certificate: bytes, most: int = MOST_NAMES) -> tuple[str, ...]:
    """Returns the first `most` alternative names of a certificate (DER) that are hosts, in lower case.

    Read without the library that reads certificates, which takes long to load: what is found here is a hint.
    """
    at = certificate.find(_ALTERNATIVE_NAMES)
    if at < 0:
        return ()
    at += len(_ALTERNATIVE_NAMES)
    kind, begin, end = _element(certificate, at)
    if kind == _BOOLEAN:
        kind, begin, end = _element(certificate, end)
    if kind == _OCTETS:
        kind, begin, end = _element(certificate, begin)
    found: dict[str, None] = {}
    while kind == _SEQUENCE and begin < end and len(found) < most:
        tag, start, begin = _element(certificate, begin)
        name = certificate[start:begin].decode("latin-1").lower().rstrip(".") if tag == _DNS_NAME else ""
        if _HOST.fullmatch(name.removeprefix("*.")):
            found[name] = None
    return tuple(found)


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Returns tag, begin and end of an element of DER; behind the data there are none."""
    size, begin = data[at + 1] if at + 1 < len(data) else 0x80, at + 2
    if size & 0x80:
        width = size & 0x7F
        size, begin = int.from_bytes(data[begin : begin + width]), begin + width
        if not 0 < width <= 3:
            return 0, len(data), len(data)
    return data[at], begin, min(begin + size, len(data))
