"""WebSocket by wsproto on both ends: fragments, control frames in between, permessage-deflate, all sizes of length."""

import random

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from tests.conformance._network import CLIENT, SERVER, Ends, capture, overtaken, repeated, segments
from tests.wire._traffic import Talk

TEXT = "some words, 你好 "


ASK = """GET /socket?token=1 HTTP/1.1
Host: push.example-shop.cn
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Version: 13
"""
TELL = """HTTP/1.1 101 Switching Protocols
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
"""


class Socket:
    """Both ends of a connection; `turns` are the bytes that went over the wire."""

    def __init__(self, deflate=None, announced=False):
        """With `deflate`, the parameters of permessage-deflate; `announced` alone says so, but no message is."""
        extensions, offered, agreed = ([], []), "", ""
        if deflate is not None:
            client, server = PerMessageDeflate(**deflate), PerMessageDeflate(**deflate)
            offered = f"permessage-deflate; {client.offer()}"
            agreed = f"permessage-deflate; {server.accept(offered)}"
            client.finalize(agreed)
            if not announced:
                extensions = [client], [server]
        kinds = ConnectionType.CLIENT, ConnectionType.SERVER
        self.ends = [Connection(kind, list(some)) for kind, some in zip(kinds, extensions, strict=True)]
        self.turns = [(CLIENT, head(ASK, offered)), (SERVER, head(TELL, agreed))]

    def say(self, side, *events):
        data = b"".join(self.ends[side].send(event) for event in events)
        self.turns.append((side, data))
        self.ends[1 - side].receive_data(data)
        list(self.ends[1 - side].events())

    def chat(self):
        for number in range(5):
            self.say(CLIENT, TextMessage(TEXT * number + "up"))
            self.say(SERVER, BytesMessage(bytes(range(256)) * number + b"down"))
        return self

    def capture(self, **more):
        return capture(segments(self.turns, **more))


def head(lines, extensions):
    more = f"Sec-WebSocket-Extensions: {extensions}\n" if extensions else ""
    return f"{lines}{more}\n".replace("\n", "\r\n").encode()


def messages():
    return Socket().chat().capture()


def one_byte_segments():
    return Socket().chat().capture(mss=1)


def all_lengths():
    """The length of a frame in 7, 16 and 64 bits, and several frames in one segment."""
    socket = Socket()
    for size in (1, 125, 126, 127, 65_535, 65_536, 70_000):
        socket.say(CLIENT, BytesMessage(random.Random(size).randbytes(size)), TextMessage("x" * size))
        socket.say(SERVER, TextMessage("y" * size), BytesMessage(b"z" * size))
    return socket.capture()


def fragments():
    """Messages in two fragments, each in a packet of its own."""
    socket = Socket()
    for side in (CLIENT, SERVER):
        socket.say(side, BytesMessage(b"\0\1", message_finished=False))
        socket.say(side, BytesMessage(b"\2\3"))
        socket.say(side, BytesMessage(b"whole"))
    return socket.capture()


def in_pieces(socket):
    """Messages in fragments, with control frames in between."""
    for side in (CLIENT, SERVER):
        socket.say(side, TextMessage(TEXT * 50, message_finished=False))
        socket.say(side, Ping(b"are you there"), TextMessage("middle ", message_finished=False), Pong(b"yes"))
        socket.say(1 - side, Pong(b"are you there"))
        socket.say(side, TextMessage("end"), BytesMessage(b"\0\1", message_finished=False))
        socket.say(side, BytesMessage(b"\2\3"))
    return socket


def in_whole(socket):
    """The same messages without fragments."""
    for side in (CLIENT, SERVER):
        socket.say(side, TextMessage(TEXT * 50 + "middle end"), BytesMessage(b"\0\1\2\3"))
    return socket


def fragments_and_control_frames():
    return in_pieces(Socket()).capture()


def deflated_fragments():
    fault = "tshark 4.0 does not inflate fragments"
    return in_pieces(Socket({})).capture().but(fault, in_whole(Socket({}, announced=True)).capture())


def deflated():
    """permessage-deflate whose window is kept from message to message."""
    return Socket({}).chat().chat().capture()


def deflated_afresh():
    """permessage-deflate with a new window for each message."""
    return Socket({"client_no_context_takeover": True, "server_no_context_takeover": True}).chat().capture()


def closed():
    socket = Socket().chat()
    socket.say(CLIENT, CloseConnection(1000, "bye"))
    socket.say(SERVER, CloseConnection(1000, "bye"))
    return socket.capture()


def in_tls():
    tls = Talk()
    for side, data in Socket({}).chat().turns:
        tls.say(side, data)
    return capture(segments(tls.turns), tls.keylog.read_text(), ends=Ends(ports=(40000, 443)))


def troubled():
    """Over a network that repeats and reorders."""
    socket = Socket().chat()
    return capture(overtaken(repeated(segments(socket.turns, mss=90))))


CAPTURES = (
    messages,
    one_byte_segments,
    all_lengths,
    fragments,
    fragments_and_control_frames,
    deflated,
    deflated_afresh,
    deflated_fragments,
    closed,
    in_tls,
    troubled,
)
