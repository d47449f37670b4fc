"""A session as a mitmproxy flow file, written by mitmproxy itself."""

from pathlib import Path
from uuid import UUID

from mitmproxy import connection, http
from mitmproxy.io import FlowWriter

from captures.make.messages import Call, Fields, Session

_VERSIONS: dict[str, connection.TlsVersion | None] = {"": None, "1.2": "TLSv1.2", "1.3": "TLSv1.3"}


def write(session: Session, path: Path, *, version: str = "HTTP/1.1") -> None:
    """Writes the calls in the order of time; the flows' ids are their numbers."""
    with path.open("wb") as file:
        writer = FlowWriter(file)  # type: ignore[no-untyped-call]
        for index, call in enumerate(sorted(session.calls, key=lambda call: call.at)):
            writer.add(_flow(session, call, index, version))


def _flow(session: Session, call: Call, index: int, version: str) -> http.HTTPFlow:
    server = session.hosts[call.host]
    began = session.time(call.at) / 1e6
    ended = began + call.took
    six = ":" in server.ip
    client_connection = connection.Client(
        peername=(session.phone.ip6 if six else session.phone.ip, 40_112 + index),
        sockname=("fd12:3456:789a:1::1" if six else "192.168.50.1", 8080),
        timestamp_start=began - 0.1,
        id=str(UUID(int=index * 4 + 1)),
        sni=call.host if server.tls else None,
        tls=bool(server.tls),
        timestamp_tls_setup=began - 0.05 if server.tls else None,
        tls_version=_VERSIONS[server.tls],
    )
    server_connection = connection.Server(
        address=(call.host, server.port),
        peername=(server.ip, server.port),
        id=str(UUID(int=index * 4 + 2)),
        timestamp_start=began - 0.1,
        sni=call.host if server.tls else None,
        tls=bool(server.tls),
        tls_version=_VERSIONS[server.tls],
    )
    flow = http.HTTPFlow(client_connection, server_connection)
    flow.id = str(UUID(int=index * 4 + 3))
    flow.timestamp_created = began
    host = () if version == "HTTP/2.0" else (("Host", call.host),)
    flow.request = http.Request(
        host=call.host,
        port=server.port,
        method=call.method.encode(),
        scheme=b"https" if server.tls else b"http",
        authority=call.host.encode() if version == "HTTP/2.0" else b"",
        path=call.target.encode(),
        http_version=version.encode(),
        headers=_fields((*host, *call.headers)),
        content=call.body,
        trailers=None,
        timestamp_start=began,
        timestamp_end=began,
    )
    flow.response = http.Response(
        http_version=version.encode(),
        status_code=call.reply.status,
        reason=call.reply.reason.encode(),
        headers=_fields(call.reply.headers),
        content=call.reply.body,
        trailers=None,
        timestamp_start=ended,
        timestamp_end=ended,
    )
    return flow


def _fields(headers: Fields) -> http.Headers:
    return http.Headers([(name.encode(), value.encode()) for name, value in headers])
