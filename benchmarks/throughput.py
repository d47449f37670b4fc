"""Walk and match of bodies with a full profile: telemetry as JSON, and as SDKs send it, packed and wrapped.

One process examines bodies in memory, one in ten with a leak; beside it stands what the bodies' own formats cost at
least: orjson for JSON, base64 and gzip undone and parsed for what is nested. MB are those of the bodies as they are
sent; of nested ones those that come out are told too. Names, numbers and words are read fastest; every random token
beside them has to be looked into, so events that carry some have a row of their own.
"""

import base64
import gzip
import json
import time
import uuid
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson

from benchmarks._identities import identity
from benchmarks._measure import table
from benchmarks._options import Benchmark, Options
from leaktap.config import Case
from leaktap.examine import Examiner, Found
from leaktap.model import Endpoint, Exchange, Message, Origin

_EVERY = 10
_EVENTS = (5, 50, 500)
_PAGES = ("home", "search", "item", "cart", "checkout", "settings", "profile", "video", "feed", "login")

type _Make = Callable[[Random], dict[str, Any]]
type _Pack = Callable[[bytes], bytes]


def _measure(options: Options) -> bool:
    random = Random(options.seed or 1)
    phone = identity(random).profile
    examiner = Examiner(Case(), [phone])
    examiner.warm()
    rows: list[Sequence[str]] = []
    right = True
    for name, (event, pack, unpack) in _KINDS.items():
        plain = list(_bodies(random, options.size / len(_KINDS) * 1e6, phone.identifiers["imei"][0], event))
        packed = [pack(body) for body in plain]
        least = min(_parsed(packed, unpack) for _ in range(max(options.runs, 1)))
        exchanges = [_posted(body) for body in packed]
        began = time.process_time()
        known = sum(_known(examiner, exchange) for exchange in exchanges)
        seconds = time.process_time() - began
        planted = sum(b'"imei"' in body for body in plain)
        right &= known == planted
        sent, inside = sum(map(len, packed)) / 1e6, sum(map(len, plain)) / 1e6
        cells = (f"{sent:.0f}", f"{inside:.0f}", f"{sent / seconds:.1f}", f"{inside / seconds:.1f}")
        rows.append((name, *cells, f"{inside / least:.0f}", f"{least / seconds:.2f}", f"{known} of {planted}"))
    head = ("bodies", "MB sent", "MB inside", "MB/s sent", "MB/s inside", "parsing alone MB/s", "of its speed", "found")
    print(table(head, rows))
    return right


def _parsed(bodies: Sequence[bytes], unpack: Callable[[bytes], bytes]) -> float:
    """Returns the seconds that it takes to parse bodies and nothing else."""
    began = time.process_time()
    for body in bodies:
        orjson.loads(unpack(body))
    return time.process_time() - began


def _bodies(random: Random, size: float, imei: str, event: _Make) -> Sequence[bytes]:
    """Returns events of apps; one body in ten has the phone's IMEI in it."""
    bodies: list[bytes] = []
    left = size
    while left > 0:
        events = [event(random) for _ in range(random.choice(_EVENTS))]
        if len(bodies) % _EVERY == 0:
            random.choice(events)["imei"] = imei
        bodies.append(json.dumps({"events": events, "sdk": "4.2.1", "os": "Android 14"}).encode())
        left -= len(bodies[-1])
    return bodies


def _event(random: Random) -> dict[str, Any]:
    return {
        "name": random.choice(_PAGES),
        "time": 1_760_000_000_000 + random.randrange(10**9),
        "duration": random.randrange(60_000),
        "index": random.randrange(100),
        "title": " ".join(random.choices(_PAGES, k=6)),
        "price": random.randrange(100_000) / 100,
        "extra": {"from": random.choice(_PAGES), "scroll": round(random.random(), 3), "visible": random.random() < 0.5},
    }


def _traced(random: Random) -> dict[str, Any]:
    return {
        **_event(random),
        "event_id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "session": random.randbytes(16).hex(),
        "trace": base64.b64encode(random.randbytes(24)).decode(),
    }


def _posted(body: bytes) -> Exchange:
    headers = ((b"Content-Type", b"application/json"),) if body[:1] == b"{" else ()
    ends = Endpoint("192.0.2.7", 40_000), Endpoint("198.51.100.1", 443)
    request = Message(("POST", "/e", "HTTP/1.1"), headers, body)
    return Exchange("made", 0, *ends, "https", "t.example", request, None, Origin("made"))


def _known(examiner: Examiner, exchange: Exchange) -> int:
    found = examiner.examine(exchange).found
    return sum(isinstance(item, Found) and item.match.basis == "known" for item in found)


def _nested(body: bytes) -> bytes:
    return orjson.dumps({"v": 2, "data": base64.b64encode(gzip.compress(body, 6, mtime=0)).decode()})


def _unnested(body: bytes) -> bytes:
    return gzip.decompress(base64.b64decode(orjson.loads(body)["data"]))


_KINDS: dict[str, tuple[_Make, _Pack, _Pack]] = {
    "JSON": (_event, bytes, bytes),
    "JSON with random tokens": (_traced, bytes, bytes),
    "gzip": (_event, lambda body: gzip.compress(body, 6, mtime=0), gzip.decompress),
    "JSON of base64 of gzip of JSON": (_event, _nested, _unnested),
}

BENCHMARK = Benchmark("throughput", "walk and match of bodies with a full profile", _measure)
