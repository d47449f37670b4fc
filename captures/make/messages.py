"""The vocabulary of a case: a phone, the hosts it talks to, and what it says to them at which moment.

Moments (`at`) are seconds after the session's `start`; `Session.time` turns them into microseconds since the epoch.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from leaktap.config import to_time
from leaktap.model import Time

type Fields = tuple[tuple[str, str], ...]
"""HTTP header fields in their order."""

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
"""When every golden case begins."""


@dataclass(frozen=True, slots=True)
class Phone:
    """The client of a session, at an access point whose MAC is `router`."""

    ip: str = "192.168.50.23"
    ip6: str = "fd12:3456:789a:1::23"
    mac: str = "a4:50:46:7c:21:9e"
    router: str = "02:50:56:00:00:01"


@dataclass(frozen=True, slots=True)
class Host:
    """A server: its address and how it is spoken to. `tls` is `1.2`, `1.3` or empty for plain HTTP.

    `suite` is OpenSSL's name of a cipher suite; where it is empty the library chooses. `http2` goes with TLS only.
    """

    ip: str
    tls: str = "1.3"
    suite: str = ""
    http2: bool = False

    @property
    def port(self) -> int:
        """The port that goes with `tls`."""
        return 443 if self.tls else 80


@dataclass(frozen=True, slots=True)
class Reply:
    """A response. `chunked` writes the body in chunks of that many bytes instead of with a length."""

    status: int = 200
    reason: str = "OK"
    headers: Fields = (("Content-Type", "application/json"),)
    body: bytes = b'{"code":0}'
    chunked: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its reply, `took` seconds later."""

    at: float
    method: str
    host: str
    target: str
    headers: Fields = ()
    body: bytes = b""
    reply: Reply = field(default_factory=Reply)
    took: float = 0.08


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that a phone says; `hosts` by name."""

    hosts: dict[str, Host]
    calls: tuple[Call, ...]
    phone: Phone = Phone()
    start: datetime = START

    def time(self, at: float) -> Time:
        """Returns the moment `at` seconds after the start."""
        return to_time(self.start) + round(at * 1_000_000)


def request_bytes(call: Call) -> bytes:
    """Writes a request as HTTP/1.1 (RFC 9112)."""
    fields = [("Host", call.host), *call.headers]
    if call.body or call.method in ("POST", "PUT"):
        fields.append(("Content-Length", str(len(call.body))))
    return _head(f"{call.method} {call.target} HTTP/1.1", fields) + call.body


def reply_bytes(call: Call) -> bytes:
    """Writes the reply to a request as HTTP/1.1."""
    reply = call.reply
    line = f"HTTP/1.1 {reply.status} {reply.reason}"
    if not reply.chunked:
        return _head(line, [*reply.headers, ("Content-Length", str(len(reply.body)))]) + reply.body
    pieces = [reply.body[i : i + reply.chunked] for i in range(0, len(reply.body), reply.chunked)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return _head(line, [*reply.headers, ("Transfer-Encoding", "chunked")]) + body


def _head(line: str, fields: list[tuple[str, str]]) -> bytes:
    return "\r\n".join([line, *(f"{name}: {value}" for name, value in fields), "", ""]).encode("latin-1")
