"""What texts are wrapped in, by independent encoders: for properties over random nestings."""

import base64
import gzip
import json
import quopri
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

from leaktap.decoders import alphabets

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_Z85 = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
)

type Wrap = Callable[[str], str]


def _bytes(encode: Callable[[bytes], bytes]) -> Wrap:
    return lambda text: encode(text.encode()).decode()


def _base58(data: bytes) -> bytes:
    number, signs = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        signs = _BASE58[digit] + signs
    return signs.encode()


def _units(text: str) -> Iterator[str]:
    units = text.encode("utf-16-be").hex()
    return (units[at : at + 4] for at in range(0, len(units), 4))


def _alphabet(signs: str) -> Wrap:
    table = bytes.maketrans(_STANDARD, signs.encode())
    return _bytes(lambda data: base64.b64encode(data).translate(table))


WRAPPERS: dict[str, Wrap] = {
    "json": lambda text: json.dumps({"inner": text}),
    "json, UTF-8": lambda text: json.dumps({"inner": text}, ensure_ascii=False).replace("/", "\\/"),
    "percent": lambda text: quote(text, safe=""),
    "percent, plus": quote_plus,
    "percent, all": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "url": lambda text: f"https://x.example/p?q={quote(text, safe='')}",
    "data": lambda text: f"data:text/plain;charset=utf-8,{quote(text)}",
    "data, base64": lambda text: f"data:;base64,{base64.b64encode(text.encode()).decode()}",
    "base64": _bytes(base64.b64encode),
    "base64, unpadded": _bytes(lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")),
    "base64, gzip": _bytes(lambda data: base64.b64encode(gzip.compress(data, mtime=0))),
    "base64, zlib": _bytes(lambda data: base64.b64encode(zlib.compress(data))),
    "base64, UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base32": _bytes(base64.b32encode),
    "base32, lower": _bytes(lambda data: base64.b32encode(data).rstrip(b"=").lower()),
    "base32, hex": _bytes(base64.b32hexencode),
    "base32, Crockford": _bytes(lambda data: base64.b32encode(data).rstrip(b"=").translate(_CROCKFORD)),
    "base58": _bytes(_base58),
    "ascii85": _bytes(lambda data: base64.a85encode(data, adobe=True)),
    "hex": lambda text: text.encode().hex(),
    "hex, upper": lambda text: text.encode().hex().upper(),
    "html": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "html, hex": lambda text: "".join(f"&#x{ord(sign):x};" for sign in text),
    "escape, u": lambda text: "".join(f"\\u{unit}" for unit in _units(text)),
    "escape, x": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "escape, octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "escape, %u": lambda text: "".join(f"%u{unit}" for unit in _units(text)),
    "quoted-printable": _bytes(quopri.encodestring),
    "jwt": lambda text: ".".join(
        base64.urlsafe_b64encode(piece.encode()).rstrip(b"=").decode()
        for piece in ('{"alg":"HS256"}', json.dumps({"sub": text}), "signature")
    ),
    "basic": lambda text: "Basic " + base64.b64encode(f"key:{text}".encode()).decode(),
    "http": lambda text: f"POST /a HTTP/1.1\r\nContent-Type: text/plain\r\nX-Id: 1\r\n\r\n{text}",
    **{f"alphabet64, {name}": _alphabet(signs) for name, signs in alphabets()},
}
"""From a text to a text, any of them around any other."""

ALONE: dict[str, Wrap] = {
    "base85": _bytes(base64.b85encode),
    "z85": _bytes(lambda data: base64.b85encode(data).translate(_Z85)),
    "ascii85, unmarked": _bytes(base64.a85encode),
}
"""Those that are seen in a large text only where they are the only wrapper of a known value."""
