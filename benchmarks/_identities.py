"""Invented phones, and every way to write what identifies them: by other means than leaktap's own.

A form is the chain of names that `leaktap.identifiers.forms` gives it; who adds a way to write a value there adds it
here, so that it is drawn.
"""

import base64
import hashlib
import hmac
import itertools
import json
import re
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from benchmarks._lists import lists
from benchmarks._named import named
from benchmarks._photos import photos
from benchmarks._places import a_place, places
from benchmarks._writing import Form, Writing
from leaktap.config import DeviceProfile


@dataclass(frozen=True, slots=True)
class Identity:
    """A phone: its profile, and all writings of its values by class. `forms` are those of the same bytes."""

    profile: DeviceProfile
    writings: dict[str, list[Writing]]
    forms: dict[tuple[str, bytes], set[Form]]


_SURNAMES: list[str] = re.findall(r"\S+", "欧阳 司马 上官 诸葛 慕容 令狐 东方 独孤")
_GIVEN: list[str] = re.findall(r"\S+", "清 远 墨 岚 若 彤 鹤 汀 芷 屿 霁 琛")
_WORDS: list[str] = re.findall(
    r"\S+", "amber birch cobalt dune ember fjord gorse heath iris juniper kelp larch moss ochre"
)


SALTS, PACKAGE, DOMAIN, BESIDE = ("k3y-of-an-app",), "com.example.drawn", "app.drawn.example", "Ak7f0qL2zR9x"
"""What values are hashed with: what the user names, package and domain of the app, and what the message has."""

_READ: list[str] = re.findall(
    r"\S+",
    "ouyang sima shangguan zhuge murong linghu dongfang dugu qing yuan mo lan ruo tong he ting zhi yu ji chen",
)
_FEWEST_LETTERS = 12
"""A shorter name is as good as any word."""

_PINYIN = dict(zip([*_SURNAMES, *_GIVEN], _READ, strict=True))


