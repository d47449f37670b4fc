"""Messages between leaktap's two processes: each pickled, behind its length. Both ends are leaktap's own."""

import pickle
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

_HEAD = struct.Struct("<Q")


def pack(message: object) -> bytes:
    """Returns a message with its length."""
    data = pickle.dumps(message, protocol=5)
    return _HEAD.pack(len(data)) + data


def read(stream: BinaryIO) -> Any:
    """Returns the next message.

    Raises:
        EOFError: there is none, or not all of it: the other process is gone.
    """
    (length,) = _HEAD.unpack(_exactly(stream, _HEAD.size))
    return pickle.loads(_exactly(stream, length))


class Frames:
    """Cuts messages out of bytes that come in pieces."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Takes bytes; yields the messages that are complete."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._buffer)
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
