"""Writers of text that stands for bytes: the base encodings, and escapes of all sorts."""

import base64
import html
import json
import quopri
import sys
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import quote_from_bytes

from benchmarks._members import Header, Wrapped, filler, shuffled

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
OWN_ALPHABET = b"zyxwvutsrqponmlkjihgfedcba9876543210ZYXWVUTSRQPONMLKJIHGFEDCBA-_"
"""An alphabet that the user names."""

_ALPHABETS = {
    "mintegral": b"vSoajc7dRzpWifGyNxZnV5k+DHLYhJ46lt0U3QrgEuq8sw/XMeBAT2Fb9P1OIKmC",
    "salmon": b"ceM7uVqJHjxLv/NGmR8Sib31AhokWsZnDlwQ+YdPKB9EOUXFC4t5aIpr0fg2Tyz6",
    "topon": b"dMWnhbeyKr0J+IvLNOx3BFkEuml92/5fjSqGT7R8pZVciPHAstC4UXa6QDw1gozY",
    "topon2": b"xZnV5k+DvSoajc7dRzpHLYhJ46lt0U3QrWifGyNgb9P1OIKmCEuq8sw/XMeBAT2F",
    "own": OWN_ALPHABET,
    "baidu": b"0KajD7AZcF2QnPr5fwiHRNygmupUTIXx69BWb-hMCGJo_V8Eskz1YdvL34letqSO",
}


def base64_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    kind = random.randrange(5)
    if kind == 0:
        text = base64.encodebytes(data).strip().replace(b"\n", random.choice((b"\n", b"\r\n")))
    elif kind == 1:
        text = base64.urlsafe_b64encode(data)
    else:
        text = base64.b64encode(data)
    return Wrapped(text.rstrip(b"=") if kind in (1, 2) else text, "|base64")


_BEGINNINGS = (
    b"\x1f\x8b",
    b"x\x01",
    b"x\x5e",
    b"x\x9c",
    b"x\xda",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\xfd7zXZ",
    b"\x04\x22\x4d\x18",
)
"""How compressed streams begin."""

_HIGH, _LONGEST_DIGEST = bytes(range(0x80, 0x100)), 64


def alphabet64(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes what could be a token as well in the user's alphabet alone: in that of an SDK, nothing would tell it."""
    name = "own" if _like_token(data) else random.choice(list(_ALPHABETS))
    text = base64.b64encode(data).translate(bytes.maketrans(_STANDARD, _ALPHABETS[name]))
    return Wrapped(text if random.random() < 0.5 else text.rstrip(b"="), f"|alphabet64.{name}")


def _like_token(data: bytes) -> bool:
    """Tells whether bytes may be random throughout."""
    if data.startswith(_BEGINNINGS) or data.isascii():
        return False
    return len(data) <= _LONGEST_DIGEST or len(data[:48].translate(None, _HIGH)) * 4 <= 3 * len(data[:48])


def base32(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    text = base64.b32encode(data)
    text = text.lower() if random.random() < 0.5 else text
    return Wrapped(text.rstrip(b"=") if random.random() < 0.5 else text, "|base32")


def base58(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    """Writes one large number, and a 1 for each zero byte in front."""
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return Wrapped(("1" * (len(data) - len(data.lstrip(b"\0"))) + text).encode(), "|base58")


def base85(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    if sys.version_info >= (3, 13) and len(data) % 4 == 0 and random.random() < 0.5:
        return Wrapped(base64.z85encode(data), "|base85.z85")
    return Wrapped(base64.b85encode(data), "|base85")


def ascii85(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes marks around it, but not always around a text."""
    marked = not (data.isascii() and data.decode().isprintable()) or random.random() < 0.7
    return Wrapped(base64.a85encode(data, adobe=marked, wrapcol=random.choice((0, 0, 76))), "|ascii85")


def hex_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    text = data.hex()
    return Wrapped((text.upper() if random.random() < 0.4 else text).encode(), "|hex")


def percent(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    once = quote_from_bytes(data, safe="")
    if once.encode() == data or random.random() < 0.2:
        once = "".join(f"%{byte:02X}" for byte in data)
    return Wrapped(once.encode(), "|percent")


def html_(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    text = data.decode()
    once = html.escape(text)
    if once == text or random.random() < 0.3:
        form = random.choice(("&#{};", "&#x{:x};", "&#x{:X};"))
        once = "".join(form.format(ord(character)) for character in text)
    return Wrapped(once.encode(), "|html")


def escape(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    text = data.decode()
    if text.isascii() and random.random() < 0.5:
        return Wrapped("".join(f"\\x{ord(character):02x}" for character in text).encode(), "|escape")
    units = text.encode("utf-16-be").hex()
    return Wrapped("".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)).encode(), "|escape")


def quoted_printable(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(quopri.encodestring(data), "|quoted_printable")


def data_url(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    kind = random.choice((b"text/plain", b"application/octet-stream", b""))
    return Wrapped(b"data:" + kind + b";base64," + base64.b64encode(data), "|data")


def charset(name: str, step: str) -> Callable[[Random, bytes, Sequence[int]], Wrapped]:
    """Returns a wrapper that writes text in a charset."""
    return lambda random, data, range_: Wrapped(data.decode().encode(name), step)


def marked(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes UTF-32 behind a byte order mark."""
    return Wrapped(f"\ufeff{data.decode()}".encode(random.choice(("utf-32-le", "utf-32-be"))), "|text")


def announced(*charsets: str) -> Callable[[Random, bytes, Sequence[int]], Wrapped]:
    """Returns a wrapper that writes text in a charset that the content type names."""

    def write(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
        name = random.choice(charsets)
        return Wrapped(data.decode().encode(name), "|text", _said("text/plain", name))

    return write


def _said(kind: str, charset: str) -> tuple[Header, ...]:
    return ((b"Content-Type", f"{kind}; charset={charset}".encode()),)


def among(charset: str, key: str, words: str, said: bool = False) -> Callable[[Random, bytes, Sequence[int]], Wrapped]:
    """Returns a wrapper that writes text into a document with Chinese in it, in a charset that may be `said`."""

    def write(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
        name = random.choice(("v", "info", "payload"))
        tree = dict(shuffled(random, name, data.decode(), [(key, words), *filler(random, range_)]))
        text = json.dumps(tree, ensure_ascii=False).encode(charset)
        if said:
            return Wrapped(text, f"|text|json.$.{name}", _said("application/json", charset))
        return Wrapped(text, f"|charset.{charset}|json.$.{name}")

    return write


def for_urls(data: bytes) -> bytes:
    """Returns base64 as tokens have it (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
