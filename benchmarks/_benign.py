"""Traffic in which nothing of an invented phone is: random bytes, ordinary text, JSON and programs, real captures.

A known value that is found there is wrong.
"""

import json
import re
import sysconfig
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks._identities import Identity
from benchmarks._measure import table
from leaktap.config import Case
from leaktap.examine import Examiner, Found
from leaktap.model import Endpoint, Exchange, Message, Origin
from leaktap.sources import InputError, Reading, read

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
"""Real traffic, which is no part of the project: looked at where it is there."""

_READABLE = (".pcap", ".pcapng", ".gz", ".har", ".zhar", ".mitm")
_SIZES = (200, 2_000, 20_000, 200_000)
_TYPES = {"random": b"application/octet-stream", "text": b"text/plain", "json": b"application/json", "binary": b""}


def precision(identity: Identity, size: float, seed: str, captures: bool = True) -> bool:
    """Prints what is found in `size` MB of made traffic and in the captures; returns whether nothing known is."""
    examiner = Examiner(Case(), [identity.profile], responses=True)
    examiner.warm()
    rows = []
    wrong: list[str] = []
    makers = {"random": _random, "text": _text, "json": _json, "binary": _binary}
    for name, make in makers.items():
        random = Random(f"{seed}/{name}")
        seconds, seen, found = 0.0, 0, 0
        while seen < size * 1e6 / len(makers):
            body = make(random, random.choice(_SIZES))
            exchange = _posted(body, _TYPES[name] if random.random() < 0.5 else b"")
            began = time.monotonic()
            known = _known(examiner, exchange)
            seconds += time.monotonic() - began
            seen += len(body)
            wrong += [f"{name}, seed {seed}: {each}" for each in known]
            found += len(known)
        rows.append((name, f"{seen / 1e6:.0f}", f"{seen / 1e6 / seconds:.1f}", str(found)))
    if captures and CAPTURES.is_dir():
        exchanges = [exchange for file in _captures() for exchange in _read(file)]
        began = time.monotonic()
        known = [f"{each.origin.source} {each.id}: {one}" for each in exchanges for one in _known(examiner, each)]
        wrong += known
        bytes_ = sum(len(each.request.body) + len(each.response.body if each.response else b"") for each in exchanges)
        speed = bytes_ / 1e6 / (time.monotonic() - began)
        rows.append((f"captures ({len(exchanges)} exchanges)", f"{bytes_ / 1e6:.0f}", f"{speed:.1f}", str(len(known))))
    elif captures:
        print(f"no captures: {CAPTURES} is not there")
    print(table(("where nothing is", "MB", "MB/s", "known values found"), rows))
    for each in wrong[:20]:
        print(f"  wrong: {each}")
    return not wrong


def _known(examiner: Examiner, exchange: Exchange) -> list[str]:
    matches = [item.match for item in examiner.examine(exchange).found if isinstance(item, Found)]
    return [
        f"{match.identifier} {', '.join(match.form) or 'plain'} {match.value!r} at {match.leaf.path}"
        for match in matches
        if match.basis == "known"
    ]


def _posted(body: bytes, content_type: bytes) -> Exchange:
    headers = ((b"Host", b"t.example"), *([(b"Content-Type", content_type)] if content_type else []))
    request = Message(("POST", "/benign", "HTTP/1.1"), tuple(headers), body)
    ends = Endpoint("192.0.2.7", 40_000), Endpoint("198.51.100.1", 443)
    return Exchange("made", 0, *ends, "https", "t.example", request, None, Origin("made"))


def _random(random: Random, size: int) -> bytes:
    return random.randbytes(size)


@cache
def _sources(ending: str) -> list[Path]:
    """Returns the files of Python's own library that end so, in order."""
    return sorted(Path(sysconfig.get_path("stdlib")).glob(f"*{ending}"))


def _pieces(random: Random, files: list[Path], size: int) -> bytes:
    data = random.choice(files).read_bytes()
    at = random.randrange(max(len(data) - size, 1))
    return data[at : at + size]


def _text(random: Random, size: int) -> bytes:
    """Returns a piece of a program's text, or of words and numbers."""
    if random.random() < 0.5:
        return _pieces(random, _sources(".py"), size)
    words = _words()
    return " ".join(
        random.choice(words) if random.random() < 0.8 else _number(random) for _ in range(size // 7)
    ).encode()


@cache
def _words() -> list[str]:
    return [path.stem for path in _sources(".py")] + re.findall(r"\S+", "我 的 手机 号 码 北京 上海 用户 张 王 李")


def _number(random: Random) -> str:
    return str(random.randrange(10 ** random.randint(1, 18)))


def _json(random: Random, size: int) -> bytes:
    items: list[str] = []
    while sum(map(len, items)) < size:
        items.append(json.dumps(_member(random, 3), ensure_ascii=random.random() < 0.5))
    return f"[{','.join(items)}]".encode()


def _member(random: Random, depth: int) -> Any:
    """Returns what apps send: words, numbers and times, now and then an id, and more of the like within."""
    kind = random.choices(range(9), (8, 5, 3, 2, 1, 1, 1, 4 * (depth > 0), 8 * (depth > 0)))[0]
    match kind:
        case 0:
            return " ".join(random.choices(_words(), k=random.randint(1, 8)))
        case 1:
            return random.randrange(10 ** random.randint(1, 12))
        case 2:
            return 1_700_000_000_000 + random.randrange(10**11)
        case 3:
            return random.uniform(-180, 180)
        case 4:
            return str(uuid.UUID(int=random.getrandbits(128), version=4))
        case 5:
            return random.randbytes(random.choice((6, 8, 16, 20, 32))).hex()
        case 6:
            return ":".join(f"{byte:02x}" for byte in random.randbytes(6))
        case 7:
            return [_member(random, depth - 1) for _ in range(random.randint(0, 6))]
        case _:
            return {random.choice(_NAMES): _member(random, depth - 1) for _ in range(random.randint(1, 8))}


_NAMES: list[str] = re.findall(
    r"\S+", "event type name page time count items list title url imei mac lat device os version session user 张三"
)


def _binary(random: Random, size: int) -> bytes:
    """Returns a piece of a compiled program."""
    cached = sorted((Path(sysconfig.get_path("stdlib")) / "__pycache__").glob("*.pyc"))
    return _pieces(random, cached or _sources(".py"), size)


def _captures() -> list[Path]:
    return sorted(file for file in CAPTURES.rglob("*") if file.suffix in _READABLE)


def _read(file: Path) -> Iterator[Exchange]:
    keys = tuple(sorted((CAPTURES / "tls").glob("*.keys.txt")))
    try:
        yield from (item for item in read(str(file), Reading(keys=keys)) if isinstance(item, Exchange))
    except InputError:
        return
