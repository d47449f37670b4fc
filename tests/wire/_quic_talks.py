"""Talks between aioquic's client and server over real UDP sockets, with every datagram noted in between."""

import asyncio
import contextlib
import functools
import io
import socket
import ssl
import time
from dataclasses import dataclass, field

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, StreamReset
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite

from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed, Flow, Segment
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from tests._waiting import PATIENCE
from tests.wire._packets import ethernet, ip, pcap, udp
from tests.wire._traffic import HOST, START, Endpoint, certificate

SERVER_PORT = 4433
CLIENT_IP, SERVER_IP = "10.0.0.9", "203.0.113.7"


@dataclass
class Record:
    """What went over the wire: (microseconds, side, client's port, datagram), the key log, and what was said."""

    datagrams: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    log: str = ""
    said: list[tuple] = field(default_factory=list)

    def keys(self):
        log = KeyLog()
        log.add_bytes(self.log.encode(), "keys.txt")
        return log

    def pcap(self):
        packets = []
        for moment, side, port, data in self.datagrams:
            ends = {"sport": port, "dport": 443} if side == CLIENT else {"sport": 443, "dport": port}
            addresses = (CLIENT_IP, SERVER_IP) if side == CLIENT else (SERVER_IP, CLIENT_IP)
            packets.append((START + moment, ethernet(ip(udp(data, **ends), *addresses, protocol=17))))
        return pcap(packets)


