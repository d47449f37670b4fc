"""Sends to a syslog server, and finds out whether it has read everything. `syslog` says how it is to be used."""

import errno
import socket
import ssl
from collections.abc import Sequence

from leaktap.sinks._api import SinkError
from leaktap.sinks._syslog import message
from leaktap.sinks._target import Target
from leaktap.sinks._tls import context
from leaktap.spool import Row, SendError

_PORTS = {"syslog": 514, "syslog+tcp": 514, "syslog+tls": 6514}
_TIMEOUT = 5.0
_MOMENT = 0.05
_MOST = 8096
"""Bytes: what rsyslog takes if it is not told otherwise."""
_LOCAL0 = 16


class Syslog:
    """A receiver. Datagrams go slowly, for nobody tells when a server's buffer runs over."""

    def __init__(self, target: Target) -> None:
        """Reads the settings.

        Raises:
            SinkError: one of them is wrong.
        """
        self._target = target
        self._scheme = target.url.scheme.lower()
        self.most, self.pause = (50, 0.02) if self._scheme == "syslog" else (500, 0.0)
        self._address = target.host, target.port(_PORTS[self._scheme])
        self._form = target.settings.get("format", "json")
        self._facility = int(target.number("facility", _LOCAL0))
        self._room = int(target.number("most", _MOST))
        self._context = context(target) if self._scheme == "syslog+tls" else None
        self._patience = _TIMEOUT
        self._socket: socket.socket | None = None
        if self._form not in ("json", "cef") or self._facility > 23 or self._room < 480:
            raise SinkError(f"{target.shown}: use #format=json or cef, #facility=0 to 23, #most=480 or more")

    def send(self, rows: Sequence[Row]) -> None:
        """Sends rows.

        Raises:
            SendError: the server may not have them.
        """
        messages = [message(row.body, self._facility, self._form, self._room) for row in rows]
        try:
            if self._scheme == "syslog":
                self._datagrams(messages)
            else:
                self._stream(b"".join(b"%d %s" % (len(text), text) for text in messages))
        except ssl.SSLCertVerificationError as error:
            raise SendError(f"{self._target.shown}: its certificate is not trusted ({error.verify_message})") from None
        except OSError as error:
            self.close()
            raise SendError(f"{self._target.shown}: {error.strerror or error}") from None

    def close(self) -> None:
        """Closes the socket for datagrams."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _datagrams(self, messages: list[bytes]) -> None:
        """Sends datagrams; the socket is kept, for "port unreachable" may come late and is told at the next use."""
        if self._socket is None:
            family, kind, protocol, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.settimeout(0.02)
            self._socket.connect(address)
        for text in messages:
            self._socket.send(text)
        try:
            self._socket.recv(1)  # raises where the port is closed
        except TimeoutError:
            return

    def _stream(self, data: bytes) -> None:
        """Sends everything over a connection of its own, waits for its end, and then asks who is there.

        A server that is killed ends its connections, too; so an end only counts if the server answers afterwards.
        """
        with self._connected() as sock:
            sock.sendall(data)
            self._farewell(sock)
        with self._connected() as sock:
            sock.settimeout(_MOMENT)
            try:
                if self._context is None and not sock.recv(1):
                    raise ConnectionResetError(errno.ECONNRESET, "went away before it had read all")
            except TimeoutError:
                return

    def _connected(self) -> socket.socket:
        raw = socket.create_connection(self._address, timeout=_TIMEOUT)
        if self._context is None:
            return raw
        try:
            return self._context.wrap_socket(raw, server_hostname=self._address[0])
        except BaseException:
            raw.close()
            raise

    def _farewell(self, sock: socket.socket) -> None:
        """Closes the sending side and waits until the server closes its own: by then it has read everything."""
        sock.settimeout(self._patience)
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock = sock.unwrap()
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
        except ssl.SSLEOFError:
            return  # closed without TLS's own farewell, as rsyslog does
        except TimeoutError:
            self._patience = _MOMENT
