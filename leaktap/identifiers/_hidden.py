"""How known values look while they are still wrapped: what lets the sieve leave alone every text that hides none.

Escapes (JSON, percent, once and twice), base64 in its three alignments, hexadecimal, and numbers in protobuf's binary
forms; for those without a profile the commonest names. These are places to look into, never findings.
"""

import base64
import contextlib
import itertools
import json
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_from_bytes

from leaktap.config import Location
from leaktap.identifiers._scan import literal

NAMES = re.findall(
    r"\w+",
    """
    imei imsi iccid mac oaid gaid idfa idfv aaid android_id androidid androidId device_id deviceid deviceId openudid
    udid phone mobile email ssid bssid latitude longitude lat lng ip serial utdid
    """,
)
"""Names of what a text may hold that is wrapped; what JSON and XML begin with is the decoders' own hint."""

PROVIDERS = re.findall(
    r"\S+",
    """
    @qq.com @163.com @126.com @139.com @189.cn @yeah.net @sina.com @sina.cn @sohu.com @foxmail.com @aliyun.com
    @vip.qq.com @gmail.com @outlook.com @hotmail.com @live.com @icloud.com @yahoo.com @proton.me
    """,
)
"""How most addresses end, for the same purpose."""

_SHORTEST = 6
_LONGEST_TWICE = 32
_ESCAPE = re.compile(rb"%[0-9A-F]{2}")
_MOST_LOOKS = 64


def looks(values: Sequence[bytes], places: Iterable[Location]) -> list[bytes]:
    """Returns an expression for every wrapped look of known values and places, and of the commonest names."""
    expressions = [literal(look) for look in itertools.chain(hidden(values), names())]
    expressions += nested(values)
    for place in places:
        expressions += coordinates(place)
    return sorted(set(expressions))


def hidden(values: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the wrapped looks of values, literally."""
    for value in values:
        strings = _strings(value)
        for string in strings:
            yield from _spelt(string)
        if len(value) <= _LONGEST_TWICE and value.isascii():
            yield from _twice(value)
        yield from _escaped(strings) - {value}
        if value.isdigit() and value[:1] != b"0" and len(value) >= _SHORTEST and int(value) < 1 << 63:
            yield _varint(int(value))
            yield struct.pack("<Q", int(value))


def names() -> Iterator[bytes]:
    """Yields the wrapped looks of the commonest names before a value, and of the commonest ends of addresses."""
    for provider in PROVIDERS:
        yield from _spelt(provider.encode())
    for name in NAMES:
        for sign in ("=", ":", '":'):
            yield from _spelt(f"{name}{sign}".encode())


def _spelt(value: bytes) -> Iterator[bytes]:
    """Yields a value in hexadecimal and in base64."""
    yield value.hex().encode()
    yield value.hex().upper().encode()
    yield from _base64(value)


def _twice(value: bytes) -> Iterator[bytes]:
    """Yields a value in base64 in base64."""
    for once in set(_base64(value)):
        yield from _base64(once)


def _strings(value: bytes) -> set[bytes]:
    """Returns a value and the ways to write it in a JSON string."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return {value}
    ascii_only, as_it_is = (json.dumps(text, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
    looks = {ascii_only, as_it_is, ascii_only.upper().replace("\\U", "\\u")}
    return {value, *(each.encode() for look in looks for each in (look, look.replace("/", "\\/")))}


def _escaped(strings: set[bytes]) -> set[bytes]:
    """Returns strings, those strings in a JSON string again, and all of them percent-encoded once and twice."""
    looks = set(strings)
    for string in strings:
        with contextlib.suppress(UnicodeDecodeError):
            looks |= {json.dumps(string.decode(), ensure_ascii=ascii)[1:-1].encode() for ascii in (True, False)}
    for _ in range(2):
        looks |= {quote_from_bytes(look, safe="").encode() for look in looks}
    return looks | {_ESCAPE.sub(lambda escape: escape[0].lower(), look) for look in looks}


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


def nested(values: Iterable[bytes]) -> Iterator[bytes]:
    """Yields expressions for values of which JSON escapes a character, in as many JSON strings within each other."""
    for value in values:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            continue
        if not text.isascii() or set(text) & set('"\\/'):
            yield b"".join(map(_in_json, text))


def _in_json(character: str) -> bytes:
    plain = literal(character.encode())
    if character in '"\\/':
        return rb"\\{0,8}" + plain
    if character.isascii():
        return plain
    units = character.encode("utf-16-be").hex()
    escapes = "".join(f"\\\\{{1,8}}u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    return b"(?:" + plain + b"|" + escapes.encode() + b")"


def coordinates(place: Location) -> Iterator[bytes]:
    """Yields expressions for the coordinates of a place: wrapped texts, and little-endian doubles and floats.

    The bytes that hold sign, exponent and the first bits of the fraction are the same all over the place.
    """
    reach = place.radius_m / 111_000 * 2
    for degrees in (place.lat, place.lon):
        for text in {f"{degrees + offset:.6f}"[:-4] for offset in (-reach, 0, reach)}:
            for wrapped in (*_spelt(text.encode()), *_twice(text.encode())):
                yield literal(wrapped)
        for layout in (">d", ">f"):
            ends = [struct.pack(layout, degrees + offset) for offset in (-reach, reach)]
            for kept in (3, 2):
                first, last = sorted(int.from_bytes(end[:kept]) for end in ends)
                if last - first < _MOST_LOOKS:
                    break
            for look in range(first, min(last + 1, first + _MOST_LOOKS)):
                yield literal(look.to_bytes(kept, "little"))
