"""Device profiles as files: values that a user gives are checked for what a digit misread would break, then written.

The checks are those of the identifiers' own numbering: check digits, lengths and alphabets. They refuse what cannot be
right and name the digit that would be.
"""

import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from leaktap.cli import CommandError
from leaktap.config import nearest
from leaktap.identifiers import find, names
from leaktap.identifiers._checks import is_uuid, luhn
from leaktap.identifiers.forms import is_placeholder

type Values = dict[str, list[Any]]
"""What stands under `identifiers`: texts, mappings for locations and contacts."""

ABOUT = {
    "imei": "serial number of the modem, 15 digits: dial *#06#",
    "imsi": "number of the subscriber, on the SIM",
    "iccid": "number of the SIM card, printed on it",
    "meid": "serial number of a CDMA modem, 14 hexadecimal digits",
    "serial": "serial number: adb shell getprop ro.serialno",
    "android_id": "16 hexadecimal digits, each app its own since Android 8: adb shell settings get secure android_id",
    "oaid": "advertising id of Chinese Androids: settings, privacy",
    "gaid": "Google's advertising id: settings, Google, ads",
    "idfa": "Apple's advertising id",
    "idfv": "Apple's id for a vendor",
    "utdid": "Alibaba's id, 24 characters of base64",
    "mac_wifi": "address of the Wi-Fi interface: settings, about the phone",
    "mac_bluetooth": "address of the Bluetooth interface, likewise",
    "bssid": "address of the access point",
    "ssid": "name of the Wi-Fi",
    "phone": "phone number of the SIM",
    "email": "address of the account on the phone",
    "account": "name that the user logs in with",
    "name": "name of the user",
    "id_card": "number of the citizen, 18 characters",
    "bank_card": "number of a bank card",
    "device_name": "name that the user gave the phone",
    "app_list": "package names of apps that few phones have",
    "contacts": "entries of the address book",
    "sms": "texts of messages",
    "calendar": "titles of entries",
    "clipboard": "text that was copied",
    "location": "place in degrees (WGS-84); what lies within radius_m metres counts",
}
"""What a profile may hold, in the order of the file, and where to find it."""


def parse(given: Sequence[str]) -> Values:
    """Reads `NAME=VALUE` arguments.

    Raises:
        CommandError: one is no such thing, or cannot be right.
    """
    values: Values = {}
    for argument in given:
        name, equals, text = argument.partition("=")
        text = text.strip()
        if not equals or not text:
            raise CommandError(f"{argument}: is no NAME=VALUE: write imei=867530912345673")
        if name not in names() and not re.fullmatch(r"custom\.[\w.-]+", name):
            raise CommandError(f"{name}: is no identifier{nearest(name, names())}; custom.NAME is free")
        values.setdefault(name, []).append(_STRUCTURED.get(name, _plain)(name, text))
    return values


def _plain(name: str, text: str) -> str:
    why = _CHECKS[name](text) if name in _CHECKS else ""
    if not why and is_placeholder(text, find(name)):
        why = "is nobody's: phones send it where they have no value"
    if why:
        raise CommandError(f"{name}: {text!r} {why}")
    return text


def _location(_name: str, text: str) -> dict[str, float]:
    try:
        latitude, longitude, *radius = (float(piece) for piece in text.split(","))
    except ValueError:
        raise CommandError(f"location: {text!r} is no place: write location=31.2304,121.4737 (degrees)") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise CommandError(f"location: {text!r} is not on Earth: latitude goes to 90, longitude to 180")
    if len(radius) > 1 or not all(0 < metres < math.inf for metres in radius):
        raise CommandError(f"location: {text!r} has no radius in metres behind the coordinates")
    return {"lat": latitude, "lon": longitude, "radius_m": radius[0] if radius else 300.0}


def _contact(_name: str, text: str) -> dict[str, str]:
    name, phone, email, *more = [*(piece.strip() for piece in text.split(":")), "", ""]
    if any(more):
        raise CommandError(f"contacts: {text!r} is no entry: write contacts=NAME:PHONE or contacts=NAME:PHONE:EMAIL")
    return {key: value for key, value in (("name", name), ("phone", phone), ("email", email)) if value}


