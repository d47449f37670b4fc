"""Whether leaktap accuses anybody wrongly: ordinary traffic, with an invented phone of which nothing is in it, walked.

`--size 1000` examines a gigabyte: made telemetry, plain and packed, pages, forms, protobuf, random bytes as they are
and in base64, and the files of this machine. Nothing of it may be taken for a known value. How many messages were not
read to their end is told as well, for what is not read is found harmless easily.
"""

import base64
import gzip
import json
import os
import secrets
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks._identities import identity
from benchmarks._measure import table
from benchmarks._options import Benchmark, Options
from leaktap.config import Case
from leaktap.examine import Examiner, Found
from leaktap.model import Blind, Endpoint, Exchange, Message, Origin

_FOREIGN = ("商品", "订单", "首页", "点击", "曝光", "北京", "搜索", "Größe", "página", "заказ")

type Make = Callable[[Random, int], tuple[bytes, bytes]]
"""Returns a content type (may be empty) and a body of about so many bytes."""

_SIZES = (300, 3_000, 30_000, 300_000)
_FILES = ("/usr/share", "/usr/lib", "/usr/bin")
_LARGEST_PIECE = 500_000
_MOST_TOLD = 20


@dataclass(slots=True)
class _Row:
    """What came of one kind of traffic: bytes examined, seconds, findings by basis, messages not read to their end."""

    bytes: int = 0
    seconds: float = 0.0
    bases: Counter[str] = field(default_factory=Counter)
    limited: int = 0


def _measure(options: Options) -> bool:
    seed = options.seed or secrets.token_hex(4)
    examiner = Examiner(Case(), [identity(Random(seed)).profile])
    examiner.warm()
    rows: dict[str, _Row] = {}
    wrong: list[str] = []
    for name, make in _MAKERS.items():
        random, row = Random(f"{seed}/{name}"), rows.setdefault(name, _Row())
        while row.bytes < options.size * 1e6 / len(_MAKERS):
            wrong += _examined(examiner, row, *make(random, random.choice(_SIZES)))
    _print(rows)
    print(f"seed {seed}: {len(wrong)} values taken for the phone's")
    for each in wrong[:_MOST_TOLD]:
        print(f"  wrong: {each}")
    return not wrong


def _examined(examiner: Examiner, row: _Row, kind: bytes, body: bytes) -> Iterator[str]:
    """Examines a message, and yields what is wrongly known in it."""
    began = time.monotonic()
    found = examiner.examine(_posted(kind, body)).found
    row.seconds += time.monotonic() - began
    row.bytes += len(body)
    row.limited += any(isinstance(item, Blind) and item.why == "limit" for item in found)
    for match in (item.match for item in found if isinstance(item, Found)):
        row.bases[match.basis] += 1
        if match.basis == "known":
            form, (begin, end) = ", ".join(match.form) or "plain", match.span
            around = match.leaf.value[max(begin - 20, 0) : end + 20]
            yield f"{match.identifier} ({form}) {match.value!r} at {match.leaf.path}: {around!r}"


def _print(rows: dict[str, _Row]) -> None:
    total = sum(row.bytes for row in rows.values())
    lines = [
        (
            *(name, f"{row.bytes / 1e6:.0f}", f"{row.bytes / 1e6 / row.seconds:.1f}", str(row.limited)),
            *(str(row.bases[basis]) for basis in ("known", "checksum", "key", "structure")),
        )
        for name, row in rows.items()
    ]
    print(table(("traffic", "MB", "MB/s", "limited", "known", "by checksum", "by key", "by structure"), lines))
    print(f"{total / 1e6:.0f} MB")


def _posted(kind: bytes, body: bytes) -> Exchange:
    headers = ((b"Host", b"t.example"), *([(b"Content-Type", kind)] if kind else []))
    ends = Endpoint("192.0.2.7", 40_000), Endpoint("198.51.100.1", 443)
    request = Message(("POST", "/ordinary", "HTTP/1.1"), tuple(headers), body)
    return Exchange("made", 0, *ends, "https", "t.example", request, None, Origin("made"))


def _telemetry(random: Random, size: int) -> tuple[bytes, bytes]:
    """Events of an app, as analytics SDKs send them."""
    events: list[bytes] = []
    left = size
    while left > 0:
        events.append(json.dumps(_event(random), ensure_ascii=random.random() < 0.5).encode())
        left -= len(events[-1])
    return b"application/json", b"[" + b",".join(events) + b"]"


