"""What is told by how it is built alone: lists of records of people that no profile knows, as apps send them.

The names of their members are those of Android's providers, of SDKs, and Chinese ones, each class in several.
"""

import io
import json
import plistlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import cbor2
import fastavro
import msgpack

from benchmarks._serialisations import bson_document
from benchmarks._writing import Writing

type _Record = dict[str, str | int]
type _Nested = Mapping[str, Any]

_SURNAMES, _GIVEN = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋"
_WORDS: list[str] = re.findall(r"\S+", "lunch dentist parcel gate flight meeting train rent code library")
_APPS: list[str] = re.findall(r"\S+", "map chat radio bank taxi notes video game shop news weather camera")


def _name(random: Random) -> str:
    return random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=2))


def _phone(random: Random) -> str:
    return f"1990001{random.randrange(10**4):04}"


def _time(random: Random) -> int:
    return 1_760_000_000_000 + random.randrange(10**9)


def _words(random: Random) -> str:
    return " ".join(random.choices(_WORDS, k=random.randint(2, 6)))


def _mac(random: Random) -> str:
    return ":".join(f"{byte:02x}" for byte in (0xA4, 0x50, 0x46, *random.randbytes(3)))


def _contact(random: Random, names: Sequence[str]) -> _Record:
    return dict(zip(names, (_name(random), _phone(random)), strict=True))


def _sms(random: Random, names: Sequence[str]) -> _Record:
    return dict(zip(names, (_phone(random), _words(random), _time(random)), strict=True))


def _call(random: Random, names: Sequence[str]) -> _Record:
    return dict(zip(names, (_phone(random), random.randrange(1, 3000), _time(random)), strict=True))


def _event(random: Random, names: Sequence[str]) -> _Record:
    begin = _time(random)
    return dict(zip(names, (_words(random), begin, begin + 3_600_000), strict=True))


def _network(random: Random, names: Sequence[str]) -> _Record:
    return dict(zip(names, (_mac(random), f"{_words(random)} 5G", -random.randint(30, 90)), strict=True))


def _page(random: Random, names: Sequence[str]) -> _Record:
    address = f"https://{random.choice(_WORDS)}.example/{random.choice(_APPS)}/{random.randrange(10**6)}"
    return dict(zip(names, (address, _words(random), _time(random)), strict=True))


