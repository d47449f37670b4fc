"""What recipes, keyrings and hooks open: encrypted here by the inverse of each rule, written on its own."""

import base64
import gzip
import hashlib
import json
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from leaktap.decoders import Limits, parts, walk
from leaktap.decoders._keyring import FOLDER, Keyring, recipes
from leaktap.model import Leaf, Message

CONTENT = json.dumps({"imei": "867530912345673", "events": [{"name": "launch", "at": 1795255203}] * 4}).encode()
SALT = hashlib.sha256(b"salt").digest()
APPLOG = bytes.fromhex(
    "4dd4c2e6b83162090e52b3c7a6733ba41cb2462b829ab58a196b39db57177524"
    "f49baf7f08e8d68d26a72e37c1a95a2f1f05a51892aef2949732b62a38aadd58"
)


def padded(data, block=16):
    count = block - len(data) % block
    return data + bytes([count]) * count


def cbc(key, iv, data):
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()
    return encryptor.update(padded(data)) + encryptor.finalize()


def ecb(key, data):
    encryptor = Cipher(AES(key), ECB()).encryptor()
    return encryptor.update(padded(data)) + encryptor.finalize()


def xored(data, key):
    return bytes(byte ^ key[at % len(key)] for at, byte in enumerate(data))


def applog(content, salt=SALT):
    keys = hashlib.sha512(hashlib.sha512(salt).digest() + APPLOG).digest()
    sealed = cbc(keys[:16], keys[16:32], hashlib.sha512(content).digest() + content)
    return b"tc\x05\x10\0\0" + salt + sealed


def pangle(content):
    key, iv = "0123456789abcdef" * 2, "fedcba9876543210"
    swapped = key[16:] + key[:16]
    return "3" + key + iv + base64.b64encode(cbc(swapped.encode(), iv.encode(), content)).decode()


def thrift(fields):
    """A struct of the binary protocol: texts and bytes (11), and numbers of four bytes (8)."""
    out = b""
    for number, value in fields.items():
        if isinstance(value, int):
            out += b"\x08" + number.to_bytes(2) + value.to_bytes(4)
        else:
            out += b"\x0b" + number.to_bytes(2) + len(value).to_bytes(4) + value
    return out + b"\0"


def umeng(content):
    signature = hashlib.sha256(b"signature").digest()
    entity = cbc(
        signature[1:17], bytes([10, 1, 11, 5, 4, 15, 7, 9, 23, 3, 1, 6, 8, 12, 13, 91]), zlib.compress(content)
    )
    texts = {1: b"1.0", 2: b"5f3b2a1c0d9e8f7a6b5c4d3e", 3: signature.hex().encode()}
    rest = {8: hashlib.sha256(b"guid").hexdigest().encode(), 9: hashlib.md5(b"sum").hexdigest().encode(), 10: 1}
    return thrift(texts | {4: 7, 5: 1795255203, 6: len(content), 7: entity} | rest)


def token(key):
    return b"Basic " + base64.urlsafe_b64encode(b"52031177305:" + hashlib.md5(b"x").hexdigest().encode() + b":" + key)


JPUSH_KEY = hashlib.md5(b"JCKP" + b"83886123").hexdigest().encode()
NONCE = bytes(range(12))
SHUZILM = b"7.f498yu<>?:['|TWq&/57fqu@7v6.ajl#etu{.jqv2fs"
STM = 1795255203123

