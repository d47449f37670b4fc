"""How known values look while they are still wrapped: what lets the sieve leave alone every text that hides none.

Escapes (JSON, percent, once and twice), base64 in its three alignments and all alphabets, base32, base58, base85,
LZ-String, hexadecimal, and numbers in protobuf's binary forms; for those without a profile the commonest names. These
are places to look into, never findings. What is longer once it is wrapped is an opaque run (`_opaque`), and needs no
look.
"""

import base64
import contextlib
import itertools
import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote, quote_from_bytes
from xml.sax.saxutils import escape, quoteattr

from leaktap.config import Location
from leaktap.identifiers._lzstring import lz_string
from leaktap.identifiers._opaque import SHORTEST
from leaktap.identifiers._scan import literal

NAMES = re.findall(
    r"\w+",
    """
    imei imsi iccid mac oaid gaid idfa idfv aaid android_id androidid androidId device_id deviceid deviceId openudid
    udid phone mobile email ssid bssid latitude longitude lat lng ip serial utdid
    """,
)
"""Names of what a text may hold that is wrapped; what JSON and XML begin with is the decoders' own hint."""

_OF_RECORDS = ("model", "brand", "manufacturer", "lac", "dtstart", "call_duration", "wifi_name")
"""Names of what only several of them together tell."""

_LONG_NAME = 4
PROVIDERS = re.findall(
    r"\S+",
    """
    @qq.com @163.com @126.com @139.com @189.cn @yeah.net @sina.com @sina.cn @sohu.com @foxmail.com @aliyun.com
    @vip.qq.com @gmail.com @outlook.com @hotmail.com @live.com @icloud.com @yahoo.com @proton.me
    """,
)
"""How most addresses end, for the same purpose."""

_SHORTEST = 6
_LONGEST_HEX = SHORTEST // 2 - 1
_LONGEST_BASE64 = (SHORTEST - 1) * 3 // 4
_LONGEST_BASE32 = (SHORTEST - 1) * 5 // 8
_LONGEST_TWICE = 12
"""Bytes of a value whose wrapped look is shorter than an opaque run; of base64 in base64, too."""

