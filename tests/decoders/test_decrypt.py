"""What recipes, keyrings and hooks open: encrypted here by the inverse of each rule, written on its own."""

import base64
import gzip
import hashlib
import json
import zlib

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders import Limits, hints, parts, walk
from leaktap.decoders._api import Context
from leaktap.decoders._keyring import FOLDER, MOST_TRIES, Keyring, recipes
from leaktap.decoders.decrypt import decode
from leaktap.identifiers.matcher import Matcher
from leaktap.keyring import Keys, Lock, Operation
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
    encryptor = Cipher(algorithms.AES(key), CBC(iv)).encryptor()
    return encryptor.update(padded(data)) + encryptor.finalize()


def ecb(key, data):
    encryptor = Cipher(algorithms.AES(key), ECB()).encryptor()
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


def opened(host, target, headers, body, keyring=None, plain=None):
    """Returns the leaves of a request and what of them came through decryption."""
    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())
    message = Message(("POST", target, "HTTP/1.1"), fields, body)
    path = target.partition("?")[0]
    ring = (keyring or Keyring()).ring(message, host, target)
    items = walk(parts(message, "request", host, path), Limits(seconds=30), ring=ring, plain=plain)
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


@pytest.mark.parametrize("name", VECTORS)
def test_what_nothing_is_made_of_elsewhere_is_opened_here(name):
    host, target, headers, body = VECTORS[name]
    plain = set()
    opened("other.example", "/x", headers, body, plain=plain)
    assert opened(host, target, headers, body, plain=plain) == opened(host, target, headers, body)


KEY, IV = b"0123456789abcdef", b"fedcba9876543210"


def locks(*said):
    return Keyring(Keys(tuple(Lock.model_validate({"name": f"own{i}", **one}) for i, one in enumerate(said))))


def sealed(content=CONTENT):
    return cbc(KEY, IV, content)


AES = {"cipher": "aes", "mode": "cbc", "key": KEY.decode(), "iv": IV.decode()}
PREFIXED = {**AES, "iv": {"value": [0, 16]}, "data": {"value": [16]}}
DERIVED = hashlib.pbkdf2_hmac("sha256", b"seed", b"salt", 1000, 16)

OWN = {
    "anywhere": (AES, {}, sealed()),
    "behind its iv": (PREFIXED, {}, IV + sealed()),
    "of a host": ({**AES, "where": {"host": "example.cn"}}, {}, sealed()),
    "of a path": ({**AES, "where": {"path": "/v*/report"}}, {}, sealed()),
    "of a type": ({**AES, "where": {"content_type": "application/*"}}, {"Content-Type": "application/x-a"}, sealed()),
    "with a beginning": ({**AES, "data": {"value": [2]}, "where": {"begins": "\x01\x02"}}, {}, b"\x01\x02" + sealed()),
    "in a field": (
        {**AES, "data": {"value": [0], "then": "unbase64"}, "where": {"field": "d"}},
        {},
        json.dumps({"d": base64.b64encode(sealed()).decode(), "e": 1}).encode(),
    ),
    "in as many digits as a digest": (
        {**AES, "where": {"host": "example.cn"}},
        {},
        json.dumps({"d": sealed(b'{"imei": "867530912345673"}').hex()}).encode(),
    ),
    "around what some decoder opens": (AES, {}, sealed(b"\x0a\x0f867530912345673\x12\x07example\x18\x01")),
    "in base64 in a form": (AES, {}, b"a=1&d=" + base64.b64encode(sealed()).replace(b"+", b"%2B")),
    "zero padded": ({"cipher": "aes", "mode": "ecb", "key": KEY.decode(), "padding": "zero"}, {}, None),
    "rc4 with a key beside": (
        {"cipher": "rc4", "key": {"field": "k", "then": ["md5", "hex"]}, "where": {"field": "d"},
         "data": {"value": [0], "then": "unhex"}},
        {},
        None,
    ),
    "a key by its path": (
        {**AES, "key": {"field": "$.head.k", "then": [{"size": 16}]}, "where": {"field": "d"},
         "data": {"value": [0], "then": "unbase64"}},
        {},
        json.dumps({"head": {"k": KEY.decode() + "and more"}, "d": base64.b64encode(sealed()).decode()}).encode(),
    ),
    "derived": (
        {**AES, "key": {"header": "X-Seed", "then": [{"pbkdf2": {"salt": "salt", "rounds": 1000, "hash": "sha256"}}]}},
        {"x-seed": "seed"},
        cbc(DERIVED, IV, CONTENT),
    ),
    "a digest of parts": (
        {**AES, "key": {"query": "ts", "then": [{"prepend": "app:"}, "md5", "hex", "upper", {"slice": [8, 24]}]}},
        {},
        cbc(hashlib.md5(b"app:17952552").hexdigest().upper()[8:24].encode(), IV, CONTENT),
    ),
}  # fmt: skip


