"""How known values look while they are still wrapped: what lets the sieve leave alone every text that hides none.

Escapes (JSON, percent, once and twice), base64 in its three alignments, hexadecimal, and numbers in protobuf's binary
forms; for those without a profile the commonest names. These are places to look into, never findings.
"""

import base64
import json
import re
import struct
from collections.abc import Iterable, Iterator
from urllib.parse import quote_from_bytes

from leaktap.config import Location

NAMES = re.findall(
    r"\w+",
    """
    imei imsi iccid mac oaid gaid idfa idfv aaid android_id androidid androidId device_id deviceid deviceId openudid
    udid phone mobile email ssid bssid latitude longitude lat lng ip serial utdid
    """,
)
"""Names of what a text may hold that is wrapped; what JSON and XML begin with is the decoders' own hint."""

_SHORTEST = 6
_MOST_LOOKS = 64


def hidden(values: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the wrapped looks of values, literally."""
    for value in values:
        yield from _escaped(value)
        yield from _spelt(value)
        if value.isdigit() and value[:1] != b"0" and len(value) >= _SHORTEST and int(value) < 1 << 63:
            yield _varint(int(value))
            yield struct.pack("<Q", int(value))


def names() -> Iterator[bytes]:
    """Yields the wrapped looks of the commonest names before a value."""
    for name in NAMES:
        for sign in ("=", ":", '":'):
            yield from _spelt(f"{name}{sign}".encode())


def _spelt(value: bytes) -> Iterator[bytes]:
    """Yields a value in hexadecimal and in base64."""
    yield value.hex().encode()
    yield value.hex().upper().encode()
    yield from _base64(value)


def _escaped(value: bytes) -> Iterator[bytes]:
    """Yields JSON's and the URL's escapes, where they change the value."""
    looks = {quote_from_bytes(value, safe="")}
    looks.add(looks.copy().pop().replace("%", "%25"))
    try:
        text = value.decode()
    except UnicodeDecodeError:
        looks = set()
    else:
        for ascii_only in (True, False):
            look = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            once = {look, look.replace("/", "\\/"), look.upper().replace("\\U", "\\u")}
            looks |= once | {json.dumps(look, ensure_ascii=ascii_only)[1:-1] for look in once}
    for look in looks:
        yield from {look.encode(), re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), look).encode()} - {value}


def _base64(value: bytes) -> Iterator[bytes]:
    """Yields what stays the same of a value's base64 whatever stands around it, for each alignment and alphabet."""
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + value)
        first = (shift * 8 + 5) // 6
        last = (shift + len(value)) * 8 // 6
        core = whole[first:last]
        if len(core) >= _SHORTEST - 1:
            yield core
            yield core.replace(b"+", b"-").replace(b"/", b"_")
            yield core.replace(b"/", b"\\/")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def coordinates(place: Location) -> Iterator[bytes]:
    """Yields expressions for the coordinates of a place as little-endian doubles and floats.

    The bytes that hold sign, exponent and the first bits of the fraction are the same all over the place.
    """
    reach = place.radius_m / 111_000 * 2
    for degrees in (place.lat, place.lon):
        for layout in (">d", ">f"):
            ends = [struct.pack(layout, degrees + offset) for offset in (-reach, reach)]
            for kept in (3, 2):
                first, last = sorted(int.from_bytes(end[:kept]) for end in ends)
                if last - first < _MOST_LOOKS:
                    break
            for look in range(first, min(last + 1, first + _MOST_LOOKS)):
                yield b"".join(b"\\x%02x" % byte for byte in look.to_bytes(kept, "little"))