_WHOLE = 12
_LONGEST_BASE85 = 19
_SHORTEST_BASE85 = 10
_USUAL = re.compile(rb"[A-Za-z0-9+/]+|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|[\w.+-]+@[\w.-]+|\+[0-9]+")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LZ_FOR_URLS = bytes.maketrans(b"/", b"-")
_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE32_TOO = (b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_BASE85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_BASE85_TOO = (
    bytes(range(33, 118)),
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
)
_TO_BASE85_TOO = tuple(bytes.maketrans(_BASE85, signs) for signs in _BASE85_TOO)
_LONGEST_IN_BASE85, _LONGEST_MARKED = 15, 8
"""Bytes whose base85 is no opaque run, and which are so few that it is none between marks of Ascii85 either."""

_ESCAPE = re.compile(rb"%[0-9A-F]{2}")
_MOST_LOOKS = 64


def looks(
    values: Sequence[bytes], whole: Iterable[bytes], places: Iterable[Location], alphabets: Sequence[str] = ()
) -> list[bytes]:
    """Returns an expression for every wrapped look of known values and places, and of the commonest names.

    `whole` are how longer values begin that are wrapped by themselves, and what was cut short; of the former only
    base85 leaves no opaque run, and LZ-String of few signs that repeat, and an alphabet of base64 that makes a word of
    one. `alphabets` are those beside the RFC's.
    """
    tables = _tables(alphabets)
    expressions = [literal(look) for look in itertools.chain(hidden(values, tables), names(), structured())]
    for begin in whole:
        expressions += map(literal, itertools.chain(_base85(begin, 1), _lz_string(begin)))
        if len(begin) <= _LONGEST_BASE64:
            expressions.append(literal(base58(begin)))
        expressions += [literal(base64.b64encode(begin[:_WHOLE]).translate(table)) for table in tables]
    expressions += nested(values)
    for place in places:
        expressions += coordinates(place, tables)
    return sorted(set(expressions))


def _tables(alphabets: Iterable[str]) -> list[bytes]:
    """Returns tables from base64 of the RFC to other alphabets."""
    return [bytes.maketrans(_BASE64, signs.encode()[: len(_BASE64)]) for signs in alphabets]


def hidden(values: Iterable[bytes], tables: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Yields the wrapped looks of values, literally. `tables` make other alphabets of the RFC's base64."""
    for value in values:
        strings = _strings(value)
        for string in strings:
            yield from _spelt(string)
        if len(value) <= _LONGEST_TWICE and value.isascii():
            yield from _twice(value, tables)
        yield from _otherwise(value, tables)
        yield from _marked(value)
        yield from _lz_string(value)
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


def structured() -> Iterator[bytes]:
    """Yields names as binary formats write them, behind their length (MessagePack, CBOR, AMF) or typed (BSON); and as
    the head of a table does, one beside the other.
    """
    for name in map(str.encode, _OF_RECORDS):
        yield from (sign + name for sign in (b",", b"\t"))
        yield from (name + sign for sign in (b",", b"\t"))
    for name in map(str.encode, (*NAMES, *_OF_RECORDS)):
        yield from (bytes([0xA0 + len(name)]) + name, bytes([0, len(name)]) + name, bytes([2 * len(name) + 1]) + name)
        yield from (kind + name + b"\0" for kind in (b"\x01", b"\x02", b"\x10", b"\x12"))
        if len(name) >= _LONG_NAME:
            yield bytes([0x60 + len(name)]) + name


def _spelt(value: bytes) -> Iterator[bytes]:
    """Yields a value in hexadecimal and in base64, where that is no opaque run."""
    if len(value) <= _LONGEST_HEX or not value.isascii():
        yield value.hex().encode()
        yield value.hex().upper().encode()
    if len(value) <= _LONGEST_BASE64:
        yield from _base64(value)


def _twice(value: bytes, tables: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Yields a value in base64 in base64, and in base58 with either; on the outside in other alphabets as well. Those
    around base85, and base85 around each, as a whole.
    """
    for once in set(_base64(value)):
        yield from _base64(once)
    inner = (base64.b64encode(value), base64.b64encode(value).rstrip(b"="), base58(value))
    for once in inner:
        yield base58(once)
        yield from _base64(once)
        signs = base64.b64encode(once).rstrip(b"=")
        yield from (signs.translate(table) for table in tables)
    in_base85 = tuple(_in_base85(value))
    for once in in_base85:
        yield base58(once)
        yield base64.b64encode(once).rstrip(b"=")
    for once in (*inner, *in_base85):
        if len(once) <= _LONGEST_IN_BASE85:
            yield from _in_base85(once)


def _marked(value: bytes) -> Iterator[bytes]:
    """Yields few bytes between marks of Ascii85, wrapped once more; the marks themselves are a decoder's hint."""
    if len(value) <= _LONGEST_MARKED:
        marked = base64.a85encode(value, adobe=True)
        if len(marked) <= _LONGEST_HEX:
            yield from (marked.hex().encode(), marked.hex().upper().encode())
        yield from (base58(marked), base64.b64encode(marked).rstrip(b"="))
        for look in _in_base85(marked):
            yield from _in_text(look)


def _in_base85(value: bytes) -> Iterator[bytes]:
    """Yields a value in base85, as a whole."""
    look = base64.b85encode(value)
    yield look
    yield from (look.translate(table) for table in _TO_BASE85_TOO)


def _otherwise(value: bytes, tables: Sequence[bytes]) -> Iterator[bytes]:
    """Yields a value in other alphabets of base64, in base32, base58 and base85, whatever stands around it.

    base85 has no runs that could be told from punctuation: there longer values have a look as well. Values grouped in
    ways that only people use are looked for in base32 alone.
    """
    usual = _USUAL.fullmatch(value) is not None
    if len(value) <= _LONGEST_BASE64:
        yield base58(value)
        yield from _translated(value, tables)
    if len(value) <= _LONGEST_BASE32:
        for core in _cores(value, base64.b32encode, 5, 5):
            yield core
            yield core.lower()
            if usual:
                yield from (core.translate(bytes.maketrans(_BASE32, signs)) for signs in _BASE32_TOO)
    yield from _base85(value[:_LONGEST_BASE85], 4 if usual else 1)


def _translated(value: bytes, tables: Sequence[bytes]) -> Iterator[bytes]:
    for core in _cores(value, base64.b64encode, 3, 6):
        yield from (core.translate(table) for table in tables)


def _base85(value: bytes, places: int) -> Iterator[bytes]:
    """Yields a value in base85, also in a text, in so many places of a group of four bytes that it may begin at."""
    for before in range(places):
        groups = (before + len(value)) // 4
        core = base64.b85encode(bytes(before) + value)[(before > 0) * 5 : groups * 5]
        if len(core) >= _SHORTEST_BASE85:
            for look in (core, *(core.translate(table) for table in _TO_BASE85_TOO)):
                yield from _in_text(look)


def _lz_string(value: bytes) -> Iterator[bytes]:
    """Yields a text in LZ-String, as a whole, where that is no opaque run, also in a form."""
    try:
        signs = lz_string(value.decode())
    except UnicodeDecodeError:
        return
    if len(signs) < SHORTEST:
        yield from _in_form(signs)
        yield from _in_form(signs.translate(_LZ_FOR_URLS))
        yield signs.replace(b"/", b"\\/")


def _in_form(look: bytes) -> set[bytes]:
    """Returns a look as it is, and percent-encoded once and twice."""
    once = quote_from_bytes(look, safe="")
    return {look, once.encode(), quote(once, safe="").encode()}


def _in_text(look: bytes) -> set[bytes]:
    """Returns a look as it is, in a form, in a JSON string and in XML, within quotes and without."""
    text = look.decode()
    others = {json.dumps(text)[1:-1].encode(), escape(text).encode(), quoteattr(text)[1:-1].encode()}
    return _in_form(look) | others


def base58(value: bytes) -> bytes:
    """Returns a value in base58, as a whole."""
    number, signs = int.from_bytes(value), bytearray()
    while number:
        number, digit = divmod(number, 58)
        signs.append(_BASE58[digit])
    return bytes(signs[::-1])


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
    looks |= {quote_from_bytes(look, safe="").replace("%20", "+").encode() for look in looks}
    for _ in range(2):
        looks |= {quote_from_bytes(look, safe="").encode() for look in looks}
    return looks | {_ESCAPE.sub(lambda escape: escape[0].lower(), look) for look in looks}


def _base64(value: bytes) -> Iterator[bytes]:
    """Yields a value's base64 in either alphabet of the RFC, whatever stands around it."""
    for core in _cores(value, base64.b64encode, 3, 6):
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")
        yield core.replace(b"/", b"\\/")


def _cores(value: bytes, encode: Callable[[bytes], bytes], group: int, bits: int) -> Iterator[bytes]:
    """Yields what stays the same of an encoded value for each place in a group of bytes that it may begin at."""
    for shift in range(group):
        whole = encode(bytes(shift) + value)
        first = (shift * 8 + bits - 1) // bits
        last = (shift + len(value)) * 8 // bits
        if last - first >= _SHORTEST - 1:
            yield whole[first:last]


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


def coordinates(place: Location, tables: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Yields expressions for the coordinates of a place: wrapped texts, and little-endian doubles and floats.

    The bytes that hold sign, exponent and the first bits of the fraction are the same all over the place.
    """
    reach = place.radius_m / 111_000 * 2
    for degrees in (place.lat, place.lon):
        for text in {f"{degrees + offset:.6f}"[:-4] for offset in (-reach, 0, reach)}:
            value = text.encode()
            for wrapped in (*_spelt(value), *_twice(value), *_translated(value, tables)):
                yield literal(wrapped)
        for layout in (">d", ">f"):
            ends = [struct.pack(layout, degrees + offset) for offset in (-reach, reach)]
            for kept in (3, 2):
                first, last = sorted(int.from_bytes(end[:kept]) for end in ends)
                if last - first < _MOST_LOOKS:
                    break
            for look in range(first, min(last + 1, first + _MOST_LOOKS)):
                yield literal(look.to_bytes(kept, "little"))