def _event(random: Random) -> dict[str, Any]:
    began = 1_760_000_000_000 + random.randrange(10**10)
    return {
        "event": random.choice(_words()),
        "event_id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "session": random.randbytes(random.choice((8, 16))).hex(),
        "time": began,
        "duration": random.randrange(100_000),
        "app": {
            "version": f"{random.randrange(20)}.{random.randrange(50)}.{random.randrange(10)}",
            "build": began // 9,
        },
        "screen": {"w": random.choice((1080, 1440)), "h": random.choice((2340, 3200)), "dpi": 420},
        "order_no": str(random.randrange(10**14, 10**19)),
        "price": round(random.uniform(1, 999), 2),
        "trace": base64.b64encode(random.randbytes(24)).decode(),
        "text": " ".join(random.choices(_words(), k=random.randrange(12))),
        "rtt": [round(random.uniform(1, 300), 3) for _ in range(random.randrange(6))],
        "etag": f'W/"{random.getrandbits(160):040x}"',
        "flags": {random.choice(_words()): random.random() < 0.5 for _ in range(random.randrange(5))},
    }


@cache
def _words() -> tuple[str, ...]:
    """What this machine's programs are called, and words of other scripts."""
    names = sorted({file.name for file in Path("/usr/bin").iterdir()})
    return (*names, *_FOREIGN)


def _page(random: Random, size: int) -> tuple[bytes, bytes]:
    """A page with links, ids and numbers."""
    rows: list[str] = []
    left = size
    while left > 0:
        link = f"/item/{random.randrange(10**12)}?from={random.choice(_words())}&t={random.getrandbits(64):x}"
        text = " ".join(random.choices(_words(), k=9))
        rows.append(
            f'<li id="i{random.getrandbits(32)}"><a href="{link}">{text}</a> &#165;{random.randrange(9999)}</li>'
        )
        left -= len(rows[-1])
    return b"text/html; charset=utf-8", f"<!doctype html><html><body><ul>{''.join(rows)}</ul></body></html>".encode()


def _form(random: Random, size: int) -> tuple[bytes, bytes]:
    """A form of an event's members."""
    fields: list[str] = []
    left = size
    while left > 0:
        members = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in _event(random).items()
        }
        fields.append(urllib.parse.urlencode(members))
        left -= len(fields[-1])
    return b"application/x-www-form-urlencoded", "&".join(fields).encode()


def _protobuf(random: Random, size: int) -> tuple[bytes, bytes]:
    """Records of numbers, texts and bytes, in a message."""
    records: list[bytes] = []
    left = size
    while left > 0:
        record = b"".join(
            (
                b"\x08" + _varint(random.getrandbits(random.choice((7, 20, 41, 63)))),
                _delimited(2, random.choice(_words()).encode()),
                _delimited(3, random.randbytes(random.choice((6, 8, 16, 20, 32)))),
                b"\x21" + random.randbytes(8),
                _delimited(5, " ".join(random.choices(_words(), k=5)).encode()),
                _delimited(6, b"".join(_varint(random.getrandbits(30)) for _ in range(5))),
            )
        )
        records.append(_delimited(1, record))
        left -= len(record)
    return random.choice((b"application/x-protobuf", b"application/octet-stream")), b"".join(records)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _delimited(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _noise(random: Random, size: int) -> tuple[bytes, bytes]:
    return random.choice((b"", b"application/octet-stream")), random.randbytes(size)


def _noise_in_text(random: Random, size: int) -> tuple[bytes, bytes]:
    """Random bytes in base64 or hex: a body of their own, or the value of a member."""
    data = random.randbytes(size * 3 // 4)
    text = random.choice((base64.b64encode, base64.urlsafe_b64encode, lambda raw: raw.hex().encode()))(data)
    return (b"application/json", b'{"data":"' + text + b'"}') if random.random() < 0.5 else (b"text/plain", text)


def _packed(random: Random, size: int) -> tuple[bytes, bytes]:
    """Telemetry in gzip, in base64 or not, as the value of a member or not."""
    _, body = _telemetry(random, size)
    body = gzip.compress(body, 1, mtime=0)
    if random.random() < 0.3:
        return b"", body
    text = base64.b64encode(body)
    return (b"application/json", b'{"d":"' + text + b'"}') if random.random() < 0.5 else (b"", text)


@cache
def _files() -> list[str]:
    """Returns the regular files of this machine's system, in order."""
    found: list[str] = []
    for folder in _FILES:
        for place, _, names in os.walk(folder):
            found += [path for name in names if Path(path := f"{place}/{name}").is_file()]
    return sorted(found)


def _file(random: Random, size: int) -> tuple[bytes, bytes]:
    """A file of the system, or a piece of a large one."""
    try:
        with Path(random.choice(_files())).open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(random.randrange(max(length - _LARGEST_PIECE, 1)))
            return b"", file.read(_LARGEST_PIECE)
    except OSError:
        return b"", b""


_MAKERS: dict[str, Make] = {
    "telemetry": _telemetry,
    "packed telemetry": _packed,
    "pages": _page,
    "forms": _form,
    "protobuf": _protobuf,
    "random": _noise,
    "random in text": _noise_in_text,
    "files": _file,
}

BENCHMARK = Benchmark("precision", "ordinary traffic with an invented phone, of which nothing may be found", _measure)
