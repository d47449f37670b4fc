"""`python -m benchmarks._load PROXY_PORT CONNECTIONS REQUESTS`: many phones at once, and the servers that they ask.

Sends requests through a proxy on keep-alive connections, each as soon as the last one is answered, and prints what it
took as JSON. One request in twenty has an IMEI in it. The server is here too, so that nothing else is to be started.
"""

import asyncio
import json
import sys
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


async def _phone(proxy: int, server: int, left: list[int], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
    while left[0] > 0:
        left[0] -= 1
        body = _LEAK if left[0] % 20 == 0 else _SHOWN
        head = b"POST http://127.0.0.1:%d/v1/track?n=%d HTTP/1.1\r\nHost: api.example-shop.cn\r\n" % (server, left[0])
        began = perf_counter()
        writer.write(head + _HEADERS + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        await reader.readexactly(len(_ANSWER))
        times.append(perf_counter() - began)
    writer.close()


async def _load(proxy: int, connections: int, requests: int) -> dict[str, float]:
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    times: list[float] = []
    began = perf_counter()
    left = [requests]
    await asyncio.gather(*(_phone(proxy, port, left, times) for _ in range(connections)))
    wall = perf_counter() - began
    server.close()
    times.sort()
    return {
        "rate": len(times) / wall,
        "p50": times[len(times) // 2] * 1000,
        "p99": times[int(len(times) * 0.99)] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_load(*map(int, sys.argv[1:4])))))