def own_body(name):
    if name == "zero padded":
        encryptor = Cipher(algorithms.AES(KEY), ECB()).encryptor()
        return encryptor.update(CONTENT + bytes(-len(CONTENT) % 16))
    data = Cipher(ARC4(hashlib.md5(b"seed").hexdigest().encode()), None).encryptor().update(CONTENT)
    return json.dumps({"d": data.hex(), "k": "seed"}).encode()


@pytest.mark.parametrize("name", OWN)
def test_a_lock_of_the_user(name):
    said, headers, body = OWN[name]
    request = ("api.example.cn", "/v2/report?ts=17952552", headers, body or own_body(name))
    assert any(b"867530912345673" in leaf.value for leaf in opened(*request, locks(said)))
    assert not opened(*request)
    wrong = {**said, "key": {"text": "another key here"}}
    assert not opened(*request, locks(wrong))


@pytest.mark.parametrize(
    "where",
    [
        {"host": "other.example"},
        {"host": "ample.cn"},
        {"path": "/v3"},
        {"content_type": "text/*"},
        {"field": "x"},
        {"begins": "zz"},
        {"looks": "[0-9]"},
        {"header": {"x-enc": "1"}},
        {"beside": {"k": "1"}},
    ],
)
def test_a_lock_of_another_place(where):
    body = b"\x81" + sealed()
    said = {**AES, "data": {"value": [1]}, "where": where}
    assert not opened("api.example.cn", "/v2/report", {}, body, locks(said))


@pytest.mark.parametrize("where", [{"field": "d"}, {"field": "d", "host": "a.example"}])
def test_a_lock_for_a_query(where):
    keyring = locks({**AES, "data": {"value": [0], "then": "unbase64"}, "where": where})
    target = "/r?v=1&d=" + base64.urlsafe_b64encode(sealed()).decode()
    message = Message(("GET", target, "HTTP/1.1"))
    sieve = Matcher((), hints=(*hints(), *keyring.hints)).sieve
    roots = parts(message, "request", "a.example", "/r", sieve=sieve)
    items = walk(roots, Limits(seconds=30), sieve, keyring.ring(message, "a.example", target))
    assert "request.query.d|decrypt.own0|json.$.imei" in {item.path for item in items if isinstance(item, Leaf)}


def test_a_key_that_is_wrapped(rsa_key):
    pem, public = rsa_key
    wrapped = base64.b64encode(public.encrypt(KEY, rsa_padding.PKCS1v15())).decode()
    said = {
        **AES,
        "key": {"field": "ekey", "then": ["unbase64", {"rsa": {"key": pem}}]},
        "data": {"value": [0], "then": "unbase64"},
        "where": {"field": "data"},
    }
    body = json.dumps({"ekey": wrapped, "data": base64.b64encode(sealed()).decode()}).encode()
    (leaf,) = [x for x in opened("a.example", "/", {}, body, locks(said)) if b"8675309" in x.value]
    assert leaf.path == "request.body|json.$.data|decrypt.own0|json.$.imei"
    direct = {"cipher": "rsa", "rsa": {"key": pem}, "where": {"field": "ekey"}, "yields": "bytes",
              "data": {"value": [0], "then": "unbase64"}}  # fmt: skip
    assert [x.value for x in opened("a.example", "/", {}, body, locks(direct))] == [KEY]


@pytest.fixture(scope="module")
def rsa_key():
    private = rsa.generate_private_key(65537, 1024)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), private.public_key()


def hooks(*operations):
    return Keyring(Keys((), operations))


def test_what_a_hook_has_seen():
    done = Operation("AES/CBC/PKCS5Padding", b"", IV, CONTENT, sealed())
    for keyring in (hooks(done), hooks(Operation("AES/CBC/PKCS5Padding", b"", IV, sealed(), CONTENT))):
        leaves = opened("a.example", "/", {}, sealed(), keyring)
        assert {leaf.path for leaf in leaves if b"8675309" in leaf.value} == {"request.body|decrypt.hook|json.$.imei"}
        assert not opened("a.example", "/", {}, cbc(KEY, IV, CONTENT + b" "), keyring)


