"""A large capture of what phones send: TLS 1.2 and 1.3, HTTP/1.1 and 2, telemetry in every wrapper, pictures, clips.

What apps say to their servers is many small messages: public captures of phones have some 10 kB of packets to each
exchange, ten times as many bytes down as up, and reports of a few hundred bytes at the median; two of five requests are
such reports here. Sizes are log-normal, from 200 bytes to 5 MB.

The same size gives the same requests each time; which of them carry a value of the device's is counted, so that a
benchmark can tell whether a scan was right. Captures are made in the user's cache, once per size and per version of
the generator.
"""

import base64
import gzip
import hashlib
import json
import math
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from captures.make import wire
from captures.make.messages import Call, Fields, Host, Reply, Session
from captures.make.packets import Conversation, Trouble, in_order
from captures.make.pcapng import write_pcap

DEVICE = {
    "name": "bench-phone",
    "identifiers": {
        "imei": ["867531042188306", "862149055173266"],
        "android_id": ["5b1e09d7c4a8f263"],
        "oaid": ["2b7e6c1f-8d04-4a9e-b3c5-50f1d2a6e794"],
        "mac_wifi": ["a4:50:46:7c:21:9e"],
        "phone": ["19900000012"],
        "serial": ["7HX0219B34001822"],
    },
}
SUITES = (
    ("1.3", "TLS_AES_128_GCM_SHA256"),
    ("1.3", "TLS_AES_256_GCM_SHA384"),
    ("1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("1.2", "ECDHE-ECDSA-AES128-SHA256"),
)
TROUBLE = Trouble(again=0.004, overtaken=0.004)
SMALLEST, LARGEST = 200, 5_000_000
type _Maker = Callable[[str, float, int], Call]

_WORDS = (
    *("page", "view", "click", "scroll", "cart", "banner", "list", "item", "search"),
    *("detail", "pay", "share", "open", "close", "start", "resume", "load", "cache"),
)
_LEAKY = 0.08
"""How many of the requests with a body carry a value of the device's."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """A capture, its keys, the profile of the phone, and how many requests and leaks are in it."""

    capture: Path
    keys: Path
    device: Path
    requests: int
    leaks: int
    connections: int


def traffic(megabytes: float) -> Traffic:
    """Returns the capture of a size, made now if it is not in the cache."""
    folder = _cache() / f"traffic-{megabytes:g}-{_version()}"
    facts = folder / "facts.json"
    if not facts.exists():
        for outdated in _cache().glob(f"traffic-{megabytes:g}-*"):
            shutil.rmtree(outdated)
        folder.mkdir(parents=True)
        print(f"making {megabytes:g} MB of traffic in {folder} ...", flush=True)
        facts.write_text(json.dumps(_make(megabytes, folder)))
    return Traffic(
        folder / "capture.pcap", folder / "keys.log", folder / "device.yaml", **json.loads(facts.read_text())
    )


def sample(size: int) -> bytes:
    """Returns `size` bytes of what the requests say."""
    return _App(random.Random(1)).telemetry(size * 2)[:size]


def forget(made: Traffic) -> None:
    """Removes a capture from the cache."""
    shutil.rmtree(made.capture.parent)


def _version() -> str:
    """Returns a digest of everything that has a say in what is made."""
    sources = [Path(__file__), *sorted(Path(wire.__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leaktap-benchmarks"


def _make(megabytes: float, folder: Path) -> dict[str, int]:
    (folder / "device.yaml").write_text(yaml.safe_dump(DEVICE, sort_keys=False))
    app = _App(random.Random(20_261_121))
    keylog: list[bytes] = []
    write_pcap(folder / "capture.pcap", in_order(_conversations(app, megabytes, keylog)))
    (folder / "keys.log").write_bytes(b"".join(line + b"\n" for line in keylog))
    return {"requests": app.requests, "leaks": app.leaks, "connections": app.connections}


def _conversations(app: "_App", megabytes: float, keylog: list[bytes]) -> Iterator[Conversation]:
    """Yields connections of a few calls each until there are `megabytes` of packets, or a little more."""
    size, index = 0, 0
    while size < megabytes * 1e6:
        session = app.session(index)
        (conversation,), lines = wire.converse(session, TROUBLE, index)
        keylog += lines
        size += sum(len(packet.data) + 16 for packet in conversation.packets)
        index += 1
        yield conversation


class _App:
    """Makes up what is said over one connection after the other."""

    def __init__(self, chance: random.Random) -> None:
        self.random = chance
        self.requests = self.leaks = self.connections = 0
        self._events = [self._event() for _ in range(400)]
        self._noise = chance.randbytes(LARGEST + (1 << 20))
        digest = hashlib.md5(DEVICE["identifiers"]["imei"][0].encode()).hexdigest()  # type: ignore[index]
        self._secrets = [
            ("k1", "867531042188306"),
            ("k2", digest),
            ("k3", "5b1e09d7c4a8f263"),
            ("k4", "2b7e6c1f-8d04-4a9e-b3c5-50f1d2a6e794"),
            ("k5", "A4:50:46:7C:21:9E"),
        ]
        self._kinds: tuple[tuple[_Maker, int, int, float], ...] = (
            (self._json, 16, 900, 1.1),
            (self._packed_form, 12, 800, 1.0),
            (self._protobuf, 11, 800, 1.1),
            (self._upload, 1, 60_000, 1.2),
            (self._picture, 35, 5_000, 1.2),
            (self._list, 24, 2_500, 1.2),
            (self._clip, 1, 400_000, 1.0),
        )

    def session(self, index: int) -> Session:
        """Returns one connection's talk: a dozen calls at the median."""
        version, suite = self.random.choice(SUITES)
        name = f"h{index % 60}.example-{index % 12}.net"
        at = index * 0.7
        calls: list[Call] = []
        makers, weights = list(self._kinds), [kind[1] for kind in self._kinds]
        for _ in range(max(round(self.random.lognormvariate(math.log(12), 0.8)), 1)):
            make, _, middle, spread = self.random.choices(makers, weights)[0]
            wanted = self.random.lognormvariate(math.log(middle), spread)
            call = make(name, at, int(min(max(wanted, SMALLEST), LARGEST)))
            at += 0.3
            calls.append(call)
        self.connections += 1
        self.requests += len(calls)
        six = index % 5 == 0
        address = f"2001:db8::{index % 60 + 16:x}" if six else f"203.0.113.{index % 60 + 1}"
        return Session({name: Host(address, version, suite, http2=index % 2 == 1)}, tuple(calls))

    def _secret(self) -> dict[str, str]:
        """Returns a value of the device's for one request in some, and counts it."""
        if self.random.random() >= _LEAKY:
            return {}
        self.leaks += 1
        name, value = self.random.choice(self._secrets)
        return {name: value}

    def _event(self) -> str:
        chance = self.random
        event = {
            "event": "_".join(chance.choices(_WORDS, k=2)),
            "seq": chance.randrange(10**6),
            "cost": round(chance.random() * 900, 3),
            "props": {word: chance.choice(_WORDS) for word in chance.sample(_WORDS, 4)},
            "trace": chance.randbytes(12).hex(),
        }
        return json.dumps(event, separators=(",", ":"))

    def telemetry(self, size: int) -> bytes:
        """Returns a JSON document of about `size` bytes."""
        count = max(size // 180, 1)
        head = json.dumps({"app": "bench", "v": "1.9.2", **self._secret()}, separators=(",", ":"))
        return f'{head[:-1]},"events":[{",".join(self.random.choices(self._events, k=count))}]}}'.encode()

    def _json(self, host: str, at: float, size: int) -> Call:
        return Call(at, "POST", host, "/v2/events?compress=0", _fields("application/json"), self.telemetry(size))

    def _packed_form(self, host: str, at: float, size: int) -> Call:
        packed = base64.b64encode(gzip.compress(self.telemetry(size * 3), 5, mtime=0)).decode()
        body = "gzip=1&data_list=" + packed.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        return Call(at, "POST", host, "/sa?project=bench", _fields("application/x-www-form-urlencoded"), body.encode())

    def _protobuf(self, host: str, at: float, size: int) -> Call:
        """Writes length-delimited fields: a header message, then one message per event."""
        secret = b"".join(_delimited(2, value.encode()) for value in self._secret().values())
        parts = [_delimited(1, b"bench" + b"\x10\x21"), secret]
        for event in self.random.choices(self._events, k=max(size // 190, 1)):
            parts.append(_delimited(3, _delimited(1, event[10:40].encode()) + _delimited(2, event.encode())))
        return Call(at, "POST", host, "/pb/report", _fields("application/x-protobuf"), b"".join(parts))

    def _upload(self, host: str, at: float, size: int) -> Call:
        mark = "bench-7f1c20"
        fields = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png'
        body = f"--{mark}\r\n{fields}\r\n\r\n".encode() + self._image(size) + f"\r\n--{mark}--\r\n".encode()
        return Call(at, "POST", host, "/upload", _fields(f"multipart/form-data; boundary={mark}"), body)

    def _picture(self, host: str, at: float, size: int) -> Call:
        reply = Reply(headers=(("Content-Type", "image/png"),), body=self._image(size))
        return Call(at, "GET", host, f"/img/{self.random.randrange(10**6)}.png?w=720", _fields(""), reply=reply)

    def _list(self, host: str, at: float, size: int) -> Call:
        items = ",".join(self.random.choices(self._events, k=max(size // 180, 1)))
        packed = gzip.compress(f"[{items}]".encode(), 5, mtime=0)
        headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
        reply = Reply(headers=headers, body=packed, chunked=8192)
        return Call(at, "GET", host, f"/v1/list?page={self.random.randrange(90)}", _fields(""), reply=reply)

    def _clip(self, host: str, at: float, size: int) -> Call:
        reply = Reply(206, "Partial Content", (("Content-Type", "video/mp4"),), self._image(size))
        return Call(at, "GET", host, f"/v/{self.random.randrange(10**6)}/seg-{size % 90}.m4s", _fields(""), reply=reply)

    def _image(self, size: int) -> bytes:
        at = self.random.randrange(1 << 20)
        return b"\x89PNG\r\n\x1a\n" + self._noise[at : at + size]


def _fields(kind: str) -> Fields:
    agent = ("User-Agent", "okhttp/4.12.0")
    return (agent, ("Content-Type", kind)) if kind else (agent, ("Accept", "*/*"))


def _delimited(number: int, value: bytes) -> bytes:
    """Writes a length-delimited protobuf field."""
    size, length = len(value), b""
    while size > 0x7F:
        length += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return bytes((number << 3 | 2,)) + length + bytes((size,)) + value
