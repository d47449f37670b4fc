"""mitmproxy's flows, from its dump files (of every version that mitmproxy reads) and from a running proxy.

A dump file is one tnetstring (https://tnetstrings.info) after the other. They are cut here, so that a length that lies
costs no memory and one broken flow does not end the file; mitmproxy's own reader makes each a flow. mitmproxy is
imported only when there is a flow: recognising a file needs none of it.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from leaktap.marks import SIGN, marks
from leaktap.model import Blind, Endpoint, Exchange, Fault, Mark, Message, Origin, Progress, Seen, Time
from leaktap.sources._api import Reading, Source
from leaktap.sources._http import version, without_pseudo

if TYPE_CHECKING:
    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow
    from mitmproxy.http import Message as HTTPMessage

_DUMP = re.compile(rb"[0-9]{1,12}:[0-9]{1,9}:[a-z]")
_MOST_FLOW = 1 << 30
"""Bytes that one flow may have."""
_CHUNK = 1 << 20


def sniff(head: bytes) -> bool:
    """Recognises a tnetstring that begins with one, as a dictionary does."""
    return _DUMP.match(head) is not None


def read(stream: BinaryIO, name: str, reading: Reading) -> Iterator[Seen]:
    """Yields the exchanges of each flow; DNS, which has no exchanges, as one Blind at the end.

    Marks in the flows' comments come before all else where the stream can be sought, and else before their flow.
    """
    buffered: io.BufferedReader[Any]
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
    ahead = buffered.seekable()
    if ahead:
        yield from _marks_ahead(buffered, name)
    index, size, dns = 0, 0, None
    for record in _records(buffered):
        where = f"{name}, flow {index}"
        if isinstance(record, str):
            yield Fault("source", where, record)
            break
        try:
            flow = _flow(record)
            found: list[Seen] = [] if ahead else list(_marks(flow, where))
            found += flow_exchanges(flow, name, f"flow:{index}")
        except _broken() as error:
            yield Fault("source", where, f"is no flow that mitmproxy can read ({_line(error)}): skipped")
            found = []
        for seen in found:
            if isinstance(seen, Blind) and seen.protocol == "dns":
                dns = joined(dns, seen)
            else:
                yield seen
        index, size = index + 1, size + len(record)
        yield Progress(name, size)
    if dns:
        yield dns


SOURCE = Source("mitmproxy flows", sniff, read)


def _marks_ahead(stream: io.BufferedReader[Any], name: str) -> Iterator[Mark | Fault]:
    """Yields the marks of all flows, and leaves the stream where it is."""
    begin = stream.tell()
    for index, record in enumerate(_records(stream)):
        if isinstance(record, str):
            break
        if SIGN in record:
            with contextlib.suppress(*_broken()):  # reading the flow meets the same error, and tells
                yield from list(_marks(_flow(record), f"{name}, flow {index}"))
    stream.seek(begin)


def _marks(flow: Flow, where: str) -> Iterator[Mark | Fault]:
    """Yields the marks in the comment of a flow: they are of the moment of its request, or of its connection's."""
    if SIGN in flow.comment.encode("utf-8", "replace"):
        request = getattr(flow, "request", None)
        begun = request.timestamp_start if request else flow.client_conn.timestamp_start or flow.timestamp_created
        yield from marks(flow.comment, _time(begun), where)


def flow_exchanges(flow: Flow, source: str, name: str = "") -> Iterator[Exchange | Blind]:
    """Yields what a flow holds: a request with its response, one exchange for each WebSocket message, or a Blind.

    `name` becomes the exchange's id; without it, mitmproxy's own id of the flow does.
    """
    name = name or f"flow:{flow.id}"
    if flow.type == "http":
        http: HTTPFlow = flow  # type: ignore[assignment]
        yield exchange(http, source, name)
        yield from streamed(http, source)
        for index in range(len(http.websocket.messages) if http.websocket else 0):
            yield message_exchange(http, index, source, name)
    else:
        yield unread(flow, source)


def exchange(flow: HTTPFlow, source: str, name: str) -> Exchange:
    """Returns the request of a flow and its response."""
    request, response = flow.request, flow.response
    protocol, http = version(request.http_version)
    start = (request.method, request.path or request.authority, http)
    answered = None
    if response:
        line = (version(response.http_version)[1], str(response.status_code), response.reason or "")
        answered = _message(response, line)
    client, server = _ends(flow)
    return Exchange(
        name,
        _time(request.timestamp_start),
        client,
        server,
        request.scheme,
        request.pretty_host.lower(),
        _message(request, start),
        answered,
        _origin(flow, source, protocol),
    )


