"""MAC addresses (EUI-48): the phone's own Wi-Fi and Bluetooth ones, and the access point's (BSSID).

The second-lowest bit of the first octet says "locally administered" (IEEE 802, section 8.4): phones set it in random
addresses, so one of these without a profile is a weaker finding. Android 6 and later tells apps 02:00:00:00:00:00.
In all others the first three octets are a vendor's.
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Candidate, Identifier, Variant, Verdict, fold_value
from leaktap.identifiers._checks import cases
from leaktap.identifiers._vendors import is_registered

_NOBODYS = frozenset({"020000000000", "000000000000", "ffffffffffff", "001122334455", "aabbccddeeff", "112233445566"})
_SHAPE = rb"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}"
_WRITTEN = re.compile(
    r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}|[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){5}"
    r"|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2}|[0-9a-fA-F]{12}"
)


def _canonical(value: str) -> str:
    digits = fold_value(value)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2)) if len(digits) == 12 else value.strip().lower()


def variants(value: str) -> Iterator[Variant]:
    """Yields a MAC with colons, without separators, with dashes and in Cisco's dots, in both cases."""
    digits = value.replace(":", "")
    yield from cases(value)
    yield from cases(digits, ("no-separator",))
    yield from cases(value.replace(":", "-"), ("dash",))
    yield from cases(".".join(digits[i : i + 4] for i in range(0, len(digits), 4)), ("dot",), hashed=False)


def _form(text: str) -> tuple[str, ...]:
    style = {"-": ("dash",), ".": ("dot",), ":": ()}.get(re.sub(r"\w", "", text)[:1], ("no-separator",))
    return (*style, "upper") if text != text.lower() else style


def _named(candidate: Candidate) -> Verdict | None:
    text = candidate.text
    if not candidate.named or not _WRITTEN.fullmatch(text) or int(fold_value(text)[1], 16) & 1:
        return None
    if text.isdigit():
        return Verdict("key", 0.5, _form(text), "digits alone")
    if int(fold_value(text)[1], 16) & 2:
        return Verdict("key", 0.7, _form(text), "locally administered")
    if is_registered(fold_value(text)):
        return Verdict("key", 0.9, _form(text), "registered vendor")
    return Verdict("key", 0.7, _form(text), "no vendor known")


def _judge(candidate: Candidate) -> Verdict | None:
    """Takes an address with colons for the phone's even where nothing says so, unless it may be random or a time."""
    if candidate.named:
        return _named(candidate)
    first = int(candidate.text[:2], 16)
    if first & 3 or not re.search(r"[a-fA-F]", candidate.text):
        return None
    if is_registered(fold_value(candidate.text)):
        return Verdict("structure", 0.6, _form(candidate.text), "registered vendor")
    return Verdict("structure", 0.3, _form(candidate.text), "no vendor known")


_CUE = rb":[0-9a-fA-F]{2}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}:"


def _class(name: str, category: str, keys: tuple[str, ...], shapes: tuple[bytes, ...] = ()) -> Identifier:
    return Identifier(
        name,
        category,
        keys=keys,
        shapes=shapes,
        cues=(_CUE,) * len(shapes),
        variants=variants,
        judge=_judge if shapes else _named,
        placeholders=_NOBODYS,
        canonical=_canonical,
        shared=6,
    )


IDENTIFIERS = (
    _class(
        "mac_wifi",
        "device_id",
        (
            "(?:.*_)?(?:wifi|wlan|wlan0|device|dev|local|phone|client|my|eth|en|en0|user|net|hw|hardware|terminal)_mac"
            "(?:_addr(?:ess)?)?[01]?",
            "(?:wifi_)?mac_(?:addr(?:ess)?|id|no)?[01]?",
            "mc|wmac|macs|mac地址|物理地址|mac_dizhi",
        ),
        (_SHAPE,),
    ),
    _class(
        "mac_bluetooth", "device_id", ("(?:bt|bluetooth|blue_tooth|ble)_(?:mac|addr(?:ess)?|id)(?:_addr(?:ess)?)?",)
    ),
    _class(
        "bssid",
        "network_id",
        (
            "(?:.*_)?bssid",
            "(?:ap|router|gateway|gw|hotspot|connected_wifi|conn_wifi)_mac(?:_addr(?:ess)?)?|路由器?mac(?:地址)?",
        ),
    ),
)
