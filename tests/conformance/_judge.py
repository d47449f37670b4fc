"""What tshark sees in a capture, as messages in a shape that leaktap's exchanges can be brought into as well.

Rows of HTTP/1 are one per message, in the order of the connection; of HTTP/2 one per stream; of WebSocket one per data
message. Names of fields: https://www.wireshark.org/docs/dfref/, as tshark's PDML gives them with their bytes.
"""

import io
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

WANTED = "frame ip ipv6 tcp http http2 websocket data data-text-lines fake-field-wrapper"
PREFERENCES = ("tcp.reassemble_out_of_order:TRUE", "http.decompress_body:FALSE")


@dataclass
class Seen:
    """What is in a capture. `http1` are requests and `answers` responses by TCP stream; `http2` rows; `websocket` by
    (stream, side)."""

    requests: dict = field(default_factory=lambda: defaultdict(list))
    answers: dict = field(default_factory=lambda: defaultdict(list))
    http2: list = field(default_factory=list)
    websocket: dict = field(default_factory=lambda: defaultdict(list))

    def tables(self):
        """Yields the name and the rows of each connection, and of all HTTP/2 streams, whose order says nothing."""
        for name in ("requests", "answers", "websocket"):
            for key, rows in getattr(self, name).items():
                yield (name, key), rows
        if self.http2:
            yield ("http2", None), sorted(self.http2, key=repr)


def tshark(path, keys=None, options=()):
    """Yields the packets of a capture that hold messages, as PDML elements."""
    command = ["tshark", "-r", str(path), "-n", "-Y", "http || http2 || websocket", "-T", "pdml", "-J", WANTED]
    for preference in PREFERENCES:
        command += ["-o", preference]
    if keys:
        command += ["-o", f"tls.keylog_file:{keys}"]
    done = subprocess.run([*command, *options], capture_output=True, check=False)
    assert done.returncode in (0, 2), done.stderr.decode()
    for _, element in ElementTree.iterparse(io.BytesIO(done.stdout)):
        if element.tag == "packet":
            yield element
            element.clear()


def text(element, name):
    found = element.find(f".//field[@name='{name}']")
    return None if found is None else found.get("show")


def octets(element, name):
    found = element.find(f".//field[@name='{name}']")
    return b"" if found is None else value(found)


def value(found):
    return bytes.fromhex(found.get("value") or "")


def judged(path, keys=None, options=()):
    """Returns what tshark sees."""
    seen, connections = Seen(), defaultdict(_Frames)
    for packet in tshark(path, keys, options):
        tcp = packet.find("./proto[@name='tcp']")
        if tcp is None:
            continue
        stream = int(text(tcp, "tcp.stream"))
        sender, receiver = text(tcp, "tcp.srcport"), text(tcp, "tcp.dstport")
        messages = packet.findall("./proto[@name='http']")
        for message in messages:
            _http1(seen, stream, address(packet), message)
        for frame in packet.iterfind("./proto[@name='http2']/field[@name='http2.stream']"):
            connections[stream].take(frame, sender, receiver)
        for side, payload in _websocket(packet):
            seen.websocket[stream, side].append(payload)
    for stream, frames in connections.items():
        seen.http2 += frames.rows(stream, seen.requests[stream])
    return seen


def address(packet):
    """Returns where a packet goes."""
    for name in ("ip", "ipv6"):
        found = packet.findall(f"./proto[@name='{name}']//field[@name='{name}.dst']")
        if found:
            return found[-1].get("show")
    return ""


