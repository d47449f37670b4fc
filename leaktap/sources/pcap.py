"""Captures: pcap and pcapng, read by the wire, natively or with tshark's help."""

from collections.abc import Iterator
from typing import BinaryIO

from leaktap.model import Seen
from leaktap.sources._api import Reading, Source
from leaktap.wire import pcap, pcapng, tshark
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from leaktap.wire.loads import loads


def _sniff(head: bytes) -> bool:
    """Tells by the magic number."""
    return bool(pcap.order(head)) or head.startswith(pcapng.MAGIC)


def _read(stream: BinaryIO, name: str, reading: Reading) -> Iterator[Seen]:
    keys = KeyLog()
    for file in reading.keys:
        keys.add_file(file)
    yield from keys.faults()
    if reading.engine == "tshark":
        yield from tshark.exchanges(stream, name, keys, reading.wpa, reading.stop)
    elif reading.engine == "auto":
        hints = tshark.Hints()
        yield from map(hints.add, exchanges(stream, name, keys, hints.watch, reading.share))
    else:
        yield from exchanges(stream, name, keys, share=reading.share)
    yield from keys.unused(name)


SOURCE = Source("pcap", _sniff, _read, shared=True, loads=loads)
