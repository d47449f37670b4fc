"""What is told by the name over it alone, in documents as apps send them: searches, CAIDs, addresses of the network."""

import json
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import quote
from xml.sax.saxutils import escape

import cbor2
import msgpack

from benchmarks._writing import Writing

_SEARCHED = (
    "running shoes",
    "租房 两室一厅",
    "weather tomorrow",
    "感冒 吃什么药",
    "night train timetable",
    "附近的医院",
)
_VERSIONS = ("20230330", "20250325", "20220111")
"""Of the CAID's algorithm: each a date."""


def _search(random: Random) -> str:
    return random.choice(_SEARCHED)


def _caid(random: Random) -> str:
    return random.randbytes(16).hex()


def _dated_caid(random: Random) -> str:
    return f"{random.choice(_VERSIONS)}_{_caid(random)}"


def _at_home(random: Random) -> str:
    a, b, c = random.randrange(1, 255), random.randrange(2, 255), random.randrange(2, 255)
    return random.choice((f"192.168.{a}.{b}", f"10.{a}.{b}.{c}", f"172.{random.randrange(16, 32)}.{a}.{b}"))


def _in_ipv6(random: Random) -> str:
    groups = ":".join(f"{random.randrange(0x1000, 0x10000):x}" for _ in range(4))
    return f"{random.choice(('fe80:', 'fd12:3456:789a:1'))}:{groups}"


def _public(random: Random) -> str:
    return f"223.104.{random.randrange(1, 255)}.{random.randrange(2, 255)}"


_CLASSES: tuple[tuple[str, Callable[[Random], str], tuple[str, ...]], ...] = (
    ("search", _search, ("search_word", "searchKeyword", "search_query", "searchText", "搜索词")),
    ("caid", _caid, ("caid", "caid1", "lastCaid", "current_caid")),
    ("caid", _dated_caid, ("caid",)),
    ("ip_local", _at_home, ("local_ip", "wifiIp", "lanIp", "inner_ip", "ip")),
    ("ip_local", _in_ipv6, ("local_ip", "ipv6")),
    ("ip_public", _public, ("client_ip", "publicIp", "wan_ip", "ip")),
)


def named(random: Random) -> Iterator[Writing]:
    """Yields each class under each of its names, in each kind of document."""
    for identifier, make, names in _CLASSES:
        for name in names:
            for family, write in _WAYS.items():
                data, step = write(name, make(random))
                yield Writing(identifier, "", data, (), f"under its name in {family}", step, "key")
    for count in (1, 2):
        caids = [{"caid": _caid(random), "version": version} for version in _VERSIONS[:count]]
        yield Writing("caid", "", json.dumps({"caids": caids}).encode(), (), "list", "|json.$.caids[0].caid", "key")


def _as_json(name: str, value: str) -> tuple[bytes, str]:
    return json.dumps({"v": 3, name: value}, ensure_ascii=False).encode(), f"|json.$.{name}"


def _as_form(name: str, value: str) -> tuple[bytes, str]:
    return f"v=3&{quote(name)}={quote(value)}&os=android".encode(), f"|form.{name}"


def _as_xml(name: str, value: str) -> tuple[bytes, str]:
    return f"<root><v>3</v><{name}>{escape(value)}</{name}></root>".encode(), f"|xml.root.{name}"


def _as_messagepack(name: str, value: str) -> tuple[bytes, str]:
    return msgpack.packb({"v": 3, name: value}), f"|messagepack.$.{name}"


def _as_cbor(name: str, value: str) -> tuple[bytes, str]:
    return cbor2.dumps({"v": 3, name: value}), f"|cbor.$.{name}"


_WAYS: dict[str, Callable[[str, str], tuple[bytes, str]]] = {
    "JSON": _as_json,
    "a form": _as_form,
    "XML": _as_xml,
    "MessagePack": _as_messagepack,
    "CBOR": _as_cbor,
}
