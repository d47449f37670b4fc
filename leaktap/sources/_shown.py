"""What an HTTP flow says, in plain values: cheap to take from a running proxy, to send to another process, and to read.

`asked`, `replied` and `spoken` only pick what is there; `exchange` and `message_exchange` are where it is decoded. So a
running proxy spends microseconds on a message, and the same code makes exchanges of flows from files.
"""

from __future__ import annotations

import ipaddress
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from leaktap.model import Alias, Endpoint, Exchange, Headers, Message, Origin, Time
from leaktap.sources._http import version, without_pseudo
from leaktap.wire.tls_certificates import MOST_NAMES, tls_aliases

if TYPE_CHECKING:
    from mitmproxy.certs import Cert
    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow

type Address = tuple[str, int] | None

_AUTHORITY = re.compile(r"(?P<host>[^:]+|\[.+\])(?::(?P<port>[0-9]{1,5}))?")


class Asked(NamedTuple):
    """A request: mitmproxy's values as they are, and the connection's ends. `body` is None if it was streamed.

    `greeted` is the server's name in the client's TLS greeting, `certified` are the names in the server's certificate.
    """

    flow: str
    version: bytes
    method: bytes
    path: bytes
    authority: bytes
    scheme: bytes
    host: str
    headers: Headers
    trailers: Headers
    body: bytes | None
    time: float | None
    client: Address
    server: Address
    greeted: str = ""
    certified: tuple[str, ...] = ()


class Replied(NamedTuple):
    """A response."""

    version: bytes
    status: int
    reason: bytes
    headers: Headers
    trailers: Headers
    body: bytes | None
    time: float | None


class Spoken(NamedTuple):
    """A WebSocket message: the request that began the conversation, which message it is, who sent it, what and when."""

    asked: Asked
    number: int
    client: bool
    data: bytes
    time: float | None


def asked(flow: HTTPFlow, body: bool = True) -> Asked:
    """Returns what the request of a flow says; without `body`, its body is left out as if it were empty."""
    data = flow.request.data
    server = flow.server_conn
    return Asked(
        flow.id,
        data.http_version,
        data.method,
        data.path,
        data.authority,
        data.scheme,
        data.host,
        data.headers.fields,
        data.trailers.fields if data.trailers else (),
        data.content if body else b"",
        data.timestamp_start,
        flow.client_conn.peername,
        server.peername or server.address,
        flow.client_conn.sni or "",
        _certified(flow),
    )


def replied(flow: HTTPFlow) -> Replied | None:
    """Returns what the response of a flow says, if there is one."""
    if flow.response is None:
        return None
    data = flow.response.data
    trailers = data.trailers.fields if data.trailers else ()
    return Replied(
        data.http_version,
        data.status_code,
        data.reason,
        data.headers.fields,
        trailers,
        data.content,
        data.timestamp_start,
    )


def spoken(flow: HTTPFlow, index: int) -> Spoken:
    """Returns the WebSocket message `index` of a flow."""
    assert flow.websocket is not None
    message = flow.websocket.messages[index]
    content: bytes | str = message.content
    if isinstance(content, str):  # as format versions up to 7 kept text messages
        content = content.encode("utf-8", "surrogateescape")
    return Spoken(asked(flow, body=False), index, message.from_client, content, message.timestamp)


def exchange(said: Asked, answer: Replied | None, source: str, name: str) -> Exchange:
    """Returns the exchange, with `name` for its id."""
    protocol, http = version(_text(said.version))
    scheme = _text(said.scheme)
    start = (_text(said.method), _text(said.path or said.authority), http)
    answered = None
    if answer:
        line = (version(_text(answer.version))[1], str(answer.status), answer.reason.decode("iso-8859-1"))
        answered = _message(line, answer.headers, answer.trailers, answer.body, answer.time)
    transport = "udp" if protocol == "h3" else "tcp"
    host = _host(said, protocol).lower()
    return Exchange(
        name,
        microseconds(said.time),
        endpoint(said.client),
        endpoint(said.server),
        scheme,
        host,
        _message(start, said.headers, said.trailers, said.body, said.time),
        answered,
        Origin(source, protocol, transport, None, said.flow, scheme == "https"),  # type: ignore[arg-type]
        aliases=_aliases(host, said.greeted, said.certified),
    )


