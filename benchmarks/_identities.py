"""Invented phones, and every way to write what identifies them: by other means than leaktap's own.

A form is the chain of names that `leaktap.identifiers.forms` gives it; who adds a way to write a value there adds it
here, so that it is drawn.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives import hashes

from leaktap.config import DeviceProfile

type Form = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """A value of a class as it is sent, and how it came about. `plain` is the value itself."""

    identifier: str
    plain: str
    data: bytes
    form: Form


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
    latitude, longitude = round(random.uniform(20, 50), 4), round(random.uniform(75, 130), 4)
    contacts = [{"name": _name(random), "phone": f"1990000{random.randrange(10**4):04}"} for _ in range(3)]
    identifiers = {name: [value] for name, value in values.items()}
    place = {"lat": latitude, "lon": longitude, "radius_m": 300}
    profile = {"name": "drawn", "identifiers": {**identifiers, "location": place, "contacts": contacts}}
    writings = {name: list(_written(name, value)) for name, value in values.items()}
    writings["location"] = list(_place(latitude, longitude, random))
    writings["contacts"] = [
        Writing("contacts", contact["phone"], data, form)
        for contact in contacts
        for data, form in _hashed([(contact["phone"], (), True)])
    ]
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


type _Plain = tuple[str, Form, bool]
"""A way to write a value, its form, and whether hashes of it are sent."""


def _cased(text: str, form: Form = ()) -> Iterator[_Plain]:
    yield text, form, True
    yield text.lower(), (*form, "lower") if text.lower() != text else form, True
    yield text.upper(), (*form, "upper") if text.upper() != text else form, True


def _imei(value: str) -> Iterator[_Plain]:
    yield value, (), True
    yield value[:14], ("no-check-digit",), True


def _mac_written(value: str) -> Iterator[_Plain]:
    yield from _cased(value)
    yield from _cased(value.replace(":", ""), ("no-separator",))
    yield from _cased(value.replace(":", "-"), ("dash",))
    for text, form, _ in _cased(".".join(value.replace(":", "")[at : at + 4] for at in (0, 4, 8)), ("dot",)):
        yield text, form, False


def _uuid_written(value: str) -> Iterator[_Plain]:
    yield from _cased(value)
    if "-" in value:
        yield from _cased(value.replace("-", ""), ("no-separator",))


def _phone(value: str) -> Iterator[_Plain]:
    yield value, (), True
    for prefix in ("+86", "86", "0086"):
        yield prefix + value, (prefix,), True
    for name, sign in (("space", " "), ("dash", "-")):
        grouped = sign.join((value[:3], value[3:7], value[7:]))
        yield grouped, (name,), False
        yield f"+86{sign}{grouped}", (name, "+86"), False
        yield f"+86{sign}{value}", ("+86", name), False


def _exactly(value: str) -> Iterator[_Plain]:
    yield value, (), True


_PLAIN: dict[str, Callable[[str], Iterator[_Plain]]] = {
    "imei": _imei,
    "phone": _phone,
    **dict.fromkeys(("ssid", "utdid"), _exactly),
    **dict.fromkeys(("mac_wifi", "mac_bluetooth", "bssid"), _mac_written),
    **dict.fromkeys(("oaid", "vaid", "gaid", "idfa", "idfv"), _uuid_written),
}


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


_HASHES: dict[str, Callable[[bytes], bytes]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "sm3": _sm3,
}

_DIGESTS: tuple[tuple[Form, Callable[[bytes], bytes]], ...] = (
    (("hex",), lambda digest: digest.hex().encode()),
    (("hex-upper",), lambda digest: digest.hex().upper().encode()),
    (("base64",), base64.b64encode),
    (("base64",), lambda digest: base64.b64encode(digest).rstrip(b"=")),
    (("base64url",), base64.urlsafe_b64encode),
    (("base64url",), lambda digest: base64.urlsafe_b64encode(digest).rstrip(b"=")),
    ((), bytes),
)


def _written(name: str, value: str) -> Iterator[Writing]:
    for data, form in _hashed(_PLAIN.get(name, _cased)(value)):
        yield Writing(name, value, data, form)


def _hashed(plain: "list[_Plain] | Iterator[_Plain]") -> Iterator[tuple[bytes, Form]]:
    """Yields plain ways to write a value, and the hashes of each in each way to write them."""
    for text, form, hashed in plain:
        yield text.encode(), form
        for name, function in _HASHES.items() if hashed else ():
            for writing, write in _DIGESTS:
                yield write(function(text.encode())), (*form, name, *writing)


def _place(latitude: float, longitude: float, random: Random) -> Iterator[Writing]:
    """Yields pairs of coordinates within the place, in degrees of several precisions."""
    for digits in (4, 5, 6, 7, 12):
        near = [f"{degrees + random.uniform(-0.0009, 0.0009):.{digits}f}" for degrees in (latitude, longitude)]
        for first, second in ((0, 1), (1, 0)):
            for sign in (",", ", "):
                text = near[first] + sign + near[second]
                yield Writing("location", "", text.encode(), ())
