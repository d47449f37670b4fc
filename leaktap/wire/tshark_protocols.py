"""Protocols by tshark: what its dissectors make of connections that the native engine does not read.

Each packet that a dissector understood becomes an exchange whose body is JSON: by protocol, the fields under the names
that Wireshark gives them (dots are underscores). Bytes in a field become text where they are text, else hex. It takes
the place of what the native engine made of those bytes without knowing their protocol. Protocols that show only how
something is encrypted do not count as read, and where a dissector leaves words out, what the native engine made stays.
Field names: `tshark -G fields`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from leaktap.model import Blind, Endpoint, Exchange, Fault, Message, Origin, Seen, Time
from leaktap.wire._intake import Frames

if TYPE_CHECKING:
    from leaktap.wire._pyshark import Stop

_REASONS = frozenset({"unknown_protocol", "unsupported_cipher", "quic"})
_NO_CONTENT = frozenset(
    {"tcp", "udp", "data", "tls", "dtls", "x509ce", "x509sat", "pkcs1", "quic", "gquic"}
    | {"ssh", "wg", "openvpn", "isakmp", "udpencap", "esp", "srtp", "zrtp"}
)
"""Layers above which something may stand, but that show nothing that the user sent."""

_SPOKEN = frozenset({"http", "http2", "http3", "websocket"})
"""What the native engine has read where it made exchanges of a connection."""

_PREFERENCES = (
    *("-o", "tcp.reassemble_out_of_order:TRUE"),
    *("-o", "http.decompress_body:FALSE"),
)
MOST_HELD = 64 << 20
"""Bytes of messages that are kept back at most; what exceeds them goes on as the native engine made it."""

_RAW, _COST = "raw", 1024
_MOST_FILTER = 60_000
_DEEPEST = 64
_BYTES = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2})+")
_WORD = re.compile(rb"[0-9A-Za-z]{4,}")
_MOST_MISSING = 1000
_MAC_LENGTH = 17

type _Layers = dict[str, Any]

type _Key = tuple[int, str, int]
"""A connection's number, and its server's address and port. A `Blind` does not say of which transport it is."""


def _key(blind: Blind) -> _Key:
    return blind.stream or 0, blind.ip, blind.port


def is_for_tshark(blind: Blind) -> bool:
    """Tells whether a dissector may read what the native engine did not."""
    return blind.why in _REASONS and blind.stream is not None


@dataclass(slots=True)
class Protocols:
    """What tshark is asked about: connections that were not read, or without knowing how."""

    name: str
    _asked: dict[_Key, str] = field(default_factory=dict)
    _raw: list[Exchange] = field(default_factory=list)
    _room: int = MOST_HELD
    _blinds: list[Blind] = field(default_factory=list)
    _spoken: set[tuple[str, int | None]] = field(default_factory=set)
    _bodies: dict[int, bytes] = field(default_factory=dict)
    _covered: Counter[_Key] = field(default_factory=Counter)

    def note(self, seen: Seen) -> bool:
        """Takes something that the native engine yields; says whether it is kept back, to be told by `ask`."""
        if isinstance(seen, Exchange):
            if seen.origin.protocol != _RAW:
                self._spoken.add((seen.origin.transport, seen.origin.stream))
                return False
            self._room -= _COST + len(seen.request.body) + (len(seen.response.body) if seen.response else 0)
            if self._room < 0:
                return False
            self._raw.append(seen)
            self._asked.setdefault((seen.origin.stream or 0, seen.server.ip, seen.server.port), seen.host)
            return True
        if isinstance(seen, Blind) and is_for_tshark(seen):
            self._blinds.append(seen)
            self._asked.setdefault(_key(seen), seen.host)
            return True
        return False

    def ask(self, path: Path, arguments: Sequence[str], stop: "Stop") -> Iterator[Seen]:
        """Yields the exchanges that tshark finds in the capture at `path`, then what is left of what was kept back."""
        from leaktap.wire._pyshark import TsharkError, packets

        fault = None
        if self._asked:
            shown = _filter({stream for stream, _, _ in self._asked})
            try:
                for layers in packets(path, shown, (*_PREFERENCES, *arguments), stop):
                    yield from self._exchange(layers)
            except TsharkError as error:
                fault = Fault("source", self.name, f"{error}; what it had read by then counts")
        yield from self._rest()
        if fault is not None:
            yield fault

    def _rest(self) -> Iterator[Seen]:
        """Yields what was kept back, less what has been read of it."""
        for exchange in self._raw:
            if not self._has_all(exchange.request) or not self._has_all(exchange.response):
                yield exchange
        for blind in self._blinds:
            read = min(self._covered[_key(blind)], blind.bytes)
            self._covered[_key(blind)] -= read
            if not read:
                yield blind
            elif read < blind.bytes:
                yield replace(blind, bytes=blind.bytes - read)

    def _has_all(self, message: Message | None) -> bool:
        """Tells whether every word of a message is in what the dissectors made of its packets."""
        if message is None or not message.body:
            return True
        if not self._bodies.keys() >= set(message.frames):
            return False
        made = b"".join({self._bodies[frame] for frame in message.frames})
        missing = set(_WORD.findall(message.body)).difference(_WORD.findall(made))
        return len(missing) <= _MOST_MISSING and all(word in made for word in missing)

    def _exchange(self, layers: _Layers) -> Iterator[Exchange]:
        """Yields the exchange that stands for a packet, if a dissector understood it."""
        packet = _Packet.of(layers)
        if packet is None:
            return
        client, server = packet.source, packet.target
        if (packet.stream, server.ip, server.port) not in self._asked:
            client, server = server, client
        key = packet.stream, server.ip, server.port
        if key not in self._asked:
            return
        names = [name for name in packet.protocols if name not in _NO_CONTENT]
        if (packet.transport, packet.stream) in self._spoken and not _SPOKEN.isdisjoint(names):
            return
        if not names:
            return
        self._covered[key] += packet.size
        body = orjson.dumps({name: _tidy(layers[name], f"{name}_") for name in names})
        self._room -= len(body)
        if self._room >= 0:
            self._bodies.update(dict.fromkeys(packet.frames, body))
        headers = ((b"content-type", b"application/json"),)
        frames = Frames()
        frames.add(sorted(packet.frames))
        request = Message((names[-1].upper(), "", names[-1]), time=packet.time)
        response = None
        if server is packet.target:
            request = replace(request, headers=headers, body=body, frames=frames.numbers)
        else:
            response = Message((names[-1], "", ""), headers, body, packet.time, frames.numbers)
        decrypted = "tls" in packet.protocols or "dtls" in packet.protocols
        yield Exchange(
            id=f"{packet.transport}.{packet.stream}:frame{packet.frame}",
            time=packet.time,
            client=client,
            server=server,
            scheme=names[-1],
            host=self._asked[key] or server.ip,
            request=request,
            response=response,
            origin=Origin(self.name, names[-1], packet.transport, packet.stream, decrypted=decrypted),
        )


@dataclass(slots=True)
class _Packet:
    """A TCP segment or UDP datagram.

    `frames` are the packets that what it completes came in, and `size` how long that is.
    """

    frame: int
    frames: set[int]
    time: Time
    transport: Literal["tcp", "udp"]
    stream: int
    source: Endpoint
    target: Endpoint
    size: int
    protocols: list[str]

    @classmethod
    def of(cls, layers: _Layers) -> "_Packet | None":
        """Returns the innermost segment or datagram of a packet; None where there is none that is whole."""
        try:
            above = layers["frame"]["frame_frame_protocols"].split(":")
            transport: Literal["tcp", "udp"] = "tcp" if "tcp" in above else "udp"
            own, ip = _last(layers[transport]), _last(layers.get("ip") or layers["ipv6"])
            link = _last(layers.get("eth") or layers.get("wlan") or {})
            version = "ip_ip" if "ip_ip_src" in ip else "ipv6_ipv6"
            prefix = f"{transport}_{transport}"
            ends = [
                Endpoint(
                    ip=_last(ip[f"{version}_{end}"]),
                    port=int(_last(own[f"{prefix}_{end}port"])),
                    mac=_last(link.get(f"eth_eth_{end}") or link.get(f"wlan_wlan_{end[0]}a") or ""),
                )
                for end in ("src", "dst")
            ]
            size = int(_last(own["tcp_tcp_len"])) if transport == "tcp" else int(_last(own["udp_udp_length"])) - 8
            frame = int(layers["frame"]["frame_frame_number"])
            segments = [int(number) for number in _all(layers.get("tcp_tcp_segment", []))]
            whole = sum(int(length) for length in _all(layers.get("tcp_tcp_reassembled_length", [])))
            behind = len(above) - above[::-1].index(transport)
            return cls(
                frame=frame,
                frames={*segments, frame},
                time=_time(layers["frame"]["frame_frame_time_epoch"]),
                transport=transport,
                stream=int(_last(own[f"{prefix}_stream"])),
                source=ends[0],
                target=ends[1],
                size=max(size, whole),
                protocols=[name for name in dict.fromkeys(above[behind:]) if name in layers],
            )
        except (KeyError, ValueError, TypeError, AttributeError, IndexError):
            return None


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _last(value: Any) -> Any:
    """Returns the innermost of what stands several times."""
    return value[-1] if isinstance(value, list) else value


def _time(text: str) -> Time:
    """Returns microseconds: tshark writes seconds, and from 4.2 on a date."""
    if "T" in text:
        moment = datetime.fromisoformat(text)
        return int(moment.replace(microsecond=0).astimezone(UTC).timestamp()) * 1_000_000 + moment.microsecond
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def _tidy(value: Any, prefix: str, depth: int = 0) -> Any:
    """Returns fields with their protocol's name in front only once, and bytes as text where they are."""
    if isinstance(value, str):
        return _text(value)
    if depth > _DEEPEST:
        return json.dumps(value, ensure_ascii=False)  # orjson goes 254 levels deep, tshark 500
    if isinstance(value, list):
        return [_tidy(one, prefix, depth + 1) for one in value]
    if isinstance(value, dict):
        return {name.removeprefix(prefix): _tidy(one, prefix, depth + 1) for name, one in value.items()}
    return value


def _text(value: str) -> str:
    """Returns what a field of bytes (`68:65:6c:6c:6f`) says, or its hex. A hardware address stays as it is."""
    if len(value) == _MAC_LENGTH or not _BYTES.fullmatch(value):
        return value
    data = bytes.fromhex(value.replace(":", ""))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.hex()
    return text if all(c.isprintable() or c in "\t\r\n" for c in text) else data.hex()


def _filter(streams: Iterable[int]) -> str:
    """Returns a display filter for the connections of these numbers; for all if it would be too long for a command."""
    runs = []
    for _, group in groupby(enumerate(sorted(streams)), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in group]
        runs.append(f"{numbers[0]}..{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")
    members = ",".join(runs)
    if len(members) > _MOST_FILTER // 2:
        return "tcp or udp"
    return f"tcp.stream in {{{members}}} or udp.stream in {{{members}}}"
