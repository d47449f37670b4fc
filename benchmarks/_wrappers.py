"""What values travel in: one entry per wrapper, with an encoder that is not leaktap's and the step of its path.

A wrapper is drawn where its decoder is there. A new one is one more entry.
"""

import base64
import binascii
import json
import plistlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal
from urllib.parse import quote, quote_from_bytes
from xml.sax.saxutils import escape, quoteattr

from benchmarks import _containers as containers
from benchmarks import _encodings as encodings
from benchmarks import _given as given
from benchmarks import _serialisations as serialisations
from benchmarks._ciphers import encrypted, encrypted_beside
from benchmarks._lzstring import lz_string
from benchmarks._members import Header, Wrapped, a_name, as_number, document, filler, shuffled
from benchmarks._recipes import growingio, of_an_sdk

type Kind = Literal["text", "bytes"]

_NOT_PLAIN = re.compile(rb"(?s).*[=\x80-\xff].*")
_WORD = re.compile(rb"[\w.:-]{4,200}")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A wrapper: the decoder that undoes it, what it `takes` and `gives`, and how a body of it may be announced.

    `said` ones can only be read as a message's body with their `headers`. `least` and `most` bytes go into it: less
    tells nobody what it is, more nobody writes so. `shape` is what all of it must look like. What is read by something
    that is `given`, by the user or for one recipient, is in a message once at most: see `Wrapped.home`.
    """

    decoder: str
    takes: Kind
    gives: Kind
    wrap: Callable[[Random, bytes, Sequence[int]], Wrapped]
    headers: tuple[Header, ...] = ()
    said: bool = False
    least: int = 0
    most: int = 1 << 30
    shape: re.Pattern[bytes] | None = None
    given: bool = False

    def fits(self, data: bytes, kind: Kind) -> bool:
        """Tells whether this goes in."""
        if not self.least <= len(data) <= self.most or (self.takes == "text" and kind == "bytes"):
            return False
        return self.shape is None or self.shape.fullmatch(data) is not None


def _json(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, as_number(random, data.decode()), range_)
    spaces = random.choice(((",", ":"), (", ", ": ")))
    text = json.dumps(tree, ensure_ascii=random.random() < 0.5, separators=spaces)
    return Wrapped((text.replace("/", "\\/") if random.random() < 0.3 else text).encode(), f"|json{path}")


def _plist(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    tree, path = document(random, as_number(random, data.decode()), range_)
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
    kind = random.randrange(5)
    if kind == 0 and "]]>" not in text and text == text.strip():
        element, step = f"<{name}><![CDATA[{text}]]></{name}>", f".{name}"
    elif kind < 3:
        element, step = f"<{name}>{escape(text)}</{name}>", f".{name}"
    else:
        element, step = f"<item {name}={quoteattr(text)} />", f".item.@{name}"
    others.insert(random.randint(0, len(others)), element)
    head = random.choice(("", '<?xml version="1.0" encoding="UTF-8"?>\n'))
    return Wrapped(f"{head}<root>{''.join(others)}</root>".encode(), f"|xml.root{step}")


def _multipart(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes parts (RFC 2046, section 5.1), now and then within a part of another such message."""
    name, boundary = a_name(random), f"----{random.randbytes(12).hex()}"
    members = [(key, str(value).encode()) for key, value in filler(random, range_)]
    head, text, step = _transferred(random, data)
    pieces = [
        f'Content-Disposition: form-data; name="{key}"\r\n'.encode() + value
        for key, value in shuffled(random, name, head + b"\r\n" + text, [(key, b"\r\n" + one) for key, one in members])
    ]
    body, step = _parts(boundary, pieces), f"|multipart.{name}{step}"
    if random.random() < 0.2:
        inner = f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + body
        boundary = f"----{random.randbytes(12).hex()}"
        body, step = _parts(boundary, [b"Content-Type: text/plain\r\n\r\nbatch", inner]), f"|multipart[1]{step}"
    header = (b"Content-Type", f"multipart/form-data; boundary={boundary}".encode())
    return Wrapped(body, step, (header,))


def _parts(boundary: str, pieces: Iterable[bytes]) -> bytes:
    begin = f"--{boundary}\r\n".encode()
    return b"".join(begin + piece + b"\r\n" for piece in pieces) + f"--{boundary}--\r\n".encode()


