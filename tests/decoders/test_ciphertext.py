"""What is reported as encrypted by the app, and what is not: a message whose leaves are judged all together."""

import base64
import gzip
import hashlib
import json
import random
import struct
import uuid
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders import Limits, parts, walk
from leaktap.decoders._ciphertext import FEWEST, dense, looks_random, sealed
from leaktap.model import Leaf, Message

RANDOM = random.Random(20261121)


def noise(size):
    """Random bytes that begin like nothing that is known."""
    while True:
        data = RANDOM.randbytes(size)
        if 0x80 < data[0] < 0xD0 and data[0] not in (0x89, 0xCA, 0xCF, 0xAB):
            return data


def b64(data):
    return base64.b64encode(data).decode()


def judged(body, content_type="", target="/r"):
    headers = ((b"Content-Type", content_type.encode()),) if content_type else ()
    message = Message(("POST", target, "HTTP/1.1"), headers, body)
    leaves = [item for item in walk(parts(message, "request"), Limits(seconds=30)) if isinstance(item, Leaf)]
    return sealed(leaves, content_type.encode())


KEY = noise(128)
SEALED = {
    "the body": (noise(500), "application/octet-stream", 500, "request.body"),
    "the body, of no type": (noise(2000), "", 2000, "request.body"),
    "base64 in JSON": (json.dumps({"data": b64(noise(300))}).encode(), "application/json", 300, "json.$.data|base64"),
    "hex in JSON": (json.dumps({"data": noise(300).hex()}).encode(), "application/json", 300, "json.$.data"),
    "base64 in a form": (
        b"app=1&payload=" + b64(noise(300)).replace("+", "%2B").encode(),
        "application/x-www-form-urlencoded",
        300,
        "form.payload|base64",
    ),
    "gzip around it": (gzip.compress(noise(800)), "", 800, "request.body|gzip"),
    "several": (json.dumps({"a": b64(noise(200)), "b": b64(noise(201))}).encode(), "", 401, "and 1 more"),
    "a key beside it": (
        json.dumps({"data": b64(noise(999)), "ekey": b64(KEY)}).encode(),
        "",
        999,
        "wrapped with RSA-1024, stands beside it: request.body|json.$.ekey|base64",
    ),
    "RSA alone": (json.dumps({"password": b64(noise(256))}).encode(), "", 256, "as long as RSA-2048 makes it"),
}


@pytest.mark.parametrize("name", SEALED)
def test_is_ciphertext(name):
    body, content_type, size, detail = SEALED[name]
    found = judged(body, content_type)
    assert found is not None and found.bytes == size and detail in found.detail


def image(magic):
    return magic + noise(900)


