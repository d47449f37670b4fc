"""Messages between leaktap's two processes: a head with lengths, a pickle, and behind it what is large, as it is.

What is large is a `PickleBuffer` in the message (PEP 574), so nobody copies it: it is written from where it lies. Both
ends are leaktap's own.
"""

import pickle
import struct
from collections.abc import Iterator, Sequence
from pickle import PickleBuffer
from typing import Any, BinaryIO

_HEAD = struct.Struct("<QI")
"""The pickle's length and how many buffers follow it; their lengths come next."""
_LENGTH = struct.Struct("<Q")


def pack(message: object) -> list[bytes | memoryview]:
    """Returns a message in the pieces that are to be written one after the other."""
    apart: list[PickleBuffer] = []
    data = pickle.dumps(message, protocol=5, buffer_callback=apart.append)
    buffers = [buffer.raw() for buffer in apart]
    lengths = b"".join([_LENGTH.pack(len(buffer)) for buffer in buffers])
    return [_HEAD.pack(len(data), len(buffers)) + lengths + data, *buffers]


def unpack(pieces: Sequence[bytes | memoryview]) -> Any:
    """Returns the message whose pieces these are."""
    head, *buffers = pieces
    return pickle.loads(head[_HEAD.size + len(buffers) * _LENGTH.size :], buffers=buffers)


def read(stream: BinaryIO) -> Any:
    """Returns the next message.

    Raises:
        EOFError: there is none, or not all of it: the other process is gone.
    """
    length, count = _HEAD.unpack(_exactly(stream, _HEAD.size))
    lengths = [_LENGTH.unpack(_exactly(stream, _LENGTH.size))[0] for _ in range(count)]
    data = _exactly(stream, length)
    return pickle.loads(data, buffers=[_exactly(stream, each) for each in lengths])


class Frames:
    """Cuts messages, which have nothing large in them, out of bytes that come in pieces."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Takes bytes; yields the messages that are complete."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            length, _ = _HEAD.unpack_from(self._buffer)
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            message = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield pickle.loads(message)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