def _app(random: Random, names: Sequence[str]) -> _Record:
    package = f"com.{random.choice(_WORDS)}{random.randrange(100)}.{random.choice(_APPS)}"
    return dict(zip(names, (package, f"{random.randint(1, 9)}.{random.randint(0, 9)}"), strict=True))


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of lists: how a record is made, how few records tell it, and how the list and its members are called.

    Where the list has no name of its own, only the first of these names tell what it is.
    """

    make: Callable[[Random, Sequence[str]], _Record]
    fewest: int
    names: tuple[tuple[str, tuple[str, ...]], ...]


_CLASSES = {
    "contacts": _Class(
        _contact,
        3,
        (("contacts", ("name", "phone")), ("list", ("displayName", "phone_number")), ("通讯录", ("姓名", "电话"))),
    ),
    "sms": _Class(
        _sms,
        2,
        (
            ("sms", ("sms_address", "sms_body", "sms_date")),
            ("sms_list", ("address", "body", "date")),
            ("短信", ("号码", "内容", "时间")),
        ),
    ),
    "call_log": _Class(
        _call,
        2,
        (
            ("call_log", ("call_number", "call_duration", "call_date")),
            ("calls", ("number", "duration", "date")),
            ("通话记录", ("号码", "时长", "时间")),
        ),
    ),
    "calendar": _Class(
        _event,
        2,
        (
            ("events", ("title", "dtstart", "dtend")),
            ("calendar", ("title", "begin", "end")),
            ("日程", ("标题", "开始时间", "结束时间")),
        ),
    ),
    "wifi_scan": _Class(
        _network,
        2,
        (
            ("wifi_list", ("bssid", "ssid", "rssi")),
            ("aps", ("mac", "name", "level")),
            ("wifis", ("BSSID", "SSID", "signal")),
        ),
    ),
    "browsing": _Class(
        _page,
        3,
        (
            ("browser_history", ("url", "title", "visit_time")),
            ("visited", ("page_url", "page_title", "visit_time")),
        ),
    ),
    "app_list": _Class(
        _app, 8, (("apps", ("pkg", "version")), ("installed", ("packageName", "versionName")), ("list", ("id", "v")))
    ),
}


def lists(random: Random) -> Iterator[Writing]:
    """Yields each class in each way to write it, by each of its names."""
    for identifier, of in _CLASSES.items():
        for index, (called, names) in enumerate(of.names):
            for family, write in _WAYS.items():
                if index and family in _NAMELESS:
                    continue
                records = [of.make(random, names) for _ in range(random.randint(of.fewest, of.fewest + 6))]
                count = min(len({record[name] for record in records}) for name in names[:2])
                if count < of.fewest:
                    continue
                data, step = write(called, records)
                yield Writing(identifier, "", data, (), f"list in {family}", step, "structure", count)
    yield from _address_books(random)
    yield from _texts(random)
    yield from _objects(random)


def _address_books(random: Random) -> Iterator[Writing]:
    """Yields entries with several numbers each, as the plugins of apps' frameworks read them off Android and iOS."""

    def numbers() -> list[str]:
        return [_phone(random) for _ in range(random.randint(1, 3))]

    def full() -> dict[str, str]:
        return {"givenName": "".join(random.sample(_GIVEN, k=2)), "familyName": random.choice(_SURNAMES)}

    makes: tuple[tuple[str, Callable[[], _Nested]], ...] = (
        ("contacts", lambda: {"name": _name(random), "phones": numbers()}),
        ("contacts", lambda: {"phones": numbers(), "displayName": _name(random), "emails": []}),
        ("list", lambda: {
            "displayName": _name(random), "phones": [{"label": "mobile", "value": n} for n in numbers()]
        }),
        ("data", lambda: {"display_name": _name(random), "phones": [{"number": n, "type": 2} for n in numbers()]}),
        ("contacts", lambda: {
            **full(), "phoneNumbers": [{"label": "mobile", "number": n} for n in numbers()]
        }),
        ("contacts", lambda: {
            "id": str(random.randrange(999)), "name": full(),
            "phoneNumbers": [{"type": "mobile", "value": n} for n in numbers()],
        }),
        ("contactList", lambda: {"contact_name": _name(random), "contact_phones": ",".join(numbers())}),
        ("通讯录", lambda: {"姓名": _name(random), "电话": numbers()}),
    )  # fmt: skip
    for called, make in makes:
        for family, write in _NESTED.items():
            data, step = write(called, [make() for _ in range(random.randint(3, 9))])
            yield Writing("contacts", "", data, (), f"address book in {family}", step, "structure", 3)


def _texts(random: Random) -> Iterator[Writing]:
    """Yields lists in texts of their own: vCards (RFC 6350), iCalendar (RFC 5545), and what apps put one by one."""
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{_name(random)}\r\nTEL;TYPE=CELL:19900011{number:03}\r\nEND:VCARD\r\n"
        for number in range(random.randint(3, 6))
    )
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\nDTSTART:20261122T090000Z\r\nSUMMARY:{_words(random)}\r\nEND:VEVENT\r\n"
        for number in range(random.randint(2, 5))
    )
    calendar = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"
    networks = ";".join(
        f"{_mac(random)},{_words(random)},-{random.randint(40, 90)}" for _ in range(random.randint(3, 6))
    )
    packages = ",".join(f"com.{word}.{_APPS[number]}" for number, word in enumerate(_WORDS))
    for identifier, text in (
        ("contacts", cards),
        ("calendar", calendar),
        ("wifi_scan", networks),
        ("app_list", packages),
    ):
        yield Writing(identifier, "", text.encode(), (), "list in a text", "", "structure")


_BUILD: dict[str, str | int] = {
    "model": "PX-7 Lite",
    "brand": "drawn",
    "manufacturer": "Drawn Devices",
    "board": "k6895",
    "product": "px7_cn",
    "hardware": "mt6895",
    "os_version": "14",
    "sdk_int": 34,
    "security_patch": "2026-09-01",
    "cpu_abi": "arm64-v8a",
    "cpu_cores": 8,
    "screen_size": "1080x2400",
    "density": 420,
    "total_memory": 8_053_063_680,
    "language": "zh-CN",
    "timezone": "Asia/Shanghai",
}


