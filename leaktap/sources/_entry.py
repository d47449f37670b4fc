"""One HAR entry becomes an Exchange, and one more for each WebSocket message in it.

HAR keeps bodies as text, and each tool has its way for bytes that are none: base64 said so in `encoding` (also in
HTTP Toolkit's and PiRogue's `_content`), code points below 256, lone surrogates (mitmproxy), form fields only.
`_bytes` undoes them all. Bodies are kept with their content coding removed, so the header that announces it goes too.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlsplit

from leaktap.config import to_time
from leaktap.model import Blind, Endpoint, Exchange, Headers, Message, Origin, Time
from leaktap.sources._http import default_port, version, without_pseudo

_LOCAL = {"about", "blob", "chrome", "chrome-extension", "data", "file", "moz-extension", "resource"}
"""Schemes of URLs that browsers list though nothing goes over the network."""
_TEXTUAL = re.compile(r"text/|[^;]*(json|xml|javascript|urlencoded|graphql)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_BOUNDARY = re.compile(r";\s*boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;]+))", re.IGNORECASE)
_CODING_MAGIC = {b"gzip": b"\x1f\x8b", b"x-gzip": b"\x1f\x8b", b"deflate": b"\x78", b"zstd": b"\x28\xb5\x2f\xfd"}


class BadEntry(Exception):
    """An entry says something that no exchange can be made of: `str()` is what."""


def exchanges(entry: Any, index: int, source: str) -> Iterator[Exchange | Blind]:
    """Yields what the entry `index` holds, and a Blind for each body that was left out.

    Raises:
        BadEntry: it has no request, or one without a usable URL; also after the exchange, where only the time is bad.
    """
    said = _mapping(entry)
    request, response = _mapping(said.get("request")), _mapping(said.get("response"))
    if not request:
        raise BadEntry("has no request: skipped")
    url = _text(request.get("url"))
    if url.partition(":")[0].lower() in _LOCAL:
        return
    scheme, host, port, target = _address(url)
    time, fault = _time(_text(said.get("startedDateTime")))
    protocol, http = version(_text(request.get("httpVersion")))
    server = Endpoint(_text(said.get("serverIPAddress")).strip("[]"), port)
    client = Endpoint(_text(said.get("_clientAddress") or said.get("clientIPAddress")))
    origin = Origin(source, protocol, "udp" if protocol == "h3" else "tcp", None, str(index), scheme == "https")

    body, mime = _posted(request)
    absent = 0 if body else _count(request.get("bodySize")) or _count(_mapping(request.get("_content")).get("size"))
    headers = _as_kept(_headers(request), body, mime)
    asked = Message((_text(request.get("method")) or "GET", target, http), headers, body, time, (), absent)
    answered, left_out = _answer(response, time + _waited(said)) if _count(response.get("status")) else (None, 0)
    yield Exchange(f"har:{index}", time, client, server, scheme, host, asked, answered, origin)

    for count, which in ((absent, "request body"), (left_out, "response body")):
        if count:
            yield Blind(
                time, "streamed", protocol, host, server.ip, port, count, source, detail=f"{which} of entry {index}"
            )
    for number, message in enumerate(_sequence(said.get("_webSocketMessages"))):
        start = ("WEBSOCKET", target.partition("?")[0], "websocket")
        at, data, sent = _socket_message(_mapping(message), time)
        yield Exchange(
            f"har:{index}.{number}",
            at,
            client,
            server,
            scheme,
            host,
            Message(start, (), data if sent else b"", at),
            None if sent else Message(("websocket", "", ""), (), data, at),
            Origin(source, "websocket", "tcp", None, str(index), scheme == "https"),
        )
    if fault:
        raise BadEntry(fault)


def _answer(response: dict[str, Any], time: Time) -> tuple[Message, int]:
    """Returns the response and how many bytes of its body the file leaves out."""
    content = _mapping(response.get("content"))
    mime = _text(content.get("mimeType"))
    body = _bytes(content, mime)
    absent = 0 if body else max(_count(content.get("size")), _count(response.get("bodySize")))
    status, reason = str(_count(response.get("status"))), _text(response.get("statusText"))
    headers = _as_kept(_headers(response), body, mime)
    start = (version(_text(response.get("httpVersion")))[1], status, reason)
    return Message(start, headers, body, time, (), absent), absent


def _socket_message(message: dict[str, Any], begun: Time) -> tuple[Time, bytes, bool]:
    """Returns time, data and whether the client sent it; binary messages (opcode 2, RFC 6455) are in base64."""
    data = _text(message.get("data"))
    binary = _count(message.get("opcode")) == 2
    at = message.get("time")
    seconds = at if isinstance(at, float) and 0 < at < 1e11 else 0.0
    body = (_from_base64(data) if binary else None) or _encode(data, "")
    return round(seconds * 1_000_000) or begun, body, message.get("type") == "send"


def _posted(request: dict[str, Any]) -> tuple[bytes, str]:
    """Returns the request's body and its media type."""
    posted, content = _mapping(request.get("postData")), _mapping(request.get("_content"))
    mime = _text(posted.get("mimeType")) or _text(content.get("mimeType"))
    body = _bytes(posted, mime) or _bytes(content, mime)
    fields = [_mapping(field) for field in _sequence(posted.get("params"))]
    if body or not fields:
        return body, mime
    if mime.lower().startswith("multipart/"):
        found = _BOUNDARY.search(mime)
        if not found:
            mime += "; boundary=leaktap"
        return _multipart(fields, (found[1] or found[2]) if found else "leaktap"), mime
    pairs = [(_text(field.get("name")), _text(field.get("value"))) for field in fields]
    return "&".join(f"{_quote(key)}={_quote(value)}" for key, value in pairs).encode(), mime