def luhn(digits: str) -> str:
    """Returns digits with their check digit behind (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits))]
    return digits + str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def id_card(digits: str) -> str:
    """Returns the 17 digits of a citizen's number with the check sign behind (GB 11643-1999)."""
    total = sum(int(digit) * pow(2, 17 - index, 11) for index, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def identity(random: Random) -> Identity:
    """Invents a phone."""
    values = _values(random)
    latitude, longitude = a_place(random)
    contacts = [{"name": _name(random), "phone": f"1990000{random.randrange(10**4):04}"} for _ in range(3)]
    identifiers = {name: [value] for name, value in values.items()}
    place = {"lat": latitude, "lon": longitude, "radius_m": 300}
    profile = {"name": "drawn", "identifiers": {**identifiers, "location": place, "contacts": contacts}, "salts": SALTS}
    writings = {name: list(_written(name, value)) for name, value in values.items()}
    writings["location"] = list(places(latitude, longitude, random))
    writings["contacts"] = [writing for contact in contacts for writing in _contact(contact)]
    for writing in _joined(values):
        writings[writing.identifier].append(writing)
    for writing in (*lists(random), *named(random), *photos(latitude, longitude, random)):
        writings.setdefault(writing.identifier, []).append(writing)
    forms: dict[tuple[str, bytes], set[Form]] = {}
    for name, each in writings.items():
        for writing in each:
            forms.setdefault((name, writing.data), set()).add(writing.form)
    return Identity(DeviceProfile.model_validate(profile), writings, forms)


def _values(random: Random) -> dict[str, str]:
    """Returns a value for each class that has plain ones."""

    def digits(count: int) -> str:
        return _signs(random, "0123456789", count)

    def word() -> str:
        return random.choice(_WORDS)

    return {
        "imei": luhn("86" + digits(12)),
        "imei2": luhn("35" + digits(12)),
        "imsi": "46000" + digits(10),
        "iccid": luhn("898600" + digits(13)),
        "meid": "A1" + _signs(random, "0123456789ABCDEF", 12),
        "serial": _signs(random, "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", 12),
        "mac_wifi": _mac(random),
        "mac_bluetooth": _mac(random),
        "bssid": _mac(random),
        "android_id": _signs(random, "0123456789abcdef", 15) + random.choice("abcdef"),
        "oaid": _signs(random, "0123456789abcdef", 32),
        "vaid": _signs(random, "0123456789abcdef", 32),
        "gaid": _uuid(random),
        "idfa": _uuid(random).upper(),
        "idfv": _uuid(random).upper(),
        "aaid": _uuid(random),
        "device_id": _signs(random, "0123456789abcdef", 39) + "f",
        "utdid": base64.b64encode(random.randbytes(17) + b"\x01").decode(),
        "phone": f"1990000{random.randrange(10**4):04}",
        "email": f"{word()}.{word()}{digits(3)}@mail.example",
        "name": _name(random),
        "id_card": id_card(
            "110101" + f"19{random.randrange(50, 100)}0{random.randrange(1, 10)}1{digits(1)}" + digits(3)
        ),
        "bank_card": luhn("621700" + digits(12)),
        "account": f"{word()}_{word()}_{digits(4)}",
        "ssid": f"{word().title()} {word().title()} {digits(4)}",
        "clipboard": f"Gate {digits(4)} opens for {word()} and {word()} at {digits(2)}:{digits(2)}",
        "sms": f"Your parcel {digits(8)} waits at {word()} street, code {digits(6)}",
        "device_name": f"{word().title()}'s phone {digits(4)}",
        "custom.badge": f"{word().upper()}-{digits(9)}",
    }


def _signs(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choices(alphabet, k=count))


def _uuid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _mac(random: Random) -> str:
    return ":".join(f"{byte:02x}" for byte in (0xA4, 0x50, *random.randbytes(3), random.randrange(0xA0, 0x100)))


def _name(random: Random) -> str:
    return random.choice(_SURNAMES) + random.choice(_GIVEN) + random.choice(_GIVEN)


type _Plain = tuple[bytes, Form, bool]
"""A way to write a value, its form, and whether hashes of it are sent."""


def _cased(text: str, form: Form = ()) -> Iterator[_Plain]:
    yield text.encode(), form, True
    yield text.lower().encode(), (*form, "lower") if text.lower() != text else form, True
    yield text.upper().encode(), (*form, "upper") if text.upper() != text else form, True


def _exactly(value: str) -> Iterator[_Plain]:
    yield value.encode(), (), True


def _imei(value: str) -> Iterator[_Plain]:
    yield value.encode(), (), True
    yield value[:14].encode(), ("no-check-digit",), True
    version = "07" if value[14] != "0" else "17"  # or the IMEI itself would stand there
    yield f"{value[:14]}{version}".encode(), ("imeisv",), False


def _mac_written(value: str) -> Iterator[_Plain]:
    yield from _cased(value)
    yield from _cased(value.replace(":", ""), ("no-separator",))
    yield from _cased(value.replace(":", "-"), ("dash",))
    groups = ".".join(value.replace(":", "")[at : at + 4] for at in (0, 4, 8))
    for written, name in ((groups, "dot"), (value.replace(":", " "), "space"), (value.replace(":", "_"), "underscore")):
        for text, form, _ in _cased(written, (name,)):
            yield text, form, False


def _name_written(value: str) -> Iterator[_Plain]:
    yield value.encode(), (), True
    family, given = _PINYIN[value[:2]], "".join(_PINYIN[sign] for sign in value[2:])
    if len(family + given) < _FEWEST_LETTERS:
        return
    yield f"{family}{given}".encode(), ("pinyin",), False
    yield f"{family} {given}".title().encode(), ("pinyin", "space", "title"), False
    yield f"{given} {family}".title().encode(), ("pinyin", "family-last", "space", "title"), False


def _uuid_written(value: str) -> Iterator[_Plain]:
    yield from _cased(value)
    if "-" in value:
        yield from _cased(value.replace("-", ""), ("no-separator",))


def _phone(value: str) -> Iterator[_Plain]:
    yield value.encode(), (), True
    for prefix in ("+86", "86", "0086"):
        yield (prefix + value).encode(), (prefix,), True
    for name, sign in (("space", " "), ("dash", "-")):
        grouped = sign.join((value[:3], value[3:7], value[7:]))
        yield grouped.encode(), (name,), False
        yield f"+86{sign}{grouped}".encode(), (name, "+86"), False
        yield f"+86{sign}{value}".encode(), ("+86", name), False


_MACS, _UUIDS = ("mac_wifi", "mac_bluetooth", "bssid"), ("oaid", "vaid", "gaid", "idfa", "idfv", "aaid")
_PLAIN: dict[str, Callable[[str], Iterator[_Plain]]] = {
    "imei": _imei,
    "imei2": _imei,
    "phone": _phone,
    "name": _name_written,
    **dict.fromkeys(("ssid", "utdid"), _exactly),
    **dict.fromkeys(_MACS, _mac_written),
    **dict.fromkeys(_UUIDS, _uuid_written),
}


def _binary(name: str, value: str) -> Iterator[tuple[bytes, Form]]:
    """Yields a value as numbers and bytes, and backwards."""
    digits = re.sub("[-:]", "", value)
    if name in ("imei", "imei2", "imsi", "phone", "bank_card"):
        number = int(value)
        yield _varint(number), ("varint",)
        if number < 1 << 53:
            yield struct.pack(">d", number), ("double-be",)
            yield struct.pack("<d", number), ("double-le",)
            yield f"{number}.0".encode(), ("float",)
            yield f"{value[0]}.{value[1:].rstrip('0')}E{len(value) - 1}".encode(), ("exponent",)
        yield struct.pack(">Q", number), ("int64-be",)
        yield struct.pack("<Q", number), ("int64-le",)
        yield f"{number:x}".encode(), ("hex-number",)
    elif name in (*_MACS, *_UUIDS, "android_id", "meid"):
        raw = bytes.fromhex(digits)
        yield raw, ("bytes",)
        yield str(int.from_bytes(raw)).encode(), ("decimal",)
        if len(raw) == 16:
            yield uuid.UUID(digits).bytes_le, ("guid",)
        if len(raw) == 8:
            yield raw, ("int64-be",)
            yield raw[::-1], ("int64-le",)
            yield raw[::-1], ("bytes-reversed",)
    if name in ("imei", "imei2"):
        yield bytes.fromhex(f"0{value}"), ("bcd",)
    if name in ("imei", "imei2", "imsi", "iccid"):
        filled = value if len(value) % 2 == 0 else f"{value}f"
        yield bytes.fromhex(filled), ("bcd",)
        yield bytes.fromhex(re.sub("(.)(.)", r"\2\1", filled)), ("bcd-swapped",)
    if name in ("imei", "imei2", "iccid", "serial", "phone"):
        yield value[::-1].encode(), ("reversed",)
    if name in ("imei", "imei2", "imsi", "iccid", "bank_card"):
        groups = re.findall(".{1,4}", value)
        yield "-".join(groups).encode(), ("dash",)
        yield " ".join(groups).encode(), ("space",)
    if not value.isascii():
        yield value.encode("gb18030"), ("gb18030",)


def _varint(number: int) -> bytes:
    groups = [number >> shift & 0x7F for shift in range(0, number.bit_length(), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


_KEPT = {"android_id": (12, 13), "oaid": (12, 16, 24), "device_id": (16, 32), "vaid": (16,)}
"""How many signs are kept of what is cut short."""


def _pieces(name: str, value: str) -> Iterator[tuple[bytes, Form]]:
    for size in _KEPT.get(name, ()):
        yield value[:size].encode(), (f"first-{size}",)
        yield value[-size:].encode(), (f"last-{size}",)


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _hmac(algorithm: str, key: bytes, data: bytes) -> bytes:
    if algorithm != "sm3":
        return hmac.digest(key, data, algorithm)
    keyed = HMAC(key, hashes.SM3())
    keyed.update(data)
    return keyed.finalize()


type _Hash = Callable[[bytes], bytes]

_USUAL: dict[str, _Hash] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "sm3": _sm3,
}
_RARE: dict[str, _Hash] = {
    "sha3-224": lambda data: hashlib.sha3_224(data).digest(),
    "sha3-384": lambda data: hashlib.sha3_384(data).digest(),
    "sha224": lambda data: hashlib.sha224(data).digest(),
    "sha384": lambda data: hashlib.sha384(data).digest(),
    "sha3-256": lambda data: hashlib.sha3_256(data).digest(),
    "sha3-512": lambda data: hashlib.sha3_512(data).digest(),
}


def _digests(digest: bytes) -> Iterator[tuple[bytes, Form]]:
    """Yields the ways to write a digest."""
    standard, safe = base64.b64encode(digest), base64.urlsafe_b64encode(digest)
    yield digest.hex().encode(), ("hex",)
    yield digest.hex().upper().encode(), ("hex-upper",)
    yield digest, ()
    for text in (standard, standard.rstrip(b"=")):
        yield text, ("base64",)
    for text in (safe, safe.rstrip(b"=")):
        yield text, ("base64url",) if safe != standard else ("base64",)


def _cut(digest: bytes) -> Iterator[tuple[bytes, Form]]:
    """Yields what is often left of a digest."""
    text = digest.hex()
    pieces = [(text[:size], f"first-{size}") for size in (16, 20, 24, 32) if size < len(text)]
    pieces.append((text[-16:], "last-16"))
    if len(text) == 32:
        pieces.append((text[8:24], "middle-16"))
    for piece, name in pieces:
        yield piece.encode(), (name, "hex")
        if piece.upper() != piece:
            yield piece.upper().encode(), (name, "hex-upper")


def _written(name: str, value: str) -> Iterator[Writing]:
    """Yields a value in every form."""
    plain = list(_PLAIN.get(name, _cased)(value))
    for data, form, _ in plain:
        yield Writing(name, value, data, form, "plain")
    for data, form in _binary(name, value):
        yield Writing(name, value, data, form, "number or bytes")
    for data, form in _pieces(name, value):
        yield Writing(name, value, data, form, "cut short")
    for data, form, hashed in plain:
        if not hashed:
            continue
        for algorithm, function in (_USUAL | _RARE).items():
            yield from _all(name, value, function(data), (*form, algorithm), "hashed")
            if algorithm in ("md5", "sha1", "sha256", "sm3"):
                for piece, rest in _cut(function(data)):
                    yield Writing(name, value, piece, (*form, algorithm, *rest), "digest cut short")
        for inner, outer in itertools.product(("md5", "sha1", "sha256", "sm3"), repeat=2):
            text = _USUAL[inner](data).hex()
            for spelt, how in ((text, "hex"), (text.upper(), "hex-upper")):
                digest = _USUAL[outer](spelt.encode())
                yield from _all(name, value, digest, (*form, inner, how, outer), "hashed twice")
        for salt in (*SALTS, PACKAGE, DOMAIN):
            key = salt.encode()
            for algorithm in _USUAL:
                before, behind = _USUAL[algorithm](key + data), _USUAL[algorithm](data + key)
                yield from _all(name, value, before, (*form, f"salt-before={salt}", algorithm), "salted")
                yield from _all(name, value, behind, (*form, f"salt-after={salt}", algorithm), "salted")
                behind = _USUAL[algorithm](_USUAL["md5"](data).hex().encode() + key)
                yield from _all(name, value, behind, (*form, "md5", "hex", f"salt-after={salt}", algorithm), "salted")
            for algorithm in _USUAL:
                digest = _hmac(algorithm, key, data)
                yield from _all(name, value, digest, (*form, f"salt-key={salt}", f"hmac-{algorithm}"), "salted")
    yield from _told(name, value)


_CALLED = {"imei": "imei", "mac_wifi": "mac", "android_id": "androidId", "oaid": "oaid", "phone": "phone"}


def _told(name: str, value: str) -> Iterator[Writing]:
    """Yields what only the document around it makes telling: check sums, and hashes with a key that stands beside."""
    if name not in _CALLED:
        return
    key = _CALLED[name]
    data = json.dumps({"v": 3, key: f"{zlib.crc32(value.encode()):08x}"}).encode()
    yield Writing(name, value, data, ("crc32", "hex"), "check sum under its name", f"|json.$.{key}")
    for algorithm in ("md5", "sha1", "sha256"):
        for form, salted in (
            (f"salt-before={BESIDE}", BESIDE + value),
            (f"salt-after={BESIDE}", value + BESIDE),
        ):
            text = _USUAL[algorithm](salted.encode()).hex()
            data = json.dumps({"appKey": BESIDE, "id": text}).encode()
            yield Writing(name, value, data, (form, algorithm, "hex"), "salt beside it", "|json.$.id")


def _all(name: str, value: str, digest: bytes, form: Form, family: str) -> Iterator[Writing]:
    for data, how in _digests(digest):
        yield Writing(name, value, data, (*form, *how), family)


def _joined(values: dict[str, str]) -> Iterator[Writing]:
    """Yields hashes of two identifiers, one behind the other."""
    for first, second in (("imei", "mac_wifi"), ("mac_wifi", "imei"), ("android_id", "imei"), ("oaid", "phone")):
        for joint in ("", "-", "_"):
            step = f"join({joint}):{second}" if joint else f"join:{second}"
            data = f"{values[first]}{joint}{values[second]}".encode()
            for algorithm in ("md5", "sha1", "sha256"):
                yield from _all(first, values[first], _USUAL[algorithm](data), (step, algorithm), "joined and hashed")


def _contact(contact: dict[str, str]) -> Iterator[Writing]:
    """Yields what is sent of an entry of the address book."""
    number = contact["phone"]
    yield Writing("contacts", number, number.encode(), (), "plain")
    for algorithm, function in _USUAL.items():
        yield from _all("contacts", number, function(number.encode()), (algorithm,), "hashed")