VECTORS = {
    "bytedance-applog": ("log.example", "/service/2/device_register/", {}, applog(gzip.compress(CONTENT))),
    "pangle": (
        "ads.example",
        "/api/ad/union/sdk/stats/",
        {"Content-Type": "application/json"},
        json.dumps({"message": pangle(CONTENT), "cypher": 3, "filler": "x" * 300}).encode(),
    ),
    "jpush": (
        "stats.jpush.cn",
        "/v3/report",
        {"Authorization": token(JPUSH_KEY).decode()},
        cbc(JPUSH_KEY, b"iop203040506aPk!", gzip.compress(CONTENT)),
    ),
    "mobtech": (
        "devs.data.mob.com",
        "/dinfo",
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"appkey=moba6b6c6d6&m=" + base64.b64encode(ecb(b"sdk.commonap.sdk", CONTENT)).replace(b"+", b"%2B"),
    ),
    "tencent-gdt": (
        "sdk.e.qq.com",
        "/launch",
        {},
        b"\x5b\xc2\1\2" + ecb(base64.b64decode("4M3PpUC4Vu1uMp+Y0Mxd+vfc6v4ggJAINfgTlH74pis="), gzip.compress(CONTENT)),
    ),
    "umeng": ("ulogs.umeng.com", "/unify_logs", {"Content-Type": "application/x-thrift"}, umeng(CONTENT)),
    "growingio": (
        "api.example",
        f"/v3/projects/a/collect?stm={STM}",
        {"X-Crypt-Codec": "1", "X-Timestamp": "1"},
        xored(CONTENT, bytes([STM & 0xFF])),
    ),
    "growingio-header": (
        "api.example",
        "/v3/projects/a/collect",
        {"X-Crypt-Codec": "1", "X-Timestamp": str(STM)},
        xored(CONTENT, bytes([STM & 0xFF])),
    ),
    "shuzilm-3": ("ddi2.shuzilm.cn", "/q", {}, xored(zlib.compress(CONTENT), SHUZILM)),
    "sigmob": (
        "adservice.sigmob.cn",
        "/strategy/v6",
        {"agn": base64.b64encode(NONCE).decode(), "Content-Type": "application/octet-stream"},
        AESGCM(b"KGpfzbYsn4T9Jyuq").encrypt(NONCE, CONTENT, None),
    ),
    "baidu-mtj-1": (
        "hmma.baidu.com",
        "/app.gif",
        {"Content-Type": "application/json"},
        json.dumps({"he": {"dd": base64.b64encode(ecb(b"h9YLQoINGWyOBYYk", b"867530912345673")).decode()}}).encode(),
    ),
    "baidu-mtj-2": (
        "hmma.baidu.com",
        "/app.gif",
        {},
        json.dumps(
            {"he": {"ii": base64.b64encode(ecb(b"30212102dicudiab", b"867530912345673")).decode() + "|2"}}
        ).encode(),
    ),
}
"""Name of the lock: host, target, header fields and body of a request."""

SAMPLE = (applog(gzip.compress(CONTENT)), {})


def opened(host, target, headers, body, keyring=None):
    """Returns the leaves of a request and what of them came through decryption."""
    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())
    message = Message(("POST", target, "HTTP/1.1"), fields, body)
    path = target.partition("?")[0]
    ring = (keyring or Keyring()).ring(message, host, target)
    items = walk(parts(message, "request", host, path), Limits(seconds=30), ring=ring)
    return [item for item in items if isinstance(item, Leaf) and "decrypt" in item.via]


@pytest.mark.parametrize("name", VECTORS)
def test_recipe(name):
    leaves = opened(*VECTORS[name])
    assert {leaf.path.partition("|decrypt.")[2].partition("|")[0] for leaf in leaves} == {name}
    assert any(b"867530912345673" in leaf.value for leaf in leaves)


def test_every_recipe_has_a_vector_and_says_where_it_is_from():
    names = [entry.lock.name for entry in recipes()]
    assert {name.split("-")[0] for name in names} == {name.split("-")[0] for name in VECTORS}
    for entry in recipes():
        assert entry.lock.sdk and entry.lock.source
        assert entry.placed or entry.begins, "a recipe for every message is known by how its value begins"
    assert len(list(FOLDER.glob("*.yaml"))) == len({name.split("-")[0] for name in names})


@pytest.mark.parametrize("name", VECTORS)
def test_nothing_is_opened_elsewhere_or_with_a_bit_changed(name):
    host, target, headers, body = VECTORS[name]
    if not any(entry.lock.name == name and entry.marked and not entry.placed for entry in recipes()):
        assert not opened("other.example", "/x", {}, body)
    if not name.startswith("growingio"):
        for at in {len(body) // 2, len(body) - 20}:
            broken = bytearray(body)
            broken[at] ^= 0x01
            assert not any(CONTENT in leaf.value for leaf in opened(host, target, headers, bytes(broken)))