def message_exchange(flow: HTTPFlow, index: int, source: str, name: str) -> Exchange:
    """Returns the WebSocket message `index` of a flow: a request from the client, a response from the server."""
    assert flow.websocket is not None
    message = flow.websocket.messages[index]
    time = _time(message.timestamp)
    target = flow.request.path.partition("?")[0]
    content: bytes | str = message.content
    if isinstance(content, str):  # as format versions up to 7 kept text messages
        content = content.encode("utf-8", "surrogateescape")
    sent = content if message.from_client else b""
    client, server = _ends(flow)
    return Exchange(
        f"{name}.{index}",
        time,
        client,
        server,
        flow.request.scheme,
        flow.request.pretty_host.lower(),
        Message(("WEBSOCKET", target, "websocket"), (), sent, time),
        None if message.from_client else Message(("websocket", "", ""), (), content, time),
        _origin(flow, source, "websocket"),
    )


def streamed(flow: HTTPFlow, source: str) -> Iterator[Blind]:
    """Yields a Blind for each body that mitmproxy passed through without keeping it."""
    _, server = _ends(flow)
    for message, which in ((flow.request, "request"), (flow.response, "response")):
        if message is not None and message.raw_content is None:
            time, protocol = _time(message.timestamp_start), version(message.http_version)[0]
            size, host = _length(message), flow.request.pretty_host.lower()
            yield Blind(time, "streamed", protocol, host, server.ip, server.port, size, source, detail=f"{which} body")


def unread(flow: Flow, source: str) -> Blind:
    """Returns the Blind that stands for a flow of TCP, UDP or DNS."""
    _, server = _ends(flow)
    if flow.type == "dns":
        sizes = [len(part.packed) for part in (flow.request, flow.response) if part]  # type: ignore[attr-defined]
    else:
        sizes = [len(message.content) for message in flow.messages]  # type: ignore[attr-defined]
    host = flow.server_conn.sni or (flow.server_conn.address or ("",))[0]
    return Blind(
        _time(flow.client_conn.timestamp_start or flow.timestamp_created),
        "unknown_protocol",
        flow.type,
        host.lower(),
        server.ip,
        server.port,
        sum(sizes),
        source,
        detail=f"{len(sizes)} messages",
    )


def _message(message: HTTPMessage, start: tuple[str, str, str]) -> Message:
    headers = without_pseudo(tuple(message.headers.fields))
    if message.trailers:
        headers += tuple(message.trailers.fields)
    body = message.raw_content
    return Message(start, headers, body or b"", _time(message.timestamp_start), (), 0 if body else _length(message))


def _length(message: HTTPMessage) -> int:
    """Returns how long a body that was not kept is, as far as its header says."""
    said = message.headers.get("content-length", "")
    return int(said) if message.raw_content is None and re.fullmatch("[0-9]{1,15}", said) else 0


def _ends(flow: Flow) -> tuple[Endpoint, Endpoint]:
    client = flow.client_conn.peername or ("", 0)
    server = flow.server_conn.peername or flow.server_conn.address or ("", 0)
    return Endpoint(_ip(client[0]), client[1]), Endpoint(_ip(server[0]), server[1])


def _ip(said: str) -> str:
    """Returns an address in its usual form; nothing for a name, which is all there is where nothing was connected."""
    try:
        address = ipaddress.ip_address(said.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _origin(flow: HTTPFlow, source: str, protocol: str) -> Origin:
    transport = "udp" if protocol == "h3" else "tcp"
    return Origin(source, protocol, transport, None, flow.id, flow.request.scheme == "https")  # type: ignore[arg-type]


def _time(seconds: float | None) -> Time:
    return round(seconds * 1_000_000) if seconds and math.isfinite(seconds) and abs(seconds) < 1e11 else 0


def joined(one: Blind | None, other: Blind) -> Blind:
    """Adds up two Blinds of one kind, to no server in particular; `one` may be missing."""
    size = other.bytes + (one.bytes if one else 0)
    return Blind(one.time if one else other.time, other.why, other.protocol, bytes=size, source=other.source)


def _records(buffered: io.BufferedReader[Any]) -> Iterator[bytes | str]:
    """Yields each tnetstring with its frame, or why there are no more."""
    while head := buffered.read(1):
        while head[-1:].isdigit() and len(head) <= 12:
            head += buffered.read(1) or b"?"
        if not re.fullmatch(rb"[0-9]+:", head):
            yield "is not a flow: what came before was read"
            return
        left = int(head[:-1]) + 1
        if left > _MOST_FLOW:
            yield f"is {left} bytes long, or damaged: what came before was read"
            return
        record = bytearray(head)
        while left and (piece := buffered.read(min(left, _CHUNK))):
            record += piece
            left -= len(piece)
        if left:
            yield f"is cut off ({left} bytes are missing): what came before was read"
            return
        yield bytes(record)


def _flow(record: bytes) -> Flow:
    from mitmproxy.io import FlowReader

    return next(iter(FlowReader(io.BytesIO(record)).stream()))


def _broken() -> tuple[type[Exception], ...]:
    """Returns what mitmproxy raises on a damaged flow: its reader checks little, and types in a flow not at all."""
    from mitmproxy.exceptions import FlowReadException

    return (
        FlowReadException,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RecursionError,
        StopIteration,
        TypeError,
        ValueError,
    )


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]
