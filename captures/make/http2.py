"""HTTP/2 between two real endpoints: calls in, and what each side sends for them out (RFC 9113, by the h2 library).

Calls of one batch are asked one after the other and answered at once: the replies' frames interleave.
"""

from collections.abc import Iterator, Sequence

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes

from captures.make.messages import Call, Fields
from captures.make.tls import CLIENT, SERVER

_WINDOW = (1 << 31) - 1
_FRAME = 16_384
_BYTES_AT_ONCE = 1 << 18


class Http2:
    """One connection; whoever uses it carries the bytes from one end to the other."""

    def __init__(self) -> None:
        """Readies both ends with windows that never close."""
        self._ends = tuple(
            H2Connection(H2Configuration(client_side=client, header_encoding=None)) for client in (True, False)
        )

    def opening(self) -> Iterator[tuple[int, bytes]]:
        """Yields what both ends say before the first request."""
        for end in self._ends:
            end.local_settings = type(end.local_settings)(
                client=end is self._ends[CLIENT],
                initial_values={SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW, SettingCodes.MAX_FRAME_SIZE: _FRAME},
            )
            end.initiate_connection()
            end.increment_flow_control_window(_WINDOW - 65_535)
        for side in (CLIENT, SERVER, CLIENT):
            yield from self._said(side)

    def batch(self, calls: Sequence[Call]) -> Iterator[tuple[int, bytes]]:
        """Yields the requests, then the replies."""
        client, server = self._ends
        streams = []
        for call in calls:
            stream = client.get_next_available_stream_id()
            streams.append(stream)
            fields = [
                (":method", call.method),
                (":scheme", "https"),
                (":authority", call.host),
                (":path", call.target),
                *_lower(call.headers),
            ]
            if call.body:
                fields.append(("content-length", str(len(call.body))))
            client.send_headers(stream, fields, end_stream=not call.body)
            yield from self._body(CLIENT, [(stream, call.body)])
        for stream, call in zip(streams, calls, strict=True):
            reply = call.reply
            server.send_headers(
                stream, [(":status", str(reply.status)), *_lower(reply.headers)], end_stream=not reply.body
            )
        yield from self._body(SERVER, [(s, call.reply.body) for s, call in zip(streams, calls, strict=True)])

    def _body(self, side: int, bodies: list[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Sends the bodies of several streams, a frame of each in turn."""
        left = [(stream, memoryview(body)) for stream, body in bodies if body]
        sent = 0
        while left:
            after = []
            for stream, body in left:
                self._ends[side].send_data(stream, bytes(body[:_FRAME]), end_stream=len(body) <= _FRAME)
                sent += min(len(body), _FRAME)
                if len(body) > _FRAME:
                    after.append((stream, body[_FRAME:]))
            left = after
            if sent >= _BYTES_AT_ONCE:
                yield from self._said(side)
                sent = 0
        yield from self._said(side)

    def _said(self, side: int) -> Iterator[tuple[int, bytes]]:
        data = self._ends[side].data_to_send()
        if data:
            self._ends[1 - side].receive_data(data)
            yield side, data


def _lower(fields: Fields) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in fields]
