"""`python -m fuzz.payloads [NAME...]`: bodies that ask for too much, and what each takes of time and memory.

Compressed bombs, data that nests without end or spells itself over and over, and structures of nothing but members.
Each is examined with a full profile, as a scan does it, in a process of its own; what counts is the memory above what
that had before.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import resource
import sys
import tarfile
import time
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from random import Random

import brotli
import cramjam
import lz4.frame
import zstandard

from benchmarks._identities import identity
from leaktap.cli._garbage import settled
from leaktap.config import Case
from leaktap.examine import Examiner, Found
from leaktap.model import Blind, Endpoint, Exchange, Fault, Message, Origin

SECONDS = 1.0
MEGABYTES = 64
_ZEROS = 64 << 20
_DEEP = 100_000
_WIDE = 1_000_000
_BODY, _UNPACKED = 13 << 20, 46 << 20
_PHONE = identity(Random("hostile")).profile
_DIGITS = _PHONE.identifiers["imei"][0].encode()
_IMEI = b'"' + _DIGITS + b'"'


@dataclass(frozen=True, slots=True)
class Payload:
    """A body, its content type and coding, and whether it is so much that a limit has to be reached."""

    body: Callable[[], bytes]
    kind: str = ""
    coding: str = ""
    limited: bool = True


@dataclass(frozen=True, slots=True)
class Cost:
    """What a payload took: seconds of processor time, megabytes above the beginning; what was found and said of it."""

    seconds: float
    megabytes: float
    matches: int
    blinds: tuple[str, ...]
    faults: tuple[str, ...]


@cache
def _zeros() -> bytes:
    return bytes(_ZEROS)


def _raw_deflate() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(_zeros()) + packer.flush()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", _zeros())
    return out.getvalue()


def _zip_of_many() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}", b"x")
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(5000):
            archive.addfile(tarfile.TarInfo(f"{number}"))
    return out.getvalue()


def _text_bomb() -> bytes:
    """Compresses a thousandfold, and is JSON."""
    return gzip.compress(b'{"imei":"867530912345678",' + b'"abc":"def",' * (8 << 20) + b'"b":1}')


def _repeated(wrap: Callable[[bytes], bytes], data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = wrap(data)
    return data


def _protobuf_deep() -> bytes:
    data = b"\x0a\x0f" + _DIGITS
    for _ in range(20_000):
        data = b"\x0a" + _varint(len(data)) + data
    return data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _bson_deep() -> bytes:
    head, depth = b"\x03a\0", 20_000
    size, sizes = 5, []
    for _ in range(depth):
        sizes.append(size)
        size += len(head) + 5
    opened = b"".join((outer + 8).to_bytes(4, "little") + head for outer in reversed(sizes))
    return opened + (5).to_bytes(4, "little") + bytes(depth + 1)


def _plist_deep() -> bytes:
    """Arrays in arrays, each by reference to the next."""
    objects = [b"\xa1" + (number + 1).to_bytes(4) for number in range(_DEEP)] + [b"\x50"]
    out, offsets = bytearray(b"bplist00"), []
    for one in objects:
        offsets.append(len(out))
        out += one
    start = len(out)
    out += b"".join(offset.to_bytes(4) for offset in offsets)
    return bytes(out) + bytes(6) + b"\x04\x04" + len(objects).to_bytes(8) + bytes(8) + start.to_bytes(8)


def _plist_wide() -> bytes:
    """Ten arrays of the next one ten thousand times: as many elements as there are particles."""
    objects = [b"\xaf\x11" + (10_000).to_bytes(2) + (number + 1).to_bytes(4) * 10_000 for number in range(10)] + [
        b"\x50"
    ]
    out, offsets = bytearray(b"bplist00"), []
    for one in objects:
        offsets.append(len(out))
        out += one
    start = len(out)
    out += b"".join(offset.to_bytes(4) for offset in offsets)
    return bytes(out) + bytes(6) + b"\x04\x04" + len(objects).to_bytes(8) + bytes(8) + start.to_bytes(8)


def _entities() -> bytes:
    """Ten times ten times ten ... laughs (CVE-2003-1564)."""
    lines = ['<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "laugh">']
    lines += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
    return ("".join(lines) + "]><l>&a11;</l>").encode()


def _quadratic_entity() -> bytes:
    return b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 100_000 + b'">]><l>' + b"&a;" * 100_000 + b"</l>"


def _json_in_json() -> bytes:
    text = "867530912345678"
    while len(text) < 2_000_000:
        text = json.dumps({"a": text})
    return text.encode()


def _multipart(parts: int) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n867530912345678\r\n' * parts + b"--x--\r\n"


def _multipart_deep() -> bytes:
    body = b"end"
    for number in range(300):
        mark = b"m%d" % number
        head = b"Content-Type: multipart/mixed; boundary=m%d\r\n\r\n" % (number - 1) if number else b"\r\n"
        body = b"--" + mark + b"\r\n" + head + body + b"\r\n--" + mark + b"--\r\n"
    return body


def _quine_like() -> bytes:
    """Base64 of gzip of base64 of gzip ..., each of which doubles what it holds."""
    data = bytes(1000)
    for _ in range(12):
        data = base64.b64encode(gzip.compress(data * 2 + b"867530912345678"))
    return data


def _random(size: int) -> bytes:
    return Random(5).randbytes(size)


def _full(unit: bytes, begin: bytes = b"", end: bytes = b"", size: int = _BODY) -> bytes:
    """Repeats something: as much as is still given to decoders."""
    return begin + unit * ((size - len(begin)) // len(unit)) + end


def _packed(unit: bytes, begin: bytes = b"", end: bytes = b"") -> bytes:
    """Makes a small body that is more than may come out."""
    return gzip.compress(_full(unit, begin, end, _UNPACKED), 1)


def _short_runs() -> bytes:
    data = _random(1 << 20)
    return b" ".join(base64.b64encode(data[at : at + 24]) for at in range(0, len(data), 24))


PAYLOADS: dict[str, Payload] = {
    "gzip": Payload(lambda: gzip.compress(_zeros()), coding="gzip"),
    "gzip not said": Payload(lambda: gzip.compress(_zeros())),
    "gzip of gzip": Payload(lambda: gzip.compress(gzip.compress(_zeros())), coding="gzip"),
    "gzip of JSON": Payload(_text_bomb, "application/json", "gzip"),
    "gzip, many members": Payload(lambda: gzip.compress(b"867530912345678") * 100_000, coding="gzip"),
    "gzip, many empty members": Payload(lambda: gzip.compress(b"") * 120_000, coding="gzip"),
    "zlib": Payload(lambda: zlib.compress(_zeros(), 9)),
    "deflate": Payload(_raw_deflate, coding="deflate"),
    "brotli": Payload(lambda: brotli.compress(_zeros(), quality=1), coding="br"),
    "zstd": Payload(lambda: zstandard.compress(_zeros()), coding="zstd"),
    "lz4": Payload(lambda: lz4.frame.compress(_zeros())),
    "lz4 block": Payload(lambda: bytes(cramjam.lz4.compress_block(bytes(16 << 20)))),
    "snappy": Payload(lambda: bytes(cramjam.snappy.compress(_zeros())), limited=False),
    "snappy block": Payload(lambda: bytes(cramjam.snappy.compress_raw(_zeros())), limited=False),
    "bzip2": Payload(lambda: bz2.compress(_zeros())),
    "xz": Payload(lambda: lzma.compress(_zeros())),
    "LZMA": Payload(lambda: lzma.compress(_zeros(), lzma.FORMAT_ALONE)),
    "ZIP": Payload(_zip),
    "ZIP of many": Payload(_zip_of_many, limited=False),
    "tar of many": Payload(_tar, limited=False),
    "JSON, deep": Payload(lambda: b"[" * _DEEP + _IMEI + b"]" * _DEEP, "application/json"),
    "JSON, deep objects": Payload(lambda: b'{"imei":' * _DEEP + _IMEI + b"}" * _DEEP, "application/json"),
    "JSON, wide": Payload(lambda: b'["' + b'a","' * _WIDE + b'"]', "application/json", limited=False),
    "JSON, identifiers": Payload(
        lambda: json.dumps({"imei": ["867530912345678"] * 120_000}).encode(), "application/json"
    ),
    "JSON in JSON": Payload(_json_in_json, "application/json", limited=False),
    "JSON, without end": Payload(lambda: b'{"imei":"' + b"\\" * 5_000_000, "application/json", limited=False),
    "XML, deep": Payload(lambda: b"<a>" * _DEEP + _DIGITS + b"</a>" * _DEEP, "text/xml"),
    "XML, wide": Payload(lambda: b"<a>" + (b"<b>" + _DIGITS + b"</b>") * 120_000 + b"</a>", "text/xml"),
    "XML, entities": Payload(_entities, "text/xml", limited=False),
    "XML, one large entity": Payload(_quadratic_entity, "text/xml", limited=False),
    "CBOR, deep": Payload(lambda: b"\x81" * _DEEP + b"\x00", "application/cbor"),
    "CBOR, deep maps": Payload(lambda: b"\xa1\x61a" * _DEEP + b"\x00", "application/cbor"),
    "CBOR, deep tags": Payload(lambda: b"\xc1" * _DEEP + b"\x00", "application/cbor", limited=False),
    "CBOR, wide": Payload(lambda: b"\x9a" + _WIDE.to_bytes(4) + b"\x61a" * _WIDE, "application/cbor"),
    "MessagePack, deep": Payload(lambda: b"\x91" * _DEEP + b"\xc0", "application/msgpack"),
    "MessagePack, wide": Payload(lambda: b"\xdd" + _WIDE.to_bytes(4) + b"\xa1a" * _WIDE, "application/msgpack"),
    "MessagePack, lying": Payload(lambda: b"\xdd\xff\xff\xff\xff" * 120_000, "application/msgpack", limited=False),
    "BSON, deep": Payload(_bson_deep, "application/bson"),
    "plist, deep": Payload(_plist_deep),
    "plist, wide": Payload(_plist_wide, limited=False),
    "protobuf, deep": Payload(_protobuf_deep, "application/x-protobuf", limited=False),
    "protobuf, deep groups": Payload(
        lambda: b"\x0b" * _DEEP + b"\x12\x0f" + _DIGITS + b"\x0c" * _DEEP, "application/x-protobuf", limited=False
    ),
    "protobuf, tags alone": Payload(lambda: b"\x08\x01" * _WIDE, "application/x-protobuf", limited=False),
    "protobuf, empty fields": Payload(lambda: b"\x0a\x00" * _WIDE, "application/x-protobuf"),
    "gRPC, empty messages": Payload(lambda: bytes(5) * _WIDE, "application/grpc"),
    "base64 of base64": Payload(lambda: _repeated(base64.b64encode, b'{"imei":"867530912345678"}' * 400, 20)),
    "base64 of gzip, doubling": Payload(_quine_like, limited=False),
    "hex of hex": Payload(lambda: _repeated(lambda data: data.hex().encode(), b"867530912345678", 18)),
    "percent of percent": Payload(
        lambda: b"a=" + b"%25" * _WIDE + b"41", "application/x-www-form-urlencoded", limited=False
    ),
    "percent in percent": Payload(
        lambda: _repeated(lambda data: urllib.parse.quote_from_bytes(data).encode(), b"%", 40) + b"41" * 100_000,
        limited=False,
    ),
    "form, wide": Payload(lambda: b"imei=867530912345678&" * 120_000, "application/x-www-form-urlencoded"),
    "form, without values": Payload(lambda: b"&" * 5_000_000, "application/x-www-form-urlencoded", limited=False),
    "multipart, wide": Payload(lambda: _multipart(120_000), "multipart/form-data; boundary=x"),
    "multipart, deep": Payload(_multipart_deep, "multipart/mixed; boundary=m299"),
    "multipart, dashes": Payload(
        lambda: _multipart(1) + b"\r\n--" * _WIDE, "multipart/form-data; boundary=x", limited=False
    ),
    "HTML, references": Payload(lambda: b"&#56;" * _WIDE, "text/html", limited=False),
    "escapes": Payload(lambda: b"\\u0038" * 500_000, "text/plain", limited=False),
    "CSV, wide": Payload(lambda: b"imei,name\n" + b"867530912345678,a\n" * 120_000, "text/csv", limited=False),
    "lines": Payload(lambda: b"imei=867530912345678\n" * 120_000, "text/plain", limited=False),
    "digits": Payload(lambda: b"8675309123456789" * 300_000, "text/plain", limited=False),
    "spaces": Payload(lambda: b" " * 5_000_000 + b"{}", "application/json", limited=False),
    "quotes": Payload(lambda: b'"' * 5_000_000, "application/json", limited=False),
    "random": Payload(lambda: _random(5_000_000), limited=False),
    "random in base64": Payload(lambda: base64.b64encode(_random(4_000_000)), limited=False),
    "short runs of base64": Payload(_short_runs, limited=False),
    "every byte": Payload(lambda: bytes(range(256)) * 20_000, limited=False),
    "zeros": Payload(lambda: bytes(5_000_000), limited=False),
    "full of objects": Payload(
        lambda: _full(b'},{"imei":"867530912345678","n":1.5', b'[{"a":1', b"}]"), "application/json"
    ),
    "full of documents": Payload(lambda: _full(b'{"imei":"867530912345678"}\n')),
    "full of escaped signs": Payload(
        lambda: _full(b"abcdefgh\\n", b'{"a":"', b'"}'), "application/json", limited=False
    ),
    "full of open elements": Payload(lambda: _full(b"<a>"), "text/xml"),
    "full of fields": Payload(lambda: _full(b"imei=867530912345678&"), "application/x-www-form-urlencoded"),
    "full of percent": Payload(lambda: _full(b"%25%38"), limited=False),
    "full of references": Payload(lambda: _full(b"&#56;", b"<html>"), "text/html"),
    "full of escapes": Payload(lambda: _full(b"\\x38"), "text/plain"),
    "full of base32": Payload(lambda: _full(base64.b32encode(b"imei=867530912345678"))),
    "full of base64 in lines": Payload(lambda: _full(b"abcdefgh\n "), limited=False),
    "full of base85": Payload(lambda: _full(base64.b85encode(b"imei=867530912345678"))),
    "full of ascii85": Payload(lambda: _full(base64.a85encode(b"imei=867530912345678"), b"<~", b"~>")),
    "full of UTF-16": Payload(lambda: _full("imei=1 ".encode("utf-16-le"), b"\xff\xfe")),
    "full of empty fields": Payload(lambda: _full(b"\x0a\x00"), "application/x-protobuf"),
    "full of spaces": Payload(lambda: _full(b" "), limited=False),
    "full of one value": Payload(lambda: _full(_DIGITS + b" "), "text/plain"),
    "gzip of objects": Payload(
        lambda: _packed(b'},{"imei":"867530912345678","n":1.5', b'[{"a":1', b"}]"), "application/json", "gzip"
    ),
    "gzip of cells": Payload(lambda: _packed(b"867530912345678,a\n", b"imei,name\n"), "text/csv", "gzip"),
    "gzip of open elements": Payload(lambda: _packed(b"<a>"), "text/xml", "gzip"),
    "gzip of percent": Payload(lambda: _packed(b"%25%38"), "", "gzip"),
    "gzip of references": Payload(lambda: _packed(b"&#56;", b"<html>"), "text/html", "gzip"),
    "gzip of escapes": Payload(lambda: _packed(b"\\x38"), "text/plain", "gzip"),
    "gzip of base85": Payload(lambda: _packed(base64.b85encode(b"imei=867530912345678")), "", "gzip"),
    "gzip of parts": Payload(
        lambda: _packed(b"--x\r\n\r\na\r\n", b"", b"--x--\r\n"), "multipart/form-data; boundary=x", "gzip"
    ),
    "gzip of empty fields": Payload(lambda: _packed(b"\x0a\x00"), "application/x-protobuf", "gzip"),
}


_SMALL = Payload(lambda: gzip.compress(b'{"imei":"867530912345678"}' * 9), "application/json", "gzip")


@cache
def _examiner() -> Examiner:
    examiner = Examiner(Case(), [_PHONE])
    examiner.warm()
    examiner.examine(_posted(Payload(lambda: b""), b'{"imei":"867530912345678"}'))
    settled()
    return examiner


def _posted(payload: Payload, body: bytes) -> Exchange:
    fields = ((b"Content-Type", payload.kind), (b"Content-Encoding", payload.coding))
    headers = tuple((name, value.encode()) for name, value in fields if value)
    ends = Endpoint("192.0.2.7", 40_000), Endpoint("198.51.100.1", 443)
    request = Message(("POST", "/h", "HTTP/1.1"), headers, body)
    return Exchange("made", 0, *ends, "https", "t.example", request, None, Origin("made"))


_posting: list[Exchange] = []
"""What the next process examines: inherited, so that no copy is counted."""


def _cost() -> Cost:
    (exchange,) = _posting
    _examiner().examine(_posted(_SMALL, _SMALL.body()))  # pages of libraries that a new process touches first
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    found = _examiner().examine(exchange).found
    seconds = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    blinds = tuple(f"{item.why}: {item.detail}" for item in found if isinstance(item, Blind))
    faults = tuple(f"{item.stage}: {item.why}" for item in found if isinstance(item, Fault))
    matches = sum(isinstance(item, Found) for item in found)
    return Cost(seconds, grown / (1 << 10 if sys.platform != "darwin" else 1 << 20), matches, blinds, faults)


def costs(names: list[str]) -> Iterator[tuple[str, Cost]]:
    """Yields what each payload takes, every one in a fresh process with everything compiled."""
    _examiner()
    for name in names:
        payload = PAYLOADS[name]
        _posting[:] = [_posted(payload, payload.body())]
        with get_context("fork").Pool(1) as pool:
            yield name, pool.apply(_cost)


def main(names: list[str]) -> int:
    """Prints a table; returns 1 if anything takes too much."""
    worst = 0
    for name, cost in costs(names or list(PAYLOADS)):
        bad = cost.seconds > SECONDS or cost.megabytes > MEGABYTES or any("decoder" in why for why in cost.faults)
        missing = PAYLOADS[name].limited and not any(why.startswith("limit") for why in cost.blinds)
        worst += bad or missing
        said = "; ".join((*cost.blinds, *cost.faults))[:100]
        mark = "too much" if bad else "no limit told" if missing else ""
        print(f"{name:28} {cost.seconds:6.2f} s {cost.megabytes:6.0f} MB  {mark:10} {said}", flush=True)
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
