"""Writers of what SDKs encrypt with a key that the message has with it, or that they ship.

Each is written by what is published of it, as `leaktap/decoders/recipes` tells: the inverse of that, on its own.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import quote_from_bytes

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB, GCM

from benchmarks._ciphers import crypt, padded, tells, xored
from benchmarks._members import Home, Wrapped, filler, shuffled

_APPLOG = bytes.fromhex(
    "4dd4c2e6b83162090e52b3c7a6733ba41cb2462b829ab58a196b39db57177524"
    "f49baf7f08e8d68d26a72e37c1a95a2f1f05a51892aef2949732b62a38aadd58"
)
_GDT = base64.b64decode("4M3PpUC4Vu1uMp+Y0Mxd+vfc6v4ggJAINfgTlH74pis=")
_UMENG_IV = bytes.fromhex("0a010b05040f070917030106080c0d5b")
_SHUZILM = b"@dalsdfkSDFSesa!@#tbaf@$%f$%K=^*&0918~Werar=-+^%39(0!"


def _applog(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    salt = random.randbytes(32)
    derived = hashlib.sha512(hashlib.sha512(salt).digest() + _APPLOG).digest()
    sealed = crypt(AES(derived[:16]), CBC(derived[16:32]), padded(hashlib.sha512(data).digest() + data))
    return Wrapped(b"tc\x05\x10\0\0" + salt + sealed, "|decrypt.bytedance-applog")


def _pangle(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    key, iv = (random.randbytes(size).hex().encode() for size in (16, 8))
    text = base64.b64encode(crypt(AES(key), CBC(iv), padded(data)))
    message = b"3" + key[16:] + key[:16] + iv + text
    return Wrapped(json.dumps({"message": message.decode(), "cypher": 3}).encode(), "|json.$.message|decrypt.pangle")


def _gdt(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(b"\x5b\xc2\1\2" + crypt(AES(_GDT), ECB(), padded(data)), "|decrypt.tencent-gdt")


def growingio(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes all of a body so, and never a text, as none comes of what is compressed first."""
    time = 1_760_000_000_000 + random.randrange(10**9) | 0x80
    headers = ((b"X-Crypt-Codec", b"1"), (b"X-Timestamp", b"%d" % time))
    return Wrapped(xored(bytes([time & 0xFF]), data), "|decrypt.growingio-header", home=Home(headers=headers))


def _jpush(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    key = random.randbytes(8).hex()
    said = base64.b64encode(f"{random.randrange(10**11)}:{random.randbytes(16).hex()}:{key}".encode())
    home = Home("s.jpush.cn", "/v3/report", ((b"Authorization", b"Basic " + said),))
    return Wrapped(crypt(AES(key.encode()), CBC(b"iop203040506aPk!"), padded(data)), "|decrypt.jpush", home=home)


def _mobtech(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    text = base64.b64encode(crypt(AES(b"sdk.commonap.sdk"), ECB(), padded(data)))
    others = [(key, str(value).encode()) for key, value in filler(random, (max(range_[0], 1), range_[1]))]
    pairs = [f"{key}={quote_from_bytes(value, safe='')}" for key, value in shuffled(random, "m", text, others)]
    return Wrapped("&".join(pairs).encode(), "|form.m|base64|decrypt.mobtech", home=Home("api.exc.mob.com"))


def _shuzilm(_: Random, data: bytes, __: Sequence[int]) -> Wrapped:
    return Wrapped(xored(_SHUZILM, zlib.compress(data)), "|decrypt.shuzilm-2|zlib", home=Home("ddi2.shuzilm.cn"))


def _sigmob(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    nonce = random.randbytes(12)
    home = Home("adservice.sigmob.cn", headers=((b"agn", base64.b64encode(nonce)),))
    return Wrapped(crypt(AES(b"KGpfzbYsn4T9Jyuq"), GCM(nonce), data), "|decrypt.sigmob", home=home)


def _umeng(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes the envelope by the Apache library: version, address, signature, serial number, time, length, entity."""
    from thrift.protocol.TCompactProtocol import TCompactProtocol
    from thrift.Thrift import TType
    from thrift.transport.TTransport import TMemoryBuffer

    signature = random.randbytes(32)
    entity = crypt(AES(signature[1:17]), CBC(_UMENG_IV), padded(zlib.compress(data)))
    transport = TMemoryBuffer()
    protocol = TCompactProtocol(transport)
    protocol.writeStructBegin("")
    texts = {1: b"1.0", 2: b"app.example", 3: signature.hex().encode(), 7: entity, 8: b"guid", 9: b"checksum"}
    numbers = {4: random.randrange(1000), 5: 1_760_000_000, 6: len(entity), 10: 1}
    for number in range(1, 11):
        if number in texts:
            protocol.writeFieldBegin("", TType.STRING, number)
            protocol.writeBinary(texts[number])
        else:
            protocol.writeFieldBegin("", TType.I32, number)
            protocol.writeI32(numbers[number])
        protocol.writeFieldEnd()
    protocol.writeFieldStop()
    protocol.writeStructEnd()
    return Wrapped(transport.getvalue(), "|thrift.7|decrypt.umeng|zlib", home=Home("ulogs.umeng.com", "/unify_logs"))


def _mtj(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    number, key = random.choice(((1, b"h9YLQoINGWyOBYYk"), (2, b"30212102dicudiab"), (3, b"dm1VEmW651QTz4MD")))
    text = base64.b64encode(crypt(AES(key), ECB(), padded(data))) + f"|{number}".encode()
    return Wrapped(text, f"|decrypt.baidu-mtj-{number}", home=Home("hmma.baidu.com"))


type _Recipe = Callable[[Random, bytes, Sequence[int]], Wrapped]

_PROVEN: tuple[_Recipe, ...] = (_applog, _shuzilm, _sigmob, _umeng)
_READABLE: tuple[_Recipe, ...] = (_pangle, _gdt, _jpush, _mobtech, _mtj)
"""Those in which only what can be read shows that it was the key."""


def of_an_sdk(random: Random, data: bytes, range_: Sequence[int]) -> Wrapped:
    """Encrypts as one of the SDKs does, and sends it where that does."""
    return random.choice((*_PROVEN, *_READABLE) if tells(data) else _PROVEN)(random, data, range_)
