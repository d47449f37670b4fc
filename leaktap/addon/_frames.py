"""Messages between leaktap's two processes: each pickled, behind its length. Both ends are leaktap's own."""

import pickle
import struct
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


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