class _Frames:
    """The HTTP/2 frames of a connection: header lists by (sender, stream), and bodies."""

    def __init__(self):
        self.heads, self.bodies = defaultdict(list), defaultdict(bytes)

    def take(self, frame, sender, receiver):
        number = int(text(frame, "http2.streamid") or 0)
        listed = [
            (octets(one, "http2.header.name"), octets(one, "http2.header.value"))
            for one in frame.iterfind(".//field[@name='http2.header']")
        ]
        promised = text(frame, "http2.push_promise.promised_stream_id")
        if promised is not None:
            self.heads[receiver, int(promised)].append(listed)
        elif listed:
            self.heads[sender, number].append(listed)
        if frame.find(".//field[@name='http2.body.fragments']") is not None:
            self.bodies[sender, number] = octets(frame, "http2.body.reassembled.data")
        else:
            self.bodies[sender, number] += octets(frame, "http2.data.data")

    def rows(self, stream, before):
        """Yields the rows. What came as HTTP/1.1 `before` an upgrade is the request of stream 1 (RFC 7540, 3.2)."""
        messages = {}
        for (sender, number), lists in self.heads.items():
            finals = [one for one in lists if not (one[0][0] == b":status" and one[0][1].startswith(b"1"))]
            if finals:
                fields = [field for one in finals for field in one]
                plain = tuple(field for field in fields if not field[0].startswith(b":"))
                asks = any(name == b":method" for name, _ in fields)
                messages.setdefault(number, {})[asks] = dict(fields), plain, self.bodies[sender, number]
        if before and 1 in messages:
            host, start, _, _ = before[-1]
            messages[1][True] = {b":authority": host.encode(), b":method": start[0], b":path": start[1]}, (), b""
        for sides in messages.values():
            pseudo, fields, body = sides.get(True, ({}, (), b""))
            answer = sides.get(False)
            asked = pseudo.get(b":authority") or next((value for name, value in fields if name == b"host"), b"")
            told = answer and ((answer[0][b":status"],), answer[1], answer[2])
            yield stream, host_of(asked), (pseudo.get(b":method"), pseudo.get(b":path")), fields, body, told


def _websocket(packet):
    """Yields the side and the payload of each data message whose last frame is in a packet."""
    frame, payload = None, None
    for element in [*packet, None]:
        if element is None or element.get("name") == "websocket":
            if frame is not None and text(frame, "websocket.fin") == "1" and int(text(frame, "websocket.opcode")) < 8:
                yield (0 if text(frame, "websocket.mask") == "1" else 1), payload or b""
            frame, payload = element, None
        if frame is not None and payload is None:
            for name in ("websocket.payload.text", "websocket.payload.binary", "data.data"):
                found = element.find(f".//field[@name='{name}']")
                if found is not None:
                    payload = value(found)
                    break


def header(line):
    name, _, rest = line.partition(b":")
    return name.strip(b" \t"), rest.strip(b" \t\r\n")


def _http1(seen, stream, receiver, message):
    body = octets(message, "http.file_data") or coded(message)
    if text(message, "http.request.method") is not None:
        method, uri, version = (octets(message, f"http.request.{name}") for name in ("method", "uri", "version"))
        fields = headers(message, "http.request.line")
        path, host = origin_form(method, uri, fields)
        seen.requests[stream].append((host or receiver, (method, path, version), fields, body))
    elif text(message, "http.response.code") is not None:
        start = tuple(octets(message, f"http.response.{name}") for name in ("version", "code", "phrase"))
        if not start[1].startswith(b"1") or start[1] == b"101":
            seen.answers[stream].append((start, headers(message, "http.response.line"), body))


def coded(message):
    """Returns a body with its content coding on, which is no field of its own."""
    for child in message:
        if child.get("show", "").startswith("Content-encoded entity body"):
            return value(child)
    return b""


def origin_form(method, uri, fields):
    """Returns the target in origin form (RFC 9112, section 3.2), and the host that is asked."""
    asked = next((value for name, value in fields if name.lower() == b"host"), b"")
    if method == b"CONNECT":
        return uri, host_of(uri)
    if b"://" in uri.partition(b"?")[0] and not uri.startswith(b"/"):
        parts = urlsplit(uri)
        path = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
        return path, host_of(parts.netloc or asked)
    return uri, host_of(asked)


def host_of(authority):
    return re.sub(r":\d+$", "", authority.decode("utf-8", "surrogateescape").strip().lower()).strip("[]")


def headers(message, name):
    """Returns the header list with the trailers. A SUBSCRIBE or NOTIFY has no field for whole lines."""
    lines = [value(line) for line in message.iterfind(f".//field[@name='{name}']")]
    lines = lines or [line for line in map(value, message[1:]) if re.match(rb"[^:\s]+:.*\r\n\Z", line, re.DOTALL)]
    trailers = octets(message, "http.chunked_trailer_part").splitlines()
    return tuple(header(line) for line in [*lines, *trailers])