def _objects(random: Random) -> Iterator[Writing]:
    """Yields objects whose members tell together: a cell of a network, and what a phone is made of."""
    for mcc, mnc, area, cell in (("mcc", "mnc", "lac", "cid"), ("mcc", "mnc", "tac", "ci")):
        members = {
            mcc: 460,
            mnc: random.choice((0, 1, 11)),
            area: random.randrange(1000, 60_000),
            cell: random.randrange(1 << 20, 1 << 27),
        }
        yield Writing("cell", "", json.dumps(members).encode(), (), "object", f"|json.$.{cell}", "structure")
        pairs = "&".join(f"{key}={value}" for key, value in members.items())
        yield Writing("cell", "", pairs.encode(), (), "object in a form", f"|form.{cell}", "structure")
    written = f"460,01,{random.randrange(1000, 60_000)},{random.randrange(1 << 20, 1 << 27)}"
    yield Writing("cell", "", json.dumps({"cell_info": written}).encode(), (), "text", "|json.$.cell_info", "structure")
    for count in (10, 13, 16):
        names = [random.choice(("model", "brand")), *random.sample(list(_BUILD), count)]
        build = {name: _BUILD[name] for name in names}
        yield Writing("device_model", "", json.dumps(build).encode(), (), "object", "|json.$", "structure", count)
        yield Writing(
            "device_model",
            "",
            msgpack.packb(build),
            (),
            "object in MessagePack",
            "|messagepack.$",
            "structure",
            count,
        )
        pairs = "&".join(f"{name}={quote(str(value))}" for name, value in build.items())
        yield Writing("device_model", "", pairs.encode(), (), "object in a form", "|form", "structure", count)


def _as_json(called: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return json.dumps({"v": 3, called: records}, ensure_ascii=False).encode(), f"|json.$.{called}"


def _bare(_: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return json.dumps(records).encode(), "|json.$"


def _by_line(_: str, records: Sequence[_Record]) -> tuple[bytes, str]:
    return "\n".join(map(json.dumps, records)).encode(), "|json"


def _table(_: str, records: Sequence[_Record]) -> tuple[bytes, str]:
    rows = [list(records[0]), *([str(value) for value in record.values()] for record in records)]
    return "\r\n".join(map(",".join, rows)).encode(), "|csv"


def _elements(called: str, records: Sequence[_Record]) -> tuple[bytes, str]:
    items = ["".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in record.items()) for record in records]
    text = "".join(f"<item>{item}</item>" for item in items)
    return f"<root><v>3</v><{called}>{text}</{called}></root>".encode(), f"|xml.root.{called}.item"


def _attributes(called: str, records: Sequence[_Record]) -> tuple[bytes, str]:
    items = [" ".join(f"{key}={quoteattr(str(value))}" for key, value in record.items()) for record in records]
    return f"<{called}>{''.join(f'<row {item} />' for item in items)}</{called}>".encode(), f"|xml.{called}.row"


def _property_list(called: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return plistlib.dumps({"v": 3, called: records}), f"|plist.$.{called}"


def _binary_property_list(called: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return plistlib.dumps({called: records}, fmt=plistlib.FMT_BINARY), f"|plist.$.{called}"


def _messagepack(called: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return msgpack.packb({"v": 3, called: records}), f"|messagepack.$.{called}"


def _cbor(called: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return cbor2.dumps({"v": 3, called: records}), f"|cbor.$.{called}"


def _bson(called: str, records: Sequence[_Nested]) -> tuple[bytes, str]:
    return bson_document({"v": 3, called: records}.items()), f"|bson.$.{called}"


def _avro(_: str, records: Sequence[_Record]) -> tuple[bytes, str]:
    kinds = {int: "long", str: "string"}
    fields = [{"name": key, "type": kinds[type(value)]} for key, value in records[0].items()]
    out = io.BytesIO()
    schema = fastavro.parse_schema({"type": "record", "name": "Row", "fields": fields})
    fastavro.writer(out, schema, records, codec="deflate", sync_marker=b"-" * 16)
    return out.getvalue(), "|avro"


_WAYS: dict[str, Callable[[str, Sequence[_Record]], tuple[bytes, str]]] = {
    "JSON": _as_json,
    "bare JSON": _bare,
    "JSON by line": _by_line,
    "CSV": _table,
    "XML elements": _elements,
    "XML attributes": _attributes,
    "plist": _property_list,
    "binary plist": _binary_property_list,
    "MessagePack": _messagepack,
    "CBOR": _cbor,
    "BSON": _bson,
    "Avro": _avro,
}
_NAMELESS = frozenset(("bare JSON", "JSON by line", "CSV", "Avro"))
_NESTED: dict[str, Callable[[str, Sequence[_Nested]], tuple[bytes, str]]] = {
    "JSON": _as_json,
    "plist": _property_list,
    "binary plist": _binary_property_list,
    "MessagePack": _messagepack,
    "CBOR": _cbor,
    "BSON": _bson,
}
