"""What values travel in: one entry per wrapper, with an encoder that is not leaktap's and the step of its path.

A wrapper is drawn where its decoder is there. A new one is one more entry; `takes` and `gives` say what fits into what,
`headers` how a body that is made so may be announced.
"""

import base64
import bz2
import gzip
import json
import lzma
import plistlib
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal
from urllib.parse import quote, quote_from_bytes
from xml.sax.saxutils import escape, quoteattr

import brotli
import zstandard

from benchmarks import _serialisations as serialisations
from benchmarks._members import Header, Wrapped, a_name, document, filler, shuffled

type Kind = Literal["text", "bytes"]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A wrapper. `said` ones can only be read as a message's body with their headers."""

    decoder: str
    takes: Kind
    gives: Kind
    wrap: Callable[[Random, bytes, Sequence[int]], Wrapped]
    headers: tuple[Header, ...] = ()
    said: bool = False


def _json(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, data.decode(), range_)
    spaces = random.choice(((",", ":"), (", ", ": ")))
    text = json.dumps(tree, ensure_ascii=random.random() < 0.5, separators=spaces)
    return Wrapped((text.replace("/", "\\/") if random.random() < 0.3 else text).encode(), f"|json{path}")


def _plist(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, data.decode(), range_)
    form = random.choice((plistlib.FMT_XML, plistlib.FMT_BINARY))
    return Wrapped(plistlib.dumps(tree, fmt=form), f"|plist{path}")


def _form(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    name = a_name(random)
    write = random.choice((quote_from_bytes, lambda value: quote_from_bytes(value).replace("%20", "+")))
    members = [(key, write(str(value).encode())) for key, value in filler(random, (max(range_[0], 1), range_[1]))]
    fields = shuffled(random, quote(name, safe="$"), write(data), members)
    return Wrapped("&".join(f"{key}={value}" for key, value in fields).encode(), f"|form.{name}")


def _xml(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    name = a_name(random).replace("$", "_")
    text = data.decode()
    others = [f"<{key}>{escape(str(value))}</{key}>" for key, value in filler(random, range_)]
    if random.random() < 0.5:
        element, step = f"<{name}>{escape(text)}</{name}>", f".{name}"
    else:
        element, step = f"<item {name}={quoteattr(text)} />", f".item.@{name}"
    others.insert(random.randint(0, len(others)), element)
    head = random.choice(("", '<?xml version="1.0" encoding="UTF-8"?>\n'))
    return Wrapped(f"{head}<root>{''.join(others)}</root>".encode(), f"|xml.root{step}")


def _multipart(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    name, boundary = a_name(random), f"----{random.randbytes(12).hex()}"
    members = [(key, str(value).encode()) for key, value in filler(random, range_)]
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'.encode() + value + b"\r\n"
        for key, value in shuffled(random, name, data, members)
    ]
    header = (b"Content-Type", f"multipart/form-data; boundary={boundary}".encode())
    return Wrapped(b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"|multipart.{name}", (header,))


def _grpc(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(b"\0" + struct.pack(">I", len(data)) + data, "|grpc[0]")


def _base64(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    kind = random.randrange(5)
    if kind == 0:
        text = base64.encodebytes(data).strip().replace(b"\n", random.choice((b"\n", b"\r\n")))
    elif kind == 1:
        text = base64.urlsafe_b64encode(data)
    else:
        text = base64.b64encode(data)
    return Wrapped(text.rstrip(b"=") if kind in (1, 2) else text, "|base64")


def _hex(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    text = data.hex()
    return Wrapped((text.upper() if random.random() < 0.4 else text).encode(), "|hex")


def _percent(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    once = quote_from_bytes(data, safe="")
    if once.encode() == data or random.random() < 0.2:
        once = "".join(f"%{byte:02X}" for byte in data)
    return Wrapped(once.encode(), "|percent")


def _gzip(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(gzip.compress(data, random.choice((1, 6, 9)), mtime=random.choice((0, 1_760_000_000))), "|gzip")


def _zlib(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, random.choice((1, 6, 9))), "|zlib")


def _deflate(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zlib.compress(data, wbits=-15), "|deflate")


def _zstd(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(zstandard.compress(data, random.choice((1, 3, 19))), "|zstd")


def _brotli(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(brotli.compress(data, quality=5), "|brotli")


def _bzip2(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(bz2.compress(data), "|bzip2")


def _xz(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    return Wrapped(lzma.compress(data), "|xz")


def _charset(charset: str, step: str) -> Callable[[Random, bytes, Sequence[int]], Wrapped]:
    return lambda random, data, range_: Wrapped(data.decode().encode(charset), step)


def _type(*names: str) -> tuple[Header, ...]:
    return tuple((b"Content-Type", name.encode()) for name in names)


def _coding(*names: str) -> tuple[Header, ...]:
    return tuple((b"Content-Encoding", name.encode()) for name in names)


WRAPPERS: dict[str, Wrapper] = {
    "json": Wrapper("json", "text", "text", _json, _type("application/json", "application/json; charset=utf-8")),
    "form": Wrapper("form", "bytes", "text", _form, _type("application/x-www-form-urlencoded")),
    "xml": Wrapper("xml", "text", "text", _xml, _type("text/xml", "application/xml")),
    "plist": Wrapper("plist", "text", "bytes", _plist, _type("application/x-plist")),
    "multipart": Wrapper("multipart", "bytes", "bytes", _multipart),
    "protobuf": Wrapper("protobuf", "bytes", "bytes", serialisations.protobuf, _type("application/x-protobuf")),
    "messagepack": Wrapper("messagepack", "bytes", "bytes", serialisations.messagepack, _type("application/msgpack")),
    "cbor": Wrapper("cbor", "bytes", "bytes", serialisations.cbor, _type("application/cbor")),
    "bson": Wrapper("bson", "bytes", "bytes", serialisations.bson, _type("application/bson")),
    "thrift": Wrapper("thrift", "bytes", "bytes", serialisations.thrift, _type("application/x-thrift")),
    "jce": Wrapper("jce", "bytes", "bytes", serialisations.jce),
    "amf": Wrapper("amf", "text", "bytes", serialisations.amf, _type("application/x-amf")),
    "records": Wrapper("records", "bytes", "bytes", serialisations.records),
    "grpc": Wrapper("grpc", "bytes", "bytes", _grpc, _type("application/grpc", "application/grpc+proto"), said=True),
    "base64": Wrapper("base64", "bytes", "text", _base64),
    "hex": Wrapper("hex", "bytes", "text", _hex),
    "percent": Wrapper("percent", "bytes", "text", _percent),
    "gzip": Wrapper("gzip", "bytes", "bytes", _gzip, _coding("gzip", "x-gzip")),
    "zlib": Wrapper("zlib", "bytes", "bytes", _zlib, _coding("deflate")),
    "deflate": Wrapper("deflate", "bytes", "bytes", _deflate, _coding("deflate")),
    "zstd": Wrapper("zstd", "bytes", "bytes", _zstd, _coding("zstd")),
    "brotli": Wrapper("brotli", "bytes", "bytes", _brotli, _coding("br"), said=True),
    "bzip2": Wrapper("bzip2", "bytes", "bytes", _bzip2),
    "xz": Wrapper("xz", "bytes", "bytes", _xz),
    "utf-16": Wrapper("text", "text", "bytes", _charset("utf-16", "|text")),
}