def test_a_key_that_a_hook_has_seen_opens_what_it_has_not():
    logged = [Operation("AES", bytes(16)), Operation("AES", KEY)]
    keyring = hooks(*logged, Operation("AES/CBC/PKCS5Padding", b"", IV, b"{}", cbc(KEY, IV, b"{}")))
    leaves = opened("a.example", "/", {}, sealed(), keyring)
    assert any(leaf.path == "request.body|decrypt.hook0|json.$.imei" for leaf in leaves)
    ivs = [bytes([number]) * 16 for number in range(9)]
    many = hooks(*logged, *(Operation("AES/CBC/PKCS5Padding", b"", iv, b"{}", cbc(KEY, iv, b"{}")) for iv in ivs))
    other = b"another iv, new!"
    assert any(
        b"8675309" in leaf.value for leaf in opened("a.example", "/", {}, other + cbc(KEY, other, CONTENT), many)
    )


@pytest.mark.parametrize(
    "operation",
    [
        Operation("SHA-256", b"", b"", b"abc", b"x" * 32),
        Operation("AES", b"short"),
        Operation("AES/CBC/PKCS5Padding", b"k" * 16, b"", b"a" * 20, b"b" * 16),
        Operation("", b"", b"", b"", b""),
        Operation("AES/XYZ/NoPadding", b"", IV, b"{}", b"x" * 32),
    ],
)
def test_useless_operations_do_no_harm(operation):
    assert not opened("a.example", "/", {}, sealed(), hooks(operation))


def test_tries_are_bounded():
    keyring = locks(*({**AES, "key": {"hex": f"{number:032x}"}} for number in range(3 * MOST_TRIES)))
    ring = keyring.ring(Message(("POST", "/", "")), "a.example", "/")
    for _ in range(5):
        assert len(list(ring.open(bytes(range(200, 232)) * 4, "", None))) < MOST_TRIES
    assert ring._tries == 0
    assert opened("a.example", "/", {}, sealed(), locks(*({**AES, "key": {"text": f"{n:016}"}} for n in range(9)), AES))


def test_what_is_opened_is_not_opened_again():
    keyring = locks({"cipher": "xor", "key": "k", "yields": "bytes", "where": {"host": "a.example"}})
    leaves = opened("a.example", "/", {}, xored(bytes(range(256)) * 2, b"k"), keyring)
    assert leaves and all(leaf.via.count("decrypt") == 1 for leaf in leaves)


@given(st.binary(min_size=16, max_size=300))
def test_random_bytes_are_opened_by_nothing(data):
    assert decode(data, Context()) is None
    ring = locks(AES, PREFIXED, {"cipher": "rc4", "key": "k"}).ring(Message(("POST", "/", "")), "a.example", "/")
    assert decode(data, Context(ring=ring)) is None


@given(st.binary(max_size=200), st.sampled_from(["tc\x05\x10\0\0", "[", "3" + "0" * 48]))
def test_what_only_begins_so_is_none(data, begins):
    assert decode(begins.encode("latin-1") + data, Context()) is None


def test_a_magic_and_the_right_padding_are_enough():
    key = base64.b64decode("4M3PpUC4Vu1uMp+Y0Mxd+vfc6v4ggJAINfgTlH74pis=")
    opaque = hashlib.sha512(CONTENT).digest()
    (part,) = decode(b"\x5b\xc2\1\2" + ecb(key, opaque), Context())
    assert part.value == opaque
    assert decode(b"\x5b\xc2\1\2" + ecb(key, opaque)[:-16], Context()) is None
    assert decode(b"\x5b\xc2\1\2" + ecb(key[::-1], opaque), Context()) is None


@pytest.mark.parametrize("name", ["bytedance-applog", "tencent-gdt", "pangle"])
def test_what_hides_in_a_text_is_announced(name):
    """With a search before decoding, and without: the same is found."""
    _, target, _, body = VECTORS[name]
    inside = body if name == "pangle" else json.dumps({"filler": ["none"] * 99, "d": base64.b64encode(body).decode()})
    message = Message(("POST", target, ""), (), inside if isinstance(inside, bytes) else inside.encode())
    matcher = Matcher((), hints=hints())
    found = []
    for sieve in (None, matcher.sieve):
        leaves = [item for item in walk(parts(message, "request"), Limits(seconds=30), sieve) if isinstance(item, Leaf)]
        found.append({leaf.path for leaf in leaves if b"8675309" in leaf.value and "decrypt" in leaf.via})
    assert found[0] == found[1] and found[0]
