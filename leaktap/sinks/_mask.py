"""How personal data is shown to those who need not see it: enough to recognise a value, never enough to use it.

At most a third of a value's characters stay, and nothing of a short one. A location keeps its whole degrees (about
100 km), an e-mail address its shape. `hide` does the same to a value inside other text, however it is percent-encoded
there; `mask_url` treats the rest of a URL's query too, because one request often carries several values at once.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote_plus, unquote_to_bytes

_CODE = "code_download"
"""The class whose values, hashes of programs, are nobody's and shown whole."""
_DIGEST = re.compile(r"md\d|sha|sm\d|crc|hmac")
_DEGREES = re.compile(r"([-+]?\d{1,3})\.(\d+)")
_PLACE = re.compile(r"[-+\d.,;:/\s]+")
_EMAIL = re.compile(r"([^@\s]+)@([^@\s]+)\.([^@\s.]+)")
_WORDS = re.compile(r"[^\s,;]+")
_LONGEST = 40
_DECODINGS = 3
_URL_MOST = 2048


def mask(value: str, identifier: str = "", form: Sequence[str] = ()) -> str:
    """Returns `value` with all but a few characters starred; `identifier` and `form` are those of its `Match`."""
    if identifier == _CODE:
        return value
    if any(map(_DIGEST.match, form)):
        return _keep(value, 4, 0)
    if identifier == "location" and _PLACE.fullmatch(value) and _DEGREES.search(value):
        return _cut(_DEGREES.sub(lambda found: f"{found[1]}.{'*' * len(found[2])}", value))
    if email := _EMAIL.fullmatch(value):
        return _masked_email(len(value), *email.groups())
    if identifier == "contacts" and (several := _WORDS.findall(value))[1:]:
        return _cut(" ".join(mask(word, identifier) for word in several))
    if identifier in ("name", "contacts") and not any(map(str.isdigit, value)):
        return _keep(value, 1, 0)
    return _keep(value, 2, 2) if len(value) > 5 else "*" * len(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _keep(value: str, head: int, tail: int) -> str:
    while head + tail > len(value) // 3:
        head, tail = (head, tail - 1) if tail >= head else (head - 1, tail)
    stars = min(len(value) - head - tail, _LONGEST - head - tail)
    return value[:head] + "*" * stars + value[len(value) - tail :]


def _masked_email(length: int, user: str, domain: str, top: str) -> str:
    if len(top) + 2 <= length // 3:
        return f"{user[0]}***@{domain[0]}***.{top}"
    return f"{user[0]}***@***" if length >= 6 else "*" * length


def hide(text: str, secret: bytes, shown: str) -> str:
    """Returns `text` with each `secret` in it, literal or percent-encoded (also repeatedly), replaced by `shown`.

    Secrets too short to be told from ordinary words (under four bytes, two characters of other scripts) are left.
    """
    if len(secret) < 4:
        return text
    plain = text.encode("utf-8", "surrogateescape")
    for _ in range(_DECODINGS):
        if secret in plain or secret in plain.replace(b"+", b" "):
            return re.sub(_anyhow(secret), lambda _found: shown, text)
        plain, before = unquote_to_bytes(plain), plain
        if plain == before:
            break
    return text


def _anyhow(secret: bytes) -> str:
    """Returns a pattern for `secret` in which any byte may be percent-encoded, once or more often."""
    try:
        characters: Iterable[str] = secret.decode()
    except UnicodeDecodeError:
        characters = secret.decode("latin-1")
        return "".join(_either(c, c.encode("latin-1")) for c in characters)
    return "".join(_either(c, c.encode()) for c in characters)


def _either(character: str, encoded: bytes) -> str:
    percent = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in encoded)
    literal = r"(?:\ |\+)" if character == " " else re.escape(character)
    return f"(?:{percent}|{literal})"


def mask_url(url: str, secret: bytes, shown: str) -> str:
    """Returns `url` (absolute, or a target) with the value masked, and whatever else in it might be personal.

    Of the query, values with a digit, an `@` or another script are masked from six characters on; of the path, pieces
    with a digit from sixteen. A user and password before the host go whole. Very long URLs are cut.
    """
    head, mark, query = hide(url, secret, shown).partition("?")
    start, slashes, rest = head.partition("://") if "://" in head and head[0] != "/" else ("", "", head)
    authority, slash, path = rest.partition("/")
    if slashes:
        authority = "***@" * ("@" in authority) + authority.rpartition("@")[2]
    path = "/".join(_masked_piece(piece, 16, shown) for piece in path.split("/"))
    fields = (field.partition("=") for field in query.split("&"))
    query = "&".join(name + equals + _masked_piece(value, 6, shown) for name, equals, value in fields)
    whole = start + slashes + authority + slash + path + mark + query
    return whole if len(whole) <= _URL_MOST else whole[:_URL_MOST] + "…"


def _masked_piece(piece: str, least: int, shown: str) -> str:
    text = unquote_plus(piece)
    if text == shown or len(text) < least or not any(c.isdigit() or c == "@" or ord(c) > 127 for c in text):
        return piece
    return quote(mask(text), safe="*@.", errors="replace")
