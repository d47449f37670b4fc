"""mitmproxy's flows, from its dump files (of every version that mitmproxy reads) and from a running proxy.

A dump file is one tnetstring (https://tnetstrings.info) after the other. They are cut here, so that a length that lies
costs no memory and one broken flow does not end the file; mitmproxy's own reader makes each a flow. mitmproxy is
imported only when there is a flow: recognising a file needs none of it.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from leaktap.marks import SIGN, marks
from leaktap.model import Answer, Blind, Endpoint, Exchange, Fault, Mark, Progress, Seen
from leaktap.sources import _shown
from leaktap.sources._api import Reading, Source
from leaktap.sources._conversation import conversation
from leaktap.sources._http import version
from leaktap.sources._shown import microseconds
from leaktap.wire.names import Names

if TYPE_CHECKING:
    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow
    from mitmproxy.http import Message as HTTPMessage

_DUMP = re.compile(rb"[0-9]{1,12}:[0-9]{1,9}:[a-z]")
_MOST_FLOW = 1 << 30
"""Bytes that one flow may have."""
_CHUNK = 1 << 20
OWN = "leaktap_own"
"""A key in the metadata of flows between the phone and leaktap itself."""


def sniff(head: bytes) -> bool:
    """Recognises a tnetstring that begins with one, as a dictionary does."""
    return _DUMP.match(head) is not None


def read(stream: BinaryIO, name: str, reading: Reading) -> Iterator[Seen]:
    """Yields the exchanges of each flow.

    Marks in the flows' comments come before all else where the stream can be sought, and else before their flow.
    """
    buffered: io.BufferedReader[Any]
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
    ahead = buffered.seekable()
    if ahead:
        yield from _marks_ahead(buffered, name)
    index, size, names = 0, 0, Names()
    for record in _records(buffered):
        where = f"{name}, flow {index}"
        if isinstance(record, str):
            yield Fault("source", where, record)
            break
        try:
            flow = _flow(record)
            found: list[Seen] = [] if ahead else list(_marks(flow, where))
            found += flow_exchanges(flow, name, f"flow:{index}", names)
        except _broken() as error:
            yield Fault("source", where, f"is no flow that mitmproxy can read ({_line(error)}): skipped")
            found = []
        yield from found
        index, size = index + 1, size + len(record)
        yield Progress(name, size)


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
        yield from marks(flow.comment, microseconds(begun), where)


def flow_exchanges(
    flow: Flow, source: str, name: str = "", names: Names | None = None
) -> Iterator[Exchange | Answer | Blind | Fault]:
    """Yields what a flow holds: a request with its response, one exchange for each WebSocket message, or what the wire
    reads in a connection of TCP or UDP, or in a question of DNS. What leaktap said to the phone itself is nothing.

    `name` becomes the exchange's id; without it, mitmproxy's own id of the flow does. `names` learns from DNS.
    """
    name = name or f"flow:{flow.id}"
    if OWN in flow.metadata:
        return
    if flow.type == "http":
        http: HTTPFlow = flow  # type: ignore[assignment]
        yield exchange(http, source, name)
        yield from streamed(http, source)
        for index in range(len(http.websocket.messages) if http.websocket else 0):
            yield _shown.message_exchange(_shown.spoken(http, index), source, name)
    else:
        yield from conversation(flow, source, name, names or Names())


def exchange(flow: HTTPFlow, source: str, name: str) -> Exchange:
    """Returns the request of a flow and its response."""
    return _shown.exchange(_shown.asked(flow), _shown.replied(flow), source, name)


def streamed(flow: HTTPFlow, source: str) -> Iterator[Blind]:
    """Yields a Blind for each body that mitmproxy passed through without keeping it."""
    _, server = _ends(flow)
    for message, which in ((flow.request, "request"), (flow.response, "response")):
        if message is not None and message.raw_content is None:
            time, protocol = microseconds(message.timestamp_start), version(message.http_version)[0]
            size, host = _length(message), flow.request.pretty_host.lower()
            yield Blind(time, "streamed", protocol, host, server.ip, server.port, size, source, detail=f"{which} body")


def _length(message: HTTPMessage) -> int:
    """Returns how long a body that was not kept is, as far as its header says."""
    return _shown.length(message.headers.fields) if message.raw_content is None else 0


def _ends(flow: Flow) -> tuple[Endpoint, Endpoint]:
    server = flow.server_conn
    return _shown.endpoint(flow.client_conn.peername), _shown.endpoint(server.peername or server.address)


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
