"""Captures: pcap and pcapng, read by the wire."""

from collections.abc import Iterator
from typing import BinaryIO

from leaktap.model import Seen
from leaktap.sources._api import Reading, Source
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog

_MAGICS = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
"""Of pcap with micro- and nanoseconds in both byte orders, and of pcapng."""


def _read(stream: BinaryIO, name: str, reading: Reading) -> Iterator[Seen]:
    keys = KeyLog()
    for file in reading.keys:
        keys.add_file(file)
    yield from keys.faults()
    yield from exchanges(stream, name, keys)
    yield from keys.unused(name)


SOURCE = Source("pcap", lambda head: head.startswith(_MAGICS), _read)
