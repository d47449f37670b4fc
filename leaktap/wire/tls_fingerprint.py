"""Fingerprints of TLS hellos: which program made them, whatever they ask for.

JA3 and JA3S: https://github.com/salesforce/ja3 (MD5 of the numbers in the hello, in decimal). JA4:
https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md (sorted, so that a client that shuffles its
extensions has one). GREASE values (RFC 8701) count in none of them.
"""

import hashlib
from collections.abc import Iterable

from leaktap.wire.tls_hello import ALPN, SERVER_NAME, SUPPORTED_VERSIONS, Hello, numbers

_GROUPS, _POINT_FORMATS, _SIGNATURES = 10, 11, 13
_VERSIONS = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
_NOTHING = "0" * 12


def ja3(hello: Hello) -> str:
    """Returns the JA3 of a ClientHello."""
    groups = numbers((hello.extension(_GROUPS) or b"")[2:])
    formats = (hello.extension(_POINT_FORMATS) or b"")[1:]
    parts = (_usual(hello.suites), _kinds(hello), _usual(groups), formats)
    return _md5(f"{hello.version}," + ",".join("-".join(map(str, part)) for part in parts))


def ja3s(hello: Hello) -> str:
    """Returns the JA3S of a ServerHello."""
    kinds = "-".join(str(kind) for kind, _ in hello.extensions)
    return _md5(f"{hello.version},{hello.suites[0]},{kinds}")


def ja4(hello: Hello, transport: str = "t") -> str:
    """Returns the JA4 of a ClientHello; `transport` is t (TCP), q (QUIC) or d (DTLS)."""
    versions = hello.extension(SUPPORTED_VERSIONS)
    version = hello.version if versions is None else max(_usual(numbers(versions[1:])), default=0)
    suites, kinds = sorted(_usual(hello.suites)), sorted(_kinds(hello))
    name = "d" if SERVER_NAME in kinds else "i"
    counts = f"{min(len(suites), 99):02}{min(len(kinds), 99):02}"
    listed = _hexed(kind for kind in kinds if kind not in (SERVER_NAME, ALPN))
    signatures = _hexed(_usual(numbers((hello.extension(_SIGNATURES) or b"")[2:])))
    rest = f"{listed}_{signatures}" if signatures else listed
    start = f"{transport}{_VERSIONS.get(version, '00')}{name}{counts}{_ends(hello.extension(ALPN))}"
    return f"{start}_{_hash12(_hexed(suites))}_{_hash12(rest) if listed else _NOTHING}"


def _usual(values: Iterable[int]) -> list[int]:
    """Returns the numbers that are no GREASE."""
    return [number for number in values if number & 0x0F0F != 0x0A0A or number >> 8 != number & 255]


def _kinds(hello: Hello) -> list[int]:
    return _usual(kind for kind, _ in hello.extensions)


def _ends(alpn: bytes | None) -> str:
    """Returns the first and last character of the first protocol; of its hex, where one is no letter or digit."""
    first = (alpn or b"")[3 : 3 + int.from_bytes((alpn or b"")[2:3])]
    if not first:
        return "00"
    text = first.decode("latin-1")
    if not (first[:1].isalnum() and first[-1:].isalnum()):
        text = first.hex()
    return text[0] + text[-1]


def _hexed(values: Iterable[int]) -> str:
    return ",".join(f"{number:04x}" for number in values)


def _hash12(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else _NOTHING


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