def message_exchange(said: Spoken, source: str, name: str) -> Exchange:
    """Returns a WebSocket message as an exchange: a request from the client, a response from the server."""
    ask, time = said.asked, microseconds(said.time)
    protocol, _ = version(_text(ask.version))
    scheme, host = _text(ask.scheme), _host(ask, protocol).lower()
    target = _text(ask.path).partition("?")[0]
    return Exchange(
        f"{name}.{said.number}",
        time,
        endpoint(ask.client),
        endpoint(ask.server),
        scheme,
        host,
        Message(("WEBSOCKET", target, "websocket"), (), said.data if said.client else b"", time),
        None if said.client else Message(("websocket", "", ""), (), said.data, time),
        Origin(source, "websocket", "tcp", None, ask.flow, scheme == "https"),
        aliases=_aliases(host, ask.greeted, ask.certified),
    )


@lru_cache(4096)
def _aliases(host: str, greeted: str, certified: tuple[str, ...]) -> tuple[Alias, ...]:
    return tls_aliases(host, greeted.lower().rstrip("."), certified)


def _certified(flow: Flow) -> tuple[str, ...]:
    chain = flow.server_conn.certificate_list
    return _names(chain[0]) if chain else ()


@lru_cache(1024)
def _names(certificate: Cert) -> tuple[str, ...]:
    """Returns the hosts that a certificate is for; one that cannot be read is for none."""
    from cryptography.x509 import DNSName

    try:
        hosts = [name.value.lower().rstrip(".") for name in certificate.altnames if isinstance(name, DNSName)]
    except ValueError:
        return ()
    return tuple(hosts[:MOST_NAMES])


def microseconds(seconds: float | None) -> Time:
    """Returns a time; nothing sensible is 0."""
    return round(seconds * 1_000_000) if seconds and math.isfinite(seconds) and abs(seconds) < 1e11 else 0


@lru_cache(4096)
def endpoint(address: Address) -> Endpoint:
    """Returns one end of a connection; the address of a name, which is all there is where nothing was connected, is
    empty.
    """
    said, port = (address or ("", 0))[:2]
    try:
        ip = ipaddress.ip_address(said.partition("%")[0])
    except ValueError:
        return Endpoint("", port)
    return Endpoint(str(getattr(ip, "ipv4_mapped", None) or ip), port)


def _host(said: Asked, protocol: str) -> str:
    """Returns the host that the request names in its authority or Host header, else where it went."""
    named = said.authority if protocol in ("h2", "h3") else b""
    if not named:
        named = next((value for name, value in said.headers if name.lower() == b"host"), b"")
    return _named_host(named) or said.host


@lru_cache(4096)
def _named_host(authority: bytes) -> str:
    """Returns the host of an authority (RFC 3986, section 3.2); what is none stays as it is."""
    text = _text(authority)
    found = _AUTHORITY.fullmatch(text)
    if not found or int(found["port"] or 0) > 65_535:
        return text
    return found["host"].removeprefix("[").removesuffix("]")


def _message(
    start: tuple[str, str, str], headers: Headers, trailers: Headers, body: bytes | None, time: float | None
) -> Message:
    missing = 0 if body is not None else length(headers)
    return Message(start, without_pseudo(headers) + trailers, body or b"", microseconds(time), (), missing)


def length(headers: Headers) -> int:
    """Returns how long a body that was not kept is, as far as its header says."""
    said = next((value for name, value in headers if name.lower() == b"content-length"), b"")
    return int(said) if re.fullmatch(rb"[0-9]{1,15}", said) else 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
