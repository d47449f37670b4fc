"""`python -m benchmarks._load PROXY_PORT CONNECTIONS REQUESTS [RATE]`: many phones at once, and the servers they ask.

Sends requests through a proxy on keep-alive connections and prints what it took as JSON: each as soon as the last one
is answered, or, with a RATE, so many per second over all, at moments that are fixed beforehand. Then a latency counts
from the moment at which a request was to be sent, also where its connection was still waiting for an answer: what the
proxy holds up is not forgotten because less was sent meanwhile (https://github.com/giltene/wrk2). The first request of
each connection makes the proxy connect to the server, and is not measured: the others begin when all are answered. The
connections are kept until standard input ends, for a proxy has more to do with one that is closed than with a request.
One request in twenty has an IMEI in it. The server is here too, so that nothing else is to be started.
"""

import asyncio
import json
import sys
from itertools import count
from time import perf_counter

IMEI = "867530912345678"
_SHOWN = b'{"event":"page_view","page":"/goods/1024","session":"a81f","props":{"price":129.5,"list":[1,2,3,4,5,6,7,8]}}'
_LEAK = b'{"event":"start","device":{"imei":"%b","model":"PX-1","os":"14"},"props":{"source":"icon"}}' % IMEI.encode()
_ANSWER = b'{"code":0,"data":{"ok":true,"next":30}}'
_HEADERS = (
    b"User-Agent: okhttp/4.12.0\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n"
    b"Content-Type: application/json\r\nCookie: sid=0011223344556677\r\n"
)
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: example\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_ANSWER),
    _ANSWER,
)


class _Server(asyncio.Protocol):
    """Answers every request; bodies come whole, for the proxy sends them so."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            length = head.lower().rpartition(b"content-length:")[2].partition(b"\r\n")[0]
            if not end or len(rest) < int(length or 0):
                return
            self._buffer = rest[int(length or 0) :]
            self._transport.write(_REPLY)  # type: ignore[attr-defined]


class _Phones:
    """All phones. They send so many requests, `rate` of them per second, or as fast as it goes if that is 0."""

    def __init__(self, proxy: int, server: int, connections: int, requests: int, rate: float) -> None:
        self._proxy, self._server, self._connections = proxy, server, connections
        self._left, self._rate = requests, rate
        self._ready, self._go = 0, asyncio.Event()
        self.began = 0.0
        self.times: list[float] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def run(self) -> None:
        """Sends all of them."""
        await asyncio.gather(*map(self._phone, range(self._connections)))

    def close(self) -> None:
        """Hangs up."""
        for writer in self._writers:
            writer.close()

    async def _phone(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._proxy)
        self._writers.append(writer)
        await self._ask(reader, writer, self._taken())
        await self._together()
        for turn in count():
            if self._left <= 0:
                break
            left, began = self._taken(), perf_counter()
            if self._rate:
                began = self.began + (turn * self._connections + number) / self._rate
                await asyncio.sleep(max(began - perf_counter(), 0))
            await self._ask(reader, writer, left)
            self.times.append(perf_counter() - began)

    def _taken(self) -> int:
        """Returns how many are left behind the request that is now sent."""
        self._left -= 1
        return self._left

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        """Sends a request and waits for its answer."""
        writer.write(_request(self._server, number))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        await reader.readexactly(len(_ANSWER))

    async def _together(self) -> None:
        """Waits until all are answered once."""
        self._ready += 1
        if self._ready == self._connections:
            self.began = perf_counter()
            self._go.set()
        await self._go.wait()


def _request(server: int, number: int) -> bytes:
    body = _LEAK if number % 20 == 0 else _SHOWN
    head = b"POST http://127.0.0.1:%d/v1/track?n=%d HTTP/1.1\r\nHost: api.example-shop.cn\r\n" % (server, number)
    return head + _HEADERS + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def _load(proxy: int, connections: int, requests: int, rate: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Server, "127.0.0.1", 0)
    phones = _Phones(proxy, server.sockets[0].getsockname()[1], connections, requests, rate)
    await phones.run()
    wall = perf_counter() - phones.began
    times = sorted(phones.times)
    p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    print(json.dumps({"rate": len(times) / wall, "p50": p50, "p99": p99}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    phones.close()
    server.close()


if __name__ == "__main__":
    port, connections, requests, *rate = sys.argv[1:]
    asyncio.run(_load(int(port), int(connections), int(requests), float(rate[0]) if rate else 0.0))
