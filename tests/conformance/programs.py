"""Clients and servers that nobody here wrote, talking through a relay: curl, http.server, openssl."""

import http.server
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from tests._waiting import PATIENCE
from tests.conformance._network import Capture, Ends, capture, framed, merged, segments, timed
from tests.conformance._relay import recorded
from tests.conformance.http1 import wordy
from tests.conformance.http2 import AS_HTTP2
from tests.conformance.tls import HTTPS
from tests.wire._packets import pcap
from tests.wire._relay import Relay

PROGRAMS = True
"""They take seconds, and give other bytes each time."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for size in (1, 200, 30_000):
                self.wfile.write(b"%x\r\n%b\r\n" % (size, b"c" * size))
            self.wfile.write(b"0\r\n\r\n")
            return
        self._answer(self.path.encode() * 100)

    def do_HEAD(self):
        self._answer(b"x" * 77, False)

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(data[::-1])

    do_PUT = do_POST

    def _answer(self, body, with_body=True):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def curl_http1():
    """curl and Python's http.server: keep-alive, chunked uploads, forms, Expect, HEAD."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with recorded(server.server_address) as relay:
            base = f"http://127.0.0.1:{relay.port}"
            more = ["--next", "-s", "-o", "/dev/null"]
            command = [
                "curl",
                "-s",
                "-o",
                "/dev/null",
                f"{base}/get?a=1",
                *more,
                "-d",
                "imei=867530912345678",
                f"{base}/form",
            ]
            command += [*more, "-H", "Transfer-Encoding: chunked", "-d", "@-", f"{base}/up", *more, f"{base}/chunked"]
            command += [*more, "-I", f"{base}/head", *more, "-H", "Expect: 100-continue", "-F", "a=b", f"{base}/multi"]
            subprocess.run(command, input=wordy(3000), check=True, timeout=PATIENCE)
    finally:
        server.shutdown()
        server.server_close()
    (turns,) = relay.connections
    return capture(segments(turns))


def _serve(listener):
    """Answers each request with its body turned around, one connection after the other."""
    while True:
        try:
            end, _ = listener.accept()
        except OSError:
            return
        with end:
            _answer(end)


def _answer(end):
    h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    h2.initiate_connection()
    end.sendall(h2.data_to_send())
    bodies = {}
    while data := end.recv(1 << 16):
        for event in h2.receive_data(data):
            if isinstance(event, RequestReceived):
                bodies[event.stream_id] = b""
            elif isinstance(event, DataReceived):
                bodies[event.stream_id] += event.data
                h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                body = (bodies[event.stream_id][::-1] or b"nothing")[:30_000]
                h2.send_headers(event.stream_id, [(":status", "200"), ("x-length", str(len(body)))])
                for at in range(0, len(body), 16_000):
                    h2.send_data(event.stream_id, body[at : at + 16_000])
                h2.end_stream(event.stream_id)
        end.sendall(h2.data_to_send())


def curl_http2():
    """curl with prior knowledge, over a connection for each request."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        with recorded(listener.getsockname()) as relay:
            for path, *options in (["/a?b=c"], ["/post", "-d", "@-"], ["/thing", "-X", "DELETE", "-H", "X-Thing: 1"]):
                command = ["curl", "--http2-prior-knowledge", "-s", "-o", "/dev/null", *options]
                url = f"http://127.0.0.1:{relay.port}{path}"
                subprocess.run([*command, url], input=b"imei=867530912345678&" * 5_000, check=True, timeout=PATIENCE)
    ends = [Ends(ports=(40000 + number, 8080)) for number in range(3)]
    frames = merged(*zip(map(segments, relay.connections), ends, strict=True))
    return Capture(pcap(timed(framed(*frame) for frame in frames)), options=AS_HTTP2)


REQUEST, RESPONSE = b"GET /hello HTTP/1.1\r\nHost: a.cn\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def typed(folder, server, clients):
    """openssl's own programs, whose ends are typed by hand: what went over the wire of the last client, and the keys.

    `clients` are the options of each, what it types and what the server types then.
    """
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl program")
    relay = Relay(folder, server)
    try:
        for options, asked, told in clients:
            left = list(told)

            def done(turns, left=left):
                if left:
                    relay._server.stdin.write(left.pop(0))
                    relay._server.stdin.flush()
                    relay._settle(turns, len(turns))
                    return False
                return True

            turns = relay.connect(["-tls1_3", *options], asked, done)
        return capture(segments(turns), relay.keylog.read_text(), ends=HTTPS)
    finally:
        relay.stop()


def key_updates():
    """Both sides take new keys between messages, and ask for it."""
    with tempfile.TemporaryDirectory() as folder:
        asked = [REQUEST, b"K\n", REQUEST, b"k\n", REQUEST]
        return typed(Path(folder), (), [((), asked, [RESPONSE, b"K\n", RESPONSE, b"k\n", RESPONSE])])


def early_data():
    """A request in early data, before the handshake is over."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session, early = folder / "session.pem", folder / "early.txt"
        early.write_bytes(REQUEST)
        first = (("-sess_out", str(session)), [REQUEST], [RESPONSE])
        again = (("-sess_in", str(session), "-early_data", str(early)), [REQUEST], [RESPONSE, RESPONSE])
        return typed(folder, ("-early_data", "-no_anti_replay"), [first, again])


CAPTURES = (curl_http1, curl_http2, key_updates, early_data)
