"""A device profile: how a phone is recognised, and the values of its identifiers."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from leaktap.config._kinds import Strict, Texts, at, listed, only_known

STRUCTURED = ("location", "contacts")
"""The identifiers whose values are more than text."""


class Location(Strict):
    """A place in degrees WGS-84; whatever lies within `radius_m` metres counts as it."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    radius_m: float = Field(default=300, gt=0, allow_inf_nan=False)


class Contact(Strict):
    """An entry of the address book."""

    name: str = ""
    phone: str = ""
    email: str = ""


def _mac(text: str) -> str:
    digits = re.sub(r"[-:.]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f"{text!r} is no MAC address: write it as a4:50:46:12:34:56")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


class Addresses(Strict):
    """How a device is recognised on the network."""

    mac: Texts = ()
    ip: Texts = ()

    @field_validator("mac")
    @classmethod
    def _octets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_mac(mac) for mac in value)

    @field_validator("ip")
    @classmethod
    def _written_alike(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_address(ip)) for ip in value)


class DeviceProfile(Strict):
    """A phone under test: its addresses and the values of its identifiers, `identifiers[name]` as written.

    `salts` are texts that its values may be hashed with.
    """

    name: str = ""
    addresses: Addresses = Addresses()
    identifiers: dict[str, Texts] = Field(default_factory=dict)
    location: Annotated[tuple[Location, ...], BeforeValidator(listed)] = ()
    contacts: Annotated[tuple[Contact, ...], BeforeValidator(listed)] = ()
    salts: Texts = ()

    @model_validator(mode="before")
    @classmethod
    def _structured(cls, data: object) -> object:
        """Takes the two structured classes out of `identifiers`, where the file has them."""
        if not isinstance(data, dict) or not isinstance(data.get("identifiers"), dict):
            return data
        identifiers = dict(data["identifiers"])
        structured = {name: identifiers.pop(name) for name in STRUCTURED if name in identifiers}
        for name in structured:
            if name in data:
                raise at(name, "stands at the top of the file too: leave it here alone")
        return {**data, "identifiers": identifiers, **structured}

    @field_validator("identifiers", mode="before")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        return only_known(value, info)