def _quote(text: str) -> str:
    """Quotes for a form; tools disagree on whether values are kept quoted, so that percent signs stay."""
    return quote_plus(text, safe="%", errors="surrogatepass")


def _multipart(fields: list[dict[str, Any]], boundary: str) -> bytes:
    """Writes a body as in RFC 7578."""
    mark, body = boundary.encode("utf-8", "surrogatepass"), b""
    for field in fields:
        head = f'Content-Disposition: form-data; name="{_text(field.get("name"))}"'
        if file := _text(field.get("fileName")):
            head += f'; filename="{file}"'
        if mime := _text(field.get("contentType")):
            head += f"\r\nContent-Type: {mime}"
        body += b"--%b\r\n%b\r\n\r\n%b\r\n" % (mark, _encode(head, ""), _encode(_text(field.get("value")), ""))
    return body + b"--%b--\r\n" % mark


def _bytes(content: dict[str, Any], mime: str) -> bytes:
    """Returns the bytes that `content.text` stands for."""
    text = _text(content.get("text"))
    if text and _text(content.get("encoding") or content.get("_encoding")).lower() == "base64":
        decoded = _from_base64(text)
        if decoded is not None:
            return decoded
    return _encode(text, mime)


def _from_base64(text: str) -> bytes | None:
    packed = "".join(text.split())
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _encode(text: str, mime: str) -> bytes:
    """Returns the bytes that a tool turned into `text`.

    Code points all below 256 are bytes where the media type or control characters say "binary", and where they make
    valid UTF-8 (a tool took UTF-8 for Latin-1); everything else is text in the charset that `mime` names, or UTF-8.
    """
    if text.isascii():
        return text.encode()
    charset = _CHARSET.search(mime)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        with suppress(LookupError, UnicodeError):
            return text.encode(charset[1])
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        raw = b""
    if raw and (_CONTROL.search(raw) or (mime and not _TEXTUAL.match(mime)) or _is_utf8(raw)):
        return raw
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_kept(headers: Headers, body: bytes, mime: str) -> Headers:
    """Makes the headers fit the body that is kept: no coding that was removed, and its type where that is missing."""
    codings = [value.strip().lower() for name, value in headers if name.lower() == b"content-encoding"]
    if body and codings:
        magic = _CODING_MAGIC.get(codings[0])
        kept = body.startswith(magic) if magic else bool(_CONTROL.search(body)) and not _is_utf8(body)
        if not kept:
            headers = tuple(pair for pair in headers if pair[0].lower() != b"content-encoding")
    if body and mime:
        said = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        if not said or (b"multipart/" in said.lower() and b"boundary" not in said.lower()):
            headers = tuple(pair for pair in headers if pair[0].lower() != b"content-type")
            headers = (*headers, (b"content-type", _encode(mime, "")))
    return headers


def _headers(message: dict[str, Any]) -> Headers:
    """Reads {name, value} objects, and the [name, value] pairs that Slack writes."""
    pairs = []
    for header in _sequence(message.get("headers")):
        if isinstance(header, dict):
            pairs.append((_text(header.get("name")), _text(header.get("value"))))
        elif isinstance(header, list) and len(header) == 2:
            pairs.append((_text(header[0]), _text(header[1])))
    return without_pseudo(tuple((_encode(name, ""), _encode(value, "")) for name, value in pairs if name))


def _address(url: str) -> tuple[str, str, int, str]:
    """Returns scheme, host, port and target in origin form; ws and wss count as the HTTP that carries them."""
    try:
        parts = urlsplit(url)
        scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadEntry(f"its URL is none ({error}): skipped") from None
    if scheme not in ("http", "https") or not host:
        raise BadEntry(f"its URL is none that HTTP could ask for ({scheme or 'no scheme'}): skipped")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return scheme, host.lower(), port or default_port(scheme), target


def _time(text: str) -> tuple[Time, str]:
    """Returns the moment and what is wrong with it; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return to_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), ""
    except (ValueError, OverflowError):
        return 0, f"startedDateTime {text[:40]!r} is no time: taken as 1970"


def _waited(entry: dict[str, Any]) -> Time:
    """Returns microseconds from the request's begin to the response's: total time without receiving."""
    timings = _mapping(entry.get("timings"))
    return 1000 * max(_count(entry.get("time")) - _count(timings.get("receive")), 0)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    """Returns a number as a count: 0 for what is negative (HAR's "unknown"), no number, or absurd."""
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1e15 else 0