_STRUCTURED: dict[str, Callable[[str, str], Any]] = {"location": _location, "contacts": _contact}


def _luhn(*lengths: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        digits = re.sub(r"[\s./-]", "", text)
        if not re.fullmatch("[0-9]+", digits) or len(digits) not in lengths:
            return f"has not {' or '.join(map(str, lengths))} digits"
        if luhn(digits):
            return ""
        right = next(digit for digit in "0123456789" if luhn(digits[:-1] + digit))
        return f"ends with {digits[-1]}, but its check digit would be {right}: a digit is misread"

    return check


def _shaped(pattern: str, what: str) -> Callable[[str], str]:
    return lambda text: "" if re.fullmatch(pattern, text) else f"is not {what}"


def _citizen(text: str) -> str:
    """Checks the sign at the end (GB 11643-1999)."""
    if not re.fullmatch("[0-9]{17}[0-9Xx]", text):
        return "has not 17 digits and a digit or X"
    total = sum(int(digit) * pow(2, 17 - index, 11) for index, digit in enumerate(text[:17]))
    right = "10X98765432"[total % 11]
    return "" if text[17].upper() == right else f"ends with {text[17]}, but its check sign would be {right}"


def _uuid(text: str) -> str:
    return "" if is_uuid(text) else "is no UUID: write it as 38400000-8cf0-41bd-b23e-10b96e4f0000"


_MAC = _shaped(r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}", "an address of six bytes: write it as a4:50:46:12:34:56")

_CHECKS: dict[str, Callable[[str], str]] = {
    "imei": _luhn(15),
    "imei2": _luhn(15),
    "iccid": _luhn(19, 20),
    "bank_card": _luhn(*range(13, 20)),
    "imsi": _shaped("[0-9]{14,15}", "a number of 14 or 15 digits"),
    "meid": _shaped("[0-9A-Fa-f]{14}", "a number of 14 hexadecimal digits"),
    "android_id": _shaped("[0-9a-fA-F]{13,16}", "a number of 16 hexadecimal digits"),
    "id_card": _citizen,
    "email": _shaped(r"[^@\s]+@[^@\s]+\.[^@\s.]+", "an address: write it as name@mail.example"),
    "phone": _shaped(r"\+?[0-9][0-9 ()-]{5,18}[0-9]", "a phone number"),
    **dict.fromkeys(("gaid", "idfa", "idfv"), _uuid),
    **dict.fromkeys(("mac_wifi", "mac_bluetooth", "bssid"), _MAC),
}


def written(name: str, values: Mapping[str, Sequence[Any]], about: str) -> str:
    """Returns a profile as YAML, each identifier with what it is; those without a value as comments."""
    lines = [f"# {about}", "", f"name: {_scalar(name)}"]
    lines += ["# addresses: {mac: [], ip: []}   # how the phone is known on the network, where there are several"]
    lines += ["identifiers:" if values else "identifiers: {}   # remove the braces where you fill one in"]
    for key in [*ABOUT, *(key for key in values if key not in ABOUT)]:
        comment = f"   # {ABOUT[key]}" if key in ABOUT else ""
        lines.append(f"  {key}:{comment}" if key in values else f"  # {key}: []{comment}")
        lines += [f"    - {_scalar(value)}" for value in values.get(key, ())]
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    """Writes a value as JSON, which YAML includes; a mapping on one line."""
    return json.dumps(value, ensure_ascii=False)


def save(file: Path, text: str, force: bool) -> None:
    """Writes a file that only its owner can read.

    Raises:
        CommandError: it is there already and not to be replaced, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with os.fdopen(os.open(file, flags, 0o600), "w", encoding="utf-8", newline="") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(text)
    except FileExistsError:
        raise CommandError(f"{file}: is there already: add --force to replace it") from None
    except OSError as error:
        raise CommandError(f"{file}: cannot be written ({error.strerror}): write somewhere else") from None