class Relay(asyncio.DatagramProtocol):
    """Passes datagrams on and notes them; `rebind` gives the client another port, as a NAT may."""

    def __init__(self, record, server):
        self._record, self._server = record, server
        self._begin = time.monotonic()
        self._upstream = {}
        self._numbers = {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        upstream = self._upstream.get(address)
        if upstream is None:
            upstream = self._upstream[address] = self._open(address)
        self._pass(CLIENT, upstream, data)
        upstream.send(data)

    def _open(self, address):
        upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        upstream.setblocking(False)
        upstream.connect(self._server)
        asyncio.get_running_loop().add_reader(upstream, self._answered, upstream, address)
        return upstream

    def _answered(self, upstream, address):
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while data := upstream.recv(1 << 16):
                self._pass(SERVER, upstream, data)
                self.transport.sendto(data, address)

    def _pass(self, side, upstream, data):
        moment = int((time.monotonic() - self._begin) * 1e6)
        self._record.datagrams.append((moment, side, upstream.getsockname()[1], data))

    def rebind(self):
        for address in self._upstream:
            self._upstream[address] = self._open(address)


class Server(QuicConnectionProtocol):
    """Answers every request with its own method, path and body, and trailers where it is asked for them."""

    http = None

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated) and event.alpn_protocol == "h3":
            self.http = H3Connection(self._quic, enable_webtransport=True)
            self.asked = {}
        if self.http is None:
            if type(event).__name__ == "StreamDataReceived" and event.end_stream:
                self._quic.send_stream_data(event.stream_id, self._other(event.data), True)
                self.transmit()
            return
        if isinstance(event, StreamReset):
            self.asked.pop(event.stream_id, None)
        for made in self.http.handle_event(event):
            if isinstance(made, HeadersReceived | DataReceived):
                headers, pieces = self.asked.setdefault(made.stream_id, ([], []))
                if isinstance(made, HeadersReceived):
                    headers += made.headers
                else:
                    pieces.append(made.data)
                if made.stream_ended:
                    self._answer(made.stream_id, dict(headers), b"".join(pieces))

    @staticmethod
    def _other(asked):
        """The answer of a protocol that is not HTTP/3; of DNS, that there is no such name."""
        return b"hello " * 100 if asked.startswith(b"GET") else asked[:4] + b"\x81\x83" + asked[6:]

    def _answer(self, number, headers, body):
        size = int(headers.get(b"x-size", b"0"))
        body = body + bytes(range(256)) * (size // 256)
        answer = [(b":status", b"200"), (b"server", b"test"), (b"x-path", headers[b":path"])]
        self.http.send_headers(number, answer)
        trailers = b"x-trailers" in headers
        self.http.send_data(number, body, not trailers)
        if trailers:
            self.http.send_headers(number, [(b"x-checksum", b"7")], True)
        self.transmit()


class Client(QuicConnectionProtocol):
    """Asks, and waits for whole answers."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.http = H3Connection(self._quic) if self._quic.configuration.alpn_protocols[0] == "h3" else None
        self.answers, self.waiting, self.ended = {}, {}, set()

    def send(self, method, path, headers=(), body=b"", ends=True):
        number = self._quic.get_next_available_stream_id()
        pseudo = [(b":method", method), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", path)]
        self.http.send_headers(number, pseudo + list(headers), not body and ends)
        if body:
            self.http.send_data(number, body, ends)
        self.answers[number] = ([], [])
        self.waiting[number] = asyncio.get_running_loop().create_future()
        self.transmit()
        return number

    async def ask(self, record, method, path, headers=(), body=b""):
        number = self.send(method, path, headers, body)
        await asyncio.wait_for(self.waiting[number], PATIENCE)
        got, pieces = self.answers[number]
        record.said.append((method, path, tuple(headers), body, tuple(got), b"".join(pieces)))

    def quic_event_received(self, event):
        if getattr(event, "end_stream", False):
            self.ended.add(event.stream_id)
        if self.http is None:
            return
        for made in self.http.handle_event(event):
            if isinstance(made, HeadersReceived | DataReceived) and made.stream_id in self.answers:
                headers, pieces = self.answers[made.stream_id]
                if isinstance(made, HeadersReceived):
                    headers += made.headers
                else:
                    pieces.append(made.data)
                if made.stream_ended:
                    self.waiting[made.stream_id].set_result(None)


def talk(script, suite=None, retry=False, alpn="h3", client=None, server=None, times=1, protocol=Client):
    """Runs `script(client, relay, record, turn)` `times` times against one server; returns the record."""
    record = Record()
    log = io.StringIO()
    suites = None if suite is None else [suite]
    tickets = {}

    async def run():
        common = {"alpn_protocols": [alpn], "cipher_suites": suites, "max_datagram_frame_size": 65536}
        settings = QuicConfiguration(is_client=False, secrets_log_file=log, **common, **(server or {}))
        chain = certificate("rsa")
        settings.load_cert_chain(chain, chain)
        listening = await serve(
            "127.0.0.1",
            0,
            configuration=settings,
            create_protocol=Server,
            retry=retry,
            session_ticket_fetcher=lambda label: tickets.get(label),
            session_ticket_handler=lambda ticket: tickets.update({ticket.ticket: ticket}),
        )
        target = listening._transport.get_extra_info("sockname")[:2]
        loop = asyncio.get_running_loop()
        transport, relay = await loop.create_datagram_endpoint(
            lambda: Relay(record, target), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        kept = []
        for turn in range(times):
            settings = QuicConfiguration(
                is_client=True,
                secrets_log_file=log,
                verify_mode=ssl.CERT_NONE,
                server_name=HOST,
                session_ticket=kept[-1] if kept else None,
                **common,
                **(client or {}),
            )
            async with connect(
                "127.0.0.1",
                port,
                configuration=settings,
                create_protocol=protocol,
                session_ticket_handler=kept.append,
                wait_connected=not kept,
            ) as peer:
                peer.tickets = kept
                await script(peer, relay, record, turn)
        await asyncio.sleep(0.05)
        transport.close()
        listening.close()

    asyncio.run(run())
    record.log = log.getvalue()
    return record


def said(exchange):
    """An exchange in the form of `Record.said`."""
    method, path, _ = exchange.request.start
    response = exchange.response
    answer = ((b":status", response.start[1].encode()), *response.headers) if response else ()
    body = response.body if response else b""
    return method.encode(), path.encode(), exchange.request.headers, exchange.request.body, answer, body


def arrivals(datagrams, window=None):
    """The events of the flows that datagrams make, window by window; of each the client's first, as streams does."""
    flows, frame = {}, 0
    window = window or max(len(datagrams), 1)
    for begin in range(0, len(datagrams), window):
        batches = {}
        for moment, side, port, data in datagrams[begin : begin + window]:
            frame += 1
            if port not in flows:
                ends = Endpoint(CLIENT_IP, port), Endpoint(SERVER_IP, 443)
                flows[port] = Flow(len(flows), "udp", *ends, START + moment, frame, False)
            batches.setdefault(port, ([], []))[side].append((data, frame, START + moment))
        for port, sides in batches.items():
            for side in (CLIENT, SERVER):
                parts = sides[side]
                if parts:
                    offsets = [0]
                    for data, _, _ in parts[:-1]:
                        offsets.append(offsets[-1] + len(data))
                    whole = b"".join(part[0] for part in parts)
                    frames, times = [part[1] for part in parts], [part[2] for part in parts]
                    yield Arrival(flows[port], side, Segment(whole, offsets, frames, times))
    for flow in flows.values():
        yield Closed(flow, "end")


def read(datagrams, keys=None, window=None, patient=True):
    """What the engine makes of datagrams: a list."""
    engine = Engine("a.pcap", keys or KeyLog(), patient)
    seen = list(engine.feed(arrivals(datagrams, window)))
    return seen + list(engine.close())


@functools.cache
def recorded(name):
    return TALKS[name]()


class Nameless(Client):
    """A client without connection ids; aioquic would offer more of them, which have no bytes either."""

    def __init__(self, quic, **more):
        quic._replenish_connection_ids = lambda: None
        super().__init__(quic, **more)


async def until(true):
    """Waits for something to become true."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


async def simple(client, relay, record, turn):
    await client.ask(record, b"GET", b"/a?imei=867530912345678", [(b"user-agent", b"test"), (b"cookie", b"a=1")])
    await client.ask(record, b"POST", b"/b", [(b"content-type", b"application/json")], b'{"a": 1}' * 500)
    await client.ask(record, b"GET", b"/c", [(b"x-trailers", b"1")])


async def early(client, relay, record, turn):
    await client.ask(record, b"POST", b"/turn/%d" % turn, [], b"body %d" % turn)
    await until(lambda: len(client.tickets) > turn)


async def updates(client, relay, record, turn):
    for number in range(4):
        await client.ask(record, b"POST", b"/%d" % number, [(b"x-size", b"20000")], b"body")
        client._quic.request_key_update()


async def moves(client, relay, record, turn):
    await client.ask(record, b"POST", b"/before", [], b"one")
    relay.rebind()
    await client.ask(record, b"POST", b"/behind", [(b"x-size", b"50000")], b"two" * 10_000)
    relay.rebind()
    client._quic.change_connection_id()
    await client.ask(record, b"POST", b"/at-last", [(b"x-size", b"50000")], b"three" * 5_000)


async def many(client, relay, record, turn):
    asks = [
        client.ask(record, b"POST", b"/%d" % number, [(b"x-size", b"100000")], bytes(range(256)) * 400)
        for number in range(4)
    ]
    await asyncio.gather(*asks)


async def opaque(client, relay, record, turn):
    number = client._quic.get_next_available_stream_id()
    client._quic.send_stream_data(number, b"GET /x\r\n", True)
    client._quic.send_datagram_frame(b"datagram")
    client.transmit()
    await until(lambda: number in client.ended)


QUESTION = bytes.fromhex("0000010000010000000000000361706907657861 6d706c650000010001".replace(" ", ""))


async def dns(client, relay, record, turn):
    """RFC 9250: a stream for each question, with its length before it."""
    for _ in range(2):
        number = client._quic.get_next_available_stream_id()
        client._quic.send_stream_data(number, len(QUESTION).to_bytes(2) + QUESTION, True)
        client.transmit()
        await until(lambda number=number: number in client.ended)


ONE, TWO = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2
BOTH = {"supported_versions": [TWO, ONE]}

TALKS = {
    "simple": lambda: talk(simple),
    "aes128": lambda: talk(simple, CipherSuite.AES_128_GCM_SHA256),
    "aes256": lambda: talk(simple, CipherSuite.AES_256_GCM_SHA384),
    "chacha20": lambda: talk(simple, CipherSuite.CHACHA20_POLY1305_SHA256),
    "retry": lambda: talk(simple, retry=True),
    "version 2": lambda: talk(simple, client={"original_version": TWO, **BOTH}, server=BOTH),
    "upgraded": lambda: talk(simple, client={"original_version": ONE, **BOTH}, server=BOTH),
    "negotiated": lambda: talk(simple, client={"original_version": TWO, **BOTH}, server={"supported_versions": [ONE]}),
    "early data": lambda: talk(early, times=2),
    "early data, version 2": lambda: talk(early, client={"original_version": TWO, **BOTH}, server=BOTH, times=2),
    "key updates": lambda: talk(updates),
    "moves": lambda: talk(moves),
    "many streams": lambda: talk(many),
    "no ids": lambda: talk(simple, client={"connection_id_length": 0}, protocol=Nameless),
    "long ids": lambda: talk(simple, client={"connection_id_length": 1}, server={"connection_id_length": 20}),
    "dns": lambda: talk(dns, alpn="doq"),
    "other": lambda: talk(opaque, alpn="hq-interop"),
}