FLOATS = struct.pack("<60f", *[RANDOM.gauss(9.8, 0.3) for _ in range(60)])
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
CLEAR = {
    "nothing": (b"", ""),
    "text": (b"hello world " * 40, "text/plain"),
    "Chinese text": ("个人信息保护" * 60).encode(),
    "JSON": (json.dumps({"imei": "867530912345673", "list": list(range(300))}).encode(), "application/json"),
    "a PNG": image(PNG),
    "a PNG in JSON": json.dumps({"upload": b64(image(PNG))}).encode(),
    "a JPEG": image(b"\xff\xd8\xff\xe0\0\x10JFIF"),
    "WebP": image(b"RIFF\x84\3\0\0WEBPVP8 "),
    "MP4": image(b"\0\0\0\x18ftypmp42"),
    "MP3": image(b"\xff\xfb\x90\x44"),
    "a font": image(b"wOF2\0\x01\0\0"),
    "a ZIP": image(b"PK\x03\x04\x14\0\0\0\x08\0"),
    "xz": image(b"\xfd7zXZ\0"),
    "a certificate": json.dumps({"chain": b64(image(b"\x30\x82\x03\x84"))}).encode(),
    "what the type says is a picture": (noise(900), "image/heic"),
    "gzip": gzip.compress(json.dumps({"a": list(range(500))}).encode()),
    "zlib in base64": json.dumps({"data": b64(zlib.compress(b"abc" * 400))}).encode(),
    "a SHA-512": json.dumps({"h": hashlib.sha512(b"x").hexdigest(), "g": b64(hashlib.sha512(b"y").digest())}).encode(),
    "UUIDs": json.dumps({"ids": [str(uuid.UUID(int=RANDOM.getrandbits(128))) for _ in range(30)]}).encode(),
    "a token": json.dumps({"access_token": b64(noise(300)), "pushToken": b64(noise(200))}).encode(),
    "a signature": json.dumps({"signature": b64(noise(256)), "sign": noise(128).hex()}).encode(),
    "a JWT": (b"eyJhbGciOiJSUzI1NiJ9." + base64.urlsafe_b64encode(b'{"sub":"1"}').rstrip(b"=") + b"."
              + base64.urlsafe_b64encode(noise(256)).rstrip(b"=")),
    "protobuf": b"".join(b"\x0a\x10" + b"sensor_reading_%d" % (i % 10) + b"\x10" + bytes([i]) for i in range(60)),
    "measurements": FLOATS,
    "measurements in base64": json.dumps({"acc": b64(FLOATS)}).encode(),
    "counters": struct.pack(">80I", *range(1000, 1080)),
    "few bytes": json.dumps({"data": b64(noise(48))}).encode(),
    "a wrapped key that has a name": json.dumps({"sign": b64(noise(128))}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", CLEAR)
def test_is_none(name):
    body, content_type = CLEAR[name] if isinstance(CLEAR[name], tuple) else (CLEAR[name], "")
    assert judged(body, content_type) is None


def test_in_a_query():
    assert judged(b"", "", "/WebResource.axd?d=" + base64.urlsafe_b64encode(noise(90)).decode()) is None
    target = "/c?v=1&bd=" + b64(noise(300)).replace("+", "%2B").replace("/", "%2F")
    found = judged(b"", "", target)
    assert found is not None and found.bytes == 300 and "request.query.bd" in found.detail


def test_header_fields_are_none():
    message = Message(("POST", "/", "HTTP/1.1"), ((b"X-Blob", b64(noise(300)).encode()),), b"")
    assert sealed([item for item in walk(parts(message, "request"), Limits()) if isinstance(item, Leaf)]) is None


def test_what_was_read_in_another_way_is_none():
    value = noise(300)
    wrapped, raw = Leaf("request.body", b64(value).encode()), Leaf("request.body|base64", value, (), ("base64",))
    other = Leaf("request.body|alphabet64|json.$.a", b"1", ("a",), ("alphabet64", "json"))
    assert sealed([wrapped, raw]) is not None
    assert sealed([wrapped, raw, other]) is None
    assert sealed([wrapped, raw, Leaf("request.body|base64|decrypt.x", b"{}")]) is None


@pytest.mark.parametrize("size", [FEWEST, 100, 256, 1000, 100_000])
def test_random_bytes_look_random(size):
    chance = random.Random(1)
    assert sum(looks_random(chance.randbytes(size)) for _ in range(100)) >= 97


@given(st.text(min_size=FEWEST, max_size=400) | st.lists(st.integers(0, 2**31), min_size=20).map(json.dumps))
def test_texts_do_not(text):
    assert judged(text.encode("utf-8", "replace")) is None


@given(st.lists(st.tuples(st.text("request.body|$[]ab64jwt", max_size=30), st.binary(max_size=200))))
def test_any_leaves_are_judged(leaves):
    sealed([Leaf(path, value) for path, value in leaves], b"x/y")


@given(st.integers(0, 4000), st.integers(32, 200), st.integers(0, 4000))
def test_dense_blocks_are_those_of_random_bytes(before, size, behind):
    data = b"plain " * before + random.Random(size).randbytes(size) + bytes(behind)
    ends = dense(data)
    assert ends == sorted(ends) and (size < 64 or ends)
    assert all(6 * before < end < 6 * before + size + 32 for end in ends)


def test_ciphertext_among_other_bytes_is_told_where_nothing_else_is_of_interest():
    body = b"\x0a\xd0\x0f" + b"nothing " * 250 + b"\x12\xac\x02" + noise(300)
    message = Message(("POST", "/r", "HTTP/1.1"), (), body)
    leaves = [i for i in walk(parts(message, "request"), Limits(), lambda text: []) if isinstance(i, Leaf)]
    found = sealed(leaves)
    assert found is not None and found.bytes == 300