def _transferred(random: Random, data: bytes) -> tuple[bytes, bytes, str]:
    """Returns what a part's head says of its type and coding (RFC 2045, section 6), the part as coded, and the step."""
    head = b"Content-Type: application/octet-stream\r\n" if random.random() < 0.3 else b""
    name, encode, step = random.choice(_TRANSFERS)
    return head + (b"Content-Transfer-Encoding: " + name + b"\r\n") * bool(name), encode(data), step


_TRANSFERS: tuple[tuple[bytes, Callable[[bytes], bytes], str], ...] = (
    *[(b"", bytes, "")] * 4,
    (b"binary", bytes, ""),
    (b"base64", base64.encodebytes, "|base64"),
    (b"quoted-printable", lambda data: binascii.b2a_qp(data, istext=False), "|quoted_printable"),
)


def _csv(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes a table of as many rows as there are other members, between commas or tabs."""
    name, text = random.choice(("imei", "v1", "payload")), data.decode()
    sign = random.choice((",", ",", "\t", ";", "|"))
    cell = '"' + text.replace('"', '""') + '"' if any(each in text for each in (sign, *'"\n\r')) else text
    rows = [[str(index), "page", str(value)] for index, (_, value) in enumerate(filler(random, range_))]
    at = random.randint(0, len(rows))
    rows.insert(at, ["7", cell, "start"])
    return Wrapped("\n".join(map(sign.join, [["id_0", name, "kind_0"], *rows])).encode(), f"|csv[{at}].{name}")


def _lines(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    name = a_name(random)
    members = shuffled(random, name, data.decode(), [("level", "info"), ("page", "home"), *filler(random, range_)])
    sign = random.choice(("=", ": "))
    return Wrapped("\n".join(f"{key}{sign}{str(value).replace(' ', '_')}" for key, value in members).encode(),
                   f"|lines.{name}")  # fmt: skip


def _jwt(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    name = a_name(random)
    pieces = [json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"iat": 1_760_000_000, name: data.decode()})]
    text = b".".join(
        [*(encodings.for_urls(piece.encode()) for piece in pieces), encodings.for_urls(random.randbytes(32))]
    )
    return Wrapped(text, f"|jwt.payload|json.$.{name}")


def _url(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    name = a_name(random)
    fields = [(key, str(value).encode()) for key, value in filler(random, range_)]
    pairs = [
        f"{quote(key, safe='$')}={quote_from_bytes(value, safe='')}"
        for key, value in shuffled(random, name, data, fields)
    ]
    return Wrapped(f"https://cdn.example/open?{'&'.join(pairs)}".encode(), f"|url.query.{name}")


def _graphql(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes a value into an argument, as programs do that know no variables."""
    name = re.sub(r"\W", "_", a_name(random), flags=re.ASCII)
    value = json.dumps(data.decode(), ensure_ascii=False)
    text = f'mutation Save {{ save(kind: 3, input: {{os: "Android", {name}: {value}}}) {{ ok id }} }}'
    return Wrapped(text.encode(), f"|graphql.save.input.{name}")


def _http(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    head = f"POST /batch HTTP/1.1\r\nHost: t.example\r\nContent-Length: {len(data)}\r\n\r\n"
    return Wrapped(head.encode() + data, "|http.request.body")


def _cookie(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Writes cookies as a log of requests has them: as a header field's value, within a request, or by themselves."""
    name, value = re.sub(r"[^\w$]", "_", a_name(random), flags=re.ASCII), quote_from_bytes(data, safe="")
    others = [("session", random.randbytes(8).hex()), *((key, quote(str(one))) for key, one in filler(random, range_))]
    text = "; ".join(f"{key}={one}" for key, one in shuffled(random, name, value, others))
    member = f".{name}" + "|percent" * (value.encode() != data)
    kind = random.randrange(3)
    if kind == 0:
        field = random.choice(("Cookie", "cookie"))
        log = json.dumps({"method": "GET", "headers": {"Host": "t.example", field: text}})
        return Wrapped(log.encode(), f"|json.$.headers.{field}|cookie{member}")
    if kind == 1:
        head = f"GET / HTTP/1.1\r\nHost: t.example\r\nCookie: {text}\r\n\r\n"
        return Wrapped(head.encode(), f"|http.request.header.cookie|cookie{member}")
    return Wrapped(text.encode(), f"|pairs{member}")


def _grpc(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(b"\0" + len(data).to_bytes(4) + data, "|grpc[0]")


def _grpc_in_text(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    return Wrapped(base64.b64encode(_grpc(random, data, range_).data), "|grpc[0]")


def _type(*names: str) -> tuple[Header, ...]:
    return tuple((b"Content-Type", name.encode()) for name in names)


def _coding(*names: str) -> tuple[Header, ...]:
    return tuple((b"Content-Encoding", name.encode()) for name in names)


_GRPC = _type("application/grpc", "application/grpc+proto", "application/grpc-web+proto", "application/connect+proto")
_GRPC_TEXT = _type("application/grpc-web-text", "application/grpc-web-text+proto")
_CHINESE = re.compile(rb"(?s)(?:.*[\xe4-\xe9][\x80-\xbf]{2}){2}.*")
_LATIN = re.compile(rb"[\x20-\x7e]{4,}")
_SIMPLIFIED, _TRADITIONAL = ("页面", "用户信息 设备状态"), ("頁面", "使用者資料 裝置狀態")
_CHARSETS = ("gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")

WRAPPERS: dict[str, Wrapper] = {
    "json": Wrapper("json", "text", "text", _json, _type("application/json", "application/json; charset=utf-8")),
    "form": Wrapper("form", "bytes", "text", _form, _type("application/x-www-form-urlencoded")),
    "xml": Wrapper("xml", "text", "text", _xml, _type("text/xml", "application/xml")),
    "plist": Wrapper("plist", "text", "bytes", _plist, _type("application/x-plist")),
    "multipart": Wrapper("multipart", "bytes", "bytes", _multipart),
    "csv": Wrapper("csv", "text", "text", _csv, _type("text/csv")),
    "lines": Wrapper("lines", "text", "text", _lines, _type("text/plain"), shape=_WORD),
    "jwt": Wrapper("jwt", "text", "text", _jwt),
    "url": Wrapper("url", "bytes", "text", _url),
    "cookie": Wrapper("cookie", "bytes", "text", _cookie),
    "graphql": Wrapper("graphql", "text", "text", _graphql, _type("application/graphql")),
    "http": Wrapper("http", "bytes", "bytes", _http, _type("application/http")),
    "protobuf": Wrapper("protobuf", "bytes", "bytes", serialisations.protobuf, _type("application/x-protobuf")),
    "messagepack": Wrapper("messagepack", "bytes", "bytes", serialisations.messagepack, _type("application/msgpack")),
    "cbor": Wrapper("cbor", "bytes", "bytes", serialisations.cbor, _type("application/cbor")),
    "bson": Wrapper("bson", "bytes", "bytes", serialisations.bson, _type("application/bson")),
    "thrift": Wrapper("thrift", "bytes", "bytes", serialisations.thrift, _type("application/x-thrift")),
    "jce": Wrapper("jce", "bytes", "bytes", serialisations.jce, _type("application/x-jce")),
    "avro": Wrapper("avro", "bytes", "bytes", serialisations.avro, _type("application/avro", "avro/binary")),
    "amf": Wrapper("amf", "text", "bytes", serialisations.amf, _type("application/x-amf")),
    "protobuf by schema": Wrapper("protobuf", "bytes", "bytes", given.protobuf, given=True),
    "flatbuffers": Wrapper("flatbuffers", "bytes", "bytes", given.flat, given=True),
    "avro by schema": Wrapper("avro", "bytes", "bytes", given.avro, given=True),
    "encrypted": Wrapper("decrypt", "bytes", "bytes", encrypted, least=21, given=True),
    "encrypted, key beside": Wrapper("decrypt", "bytes", "text", encrypted_beside, least=21, given=True),
    "encrypted by an SDK": Wrapper("decrypt", "bytes", "bytes", of_an_sdk, least=21, given=True),
    "encrypted by GrowingIO": Wrapper("decrypt", "bytes", "bytes", growingio, least=21, said=True, given=True),
    "records": Wrapper("records", "bytes", "bytes", serialisations.records),
    "grpc": Wrapper("grpc", "bytes", "bytes", _grpc, _GRPC, said=True),
    "grpc in text": Wrapper("grpc", "bytes", "text", _grpc_in_text, _GRPC_TEXT, said=True),
    "base64": Wrapper("base64", "bytes", "text", encodings.base64_),
    "alphabet64": Wrapper("alphabet64", "bytes", "text", encodings.alphabet64, least=8),
    "lz-string": Wrapper("lzstring", "text", "text", lz_string, least=6),
    "base32": Wrapper("base32", "text", "text", encodings.base32),
    "base58": Wrapper("base58", "text", "text", encodings.base58, most=100),
    "base85": Wrapper("base85", "text", "text", encodings.base85),
    "ascii85": Wrapper("ascii85", "bytes", "text", encodings.ascii85),
    "hex": Wrapper("hex", "bytes", "text", encodings.hex_),
    "percent": Wrapper("percent", "bytes", "text", encodings.percent),
    "html": Wrapper("html", "text", "text", encodings.html_),
    "escape": Wrapper("escape", "text", "text", encodings.escape),
    "quoted-printable": Wrapper("quoted_printable", "text", "text", encodings.quoted_printable, shape=_NOT_PLAIN),
    "data": Wrapper("data", "bytes", "text", encodings.data_url),
    "utf-16": Wrapper("text", "text", "bytes", encodings.charset("utf-16", "|text")),
    "utf-16-le": Wrapper("charset", "text", "bytes", encodings.charset("utf-16-le", "|charset.utf-16-le"), least=12),
    "utf-16-be": Wrapper("charset", "text", "bytes", encodings.charset("utf-16-be", "|charset.utf-16-be"), least=12),
    "gb18030": Wrapper("charset", "text", "bytes", encodings.charset("gb18030", "|charset.gb18030"), shape=_CHINESE),
    "utf-32": Wrapper("text", "text", "bytes", encodings.marked),
    "utf-32-le": Wrapper(
        "charset", "text", "bytes", encodings.charset("utf-32-le", "|charset.utf-32-le"), shape=_LATIN
    ),
    "utf-32-be": Wrapper(
        "charset", "text", "bytes", encodings.charset("utf-32-be", "|charset.utf-32-be"), shape=_LATIN
    ),
    "gb18030 among": Wrapper("charset", "text", "bytes", encodings.among("gb18030", *_SIMPLIFIED)),
    "big5 among": Wrapper("charset", "text", "bytes", encodings.among("big5", *_TRADITIONAL), shape=_LATIN),
    "gb18030 said": Wrapper("text", "text", "bytes", encodings.among("gb18030", *_SIMPLIFIED, True), said=True),
    "big5 said": Wrapper(
        "text", "text", "bytes", encodings.among("big5", *_TRADITIONAL, True), said=True, shape=_LATIN
    ),
    "charset said": Wrapper("text", "text", "bytes", encodings.announced(*_CHARSETS), said=True),
    "gzip": Wrapper("gzip", "bytes", "bytes", containers.gzip_, _coding("gzip", "x-gzip")),
    "zlib": Wrapper("zlib", "bytes", "bytes", containers.zlib_, _coding("deflate")),
    "deflate": Wrapper("deflate", "bytes", "bytes", containers.deflate, _coding("deflate"), least=64),
    "zstd": Wrapper("zstd", "bytes", "bytes", containers.zstd, _coding("zstd")),
    "brotli": Wrapper("brotli", "bytes", "bytes", containers.brotli_, _coding("br"), said=True),
    "lz4": Wrapper("lz4", "bytes", "bytes", containers.lz4_, least=12),
    "snappy": Wrapper("snappy", "bytes", "bytes", containers.snappy, least=12),
    "bzip2": Wrapper("bzip2", "bytes", "bytes", containers.bzip2),
    "xz": Wrapper("xz", "bytes", "bytes", containers.xz),
    "lzma": Wrapper("lzma", "bytes", "bytes", containers.lzma_, least=16),
    "behind a header": Wrapper("offset", "bytes", "bytes", containers.behind_header),
    "zip": Wrapper("zip", "bytes", "bytes", containers.zip_, _type("application/zip")),
    "tar": Wrapper("tar", "bytes", "bytes", containers.tar, _type("application/x-tar")),
}
