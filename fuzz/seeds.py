"""What is mutated: the golden captures, those of the conformance tests, and the captures at hand if there are any.

Most golden captures are encrypted, and damage does not get behind encryption: what is in them comes once more as plain
HTTP, so that decoders and identifiers get damaged bodies too.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fuzz.bombs import bombs
from fuzz.others import others
from leaktap.model import Exchange, Message
from leaktap.sources import Reading, read
from tests import conformance
from tests.conformance._network import CLIENT, SERVER, Capture, capture, segments

ROOT = Path(__file__).parents[1]
AT_HAND = ROOT.parent / "shared" / "captures"
MOST = 150_000
"""Bytes of a capture that are used: what comes behind would only cost time."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A capture; `keys` is a key log."""

    name: str
    data: bytes
    keys: bytes = b""


def seeds() -> list[Seed]:
    """Returns all captures, in an order that depends on nothing but what there is."""
    found = [*golden(), *plain(), *made(), *at_hand(), *of_others(), *too_much()]
    return [Seed(one.name, one.data[:MOST], one.keys) for one in found]


def golden() -> Iterator[Seed]:
    """Yields the golden captures."""
    for path in sorted((ROOT / "captures").glob("*/capture.pcap*")):
        yield Seed(path.parent.name, path.read_bytes())


def plain() -> Iterator[Seed]:
    """Yields what is in the golden captures of any kind, as plain HTTP/1."""
    for folder in sorted((ROOT / "captures").glob("*/")):
        for path in sorted(folder.glob("capture.*"))[:1]:
            exchanges = [item for item in read(str(path), Reading()) if isinstance(item, Exchange)]
            turns = [turn for exchange in exchanges for turn in _turns(exchange)]
            if turns:
                yield Seed(f"{folder.name}-plain", capture(segments(turns)).data)


def _turns(exchange: Exchange) -> Iterator[tuple[int, bytes]]:
    for side, message in ((CLIENT, exchange.request), (SERVER, exchange.response)):
        if message is not None:
            yield side, _bytes(side, message)


def _bytes(side: int, message: Message) -> bytes:
    """Writes a message as HTTP/1.1 with a length."""
    first, second, third = message.start
    line = f"{first} {second} HTTP/1.1" if side == CLIENT else f"HTTP/1.1 {second} {third}"
    framing = (b"content-length", b"transfer-encoding")
    headers = [b"%b: %b" % field for field in message.headers if field[0].lower() not in framing]
    headers.append(b"Content-Length: %d" % len(message.body))
    return b"\r\n".join([line.encode(errors="surrogateescape"), *headers, b"", message.body])


def made() -> Iterator[Seed]:
    """Yields the captures of the conformance tests that need no program but this one."""
    for info in pkgutil.iter_modules(conformance.__path__, f"{conformance.__name__}."):
        module = importlib.import_module(info.name)
        for make in () if hasattr(module, "PROGRAMS") else getattr(module, "CAPTURES", ()):
            one: Capture = make()
            yield Seed(f"{info.name.rpartition('.')[2]}-{make.__name__}", one.data, one.keys.encode())


def of_others() -> Iterator[Seed]:
    """Yields captures of other protocols."""
    for name, data, keys in others():
        yield Seed(name, data, keys.encode())


def too_much() -> Iterator[Seed]:
    """Yields captures that ask for much."""
    for name, data in bombs():
        yield Seed(name, data)


def at_hand() -> Iterator[Seed]:
    """Yields captures that are not part of the repository, with the key logs that their README pairs them with."""
    readme = AT_HAND / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    pairs = dict(re.findall(r"`(\S+\.pcap)` ↔ `(\S+)`", text))
    for path in sorted(AT_HAND.glob("*/*.pcap*")):
        keys = path.parent / pairs[path.name] if path.name in pairs else None
        yield Seed(path.name, path.read_bytes(), keys.read_bytes() if keys else b"")
