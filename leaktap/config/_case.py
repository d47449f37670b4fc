"""A case: one test of one app."""

import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from leaktap.config._baseline import Baseline, read_baseline
from leaktap.config._events import Event, Log
from leaktap.config._kinds import Strict, Texts, at, listed, only_known
from leaktap.config._schemas import AvroSchema, Decode, FlatBufferSchema, ProtobufSchema, Schema


class AppUnderTest(Strict):
    """The app that the case is about; `keys` are the ids and keys under which SDKs know it."""

    package: str = ""
    name: str = ""
    version: str = ""
    developer: str = ""
    domains: Texts = ()
    category: str = ""
    keys: Texts = ()

    @field_validator("domains")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().strip(".") for domain in value)


class DeclaredIdentifier(Strict):
    """What the app's policy says of one class: in which form it leaves and how often at most.

    `collected: false` is a promise not to collect it, `shared: false` one not to give it to third parties.
    """

    form: str = ""
    max_per_hour: int | None = Field(default=None, ge=0)
    collected: bool = True
    shared: bool = True


class Declared(Strict):
    """What the app's policy declares."""

    identifiers: dict[str, DeclaredIdentifier] = Field(default_factory=dict)
    sdks: Texts = ()

    @field_validator("identifiers", mode="before")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        return only_known(value, info)


def _offsets(value: object) -> object:
    """Reads a number, numbers by device, or the word `measured`, which becomes None."""
    if value == "measured":
        return None
    said: dict[str, Any] = value if isinstance(value, dict) else {"": value}
    offsets = {}
    for device, seconds in said.items():
        try:
            offsets[device] = float(seconds)
        except (TypeError, ValueError):
            offsets[device] = math.nan
        if not abs(offsets[device]) <= _MOST_OFFSET:
            why = f"{seconds!r} is no number of seconds: write 3.2, {{PHONE: 3.2}} or measured"
            raise at(device, why) if device else ValueError(why)
    return offsets


_MOST_OFFSET = 1e10
"""Seconds: a phone that was never set may be decades behind, and no clock is centuries off."""

type ClockOffset = Annotated[dict[str, float] | None, BeforeValidator(_offsets)]
"""Seconds that a phone's clock goes before the capture's, by device, "" for all; None: to be measured from marks."""


def _read(value: object, info: ValidationInfo) -> object:
    """Reads the result file of a baseline; its path is taken from the folder that the context names."""
    folder = (info.context or {}).get("folder", Path())
    return read_baseline(folder / value) if isinstance(value, str) and value else value or None


class Case(Strict):
    """One test of one app: what is tested, on which devices, and what happened when; `salts` as in a profile.

    `baseline` is what a result file of an earlier version of the app says, `leases` where dnsmasq notes which phone has
    which address.
    """

    app: AppUnderTest = AppUnderTest()
    devices: Annotated[tuple[Path, ...], BeforeValidator(listed)] = ()
    keyring: Annotated[tuple[Path, ...], BeforeValidator(listed)] = ()
    leases: Path | None = None
    events: Annotated[tuple[Event, ...], BeforeValidator(listed)] = ()
    logs: Annotated[tuple[Log, ...], BeforeValidator(listed)] = ()
    clock_offset: ClockOffset = Field(default_factory=dict)
    declared: Declared | None = None
    necessary: Texts | None = None
    baseline: Annotated[Baseline | None, BeforeValidator(_read)] = None
    protobuf: Annotated[tuple[ProtobufSchema, ...], BeforeValidator(listed)] = ()
    flatbuffers: Annotated[tuple[FlatBufferSchema, ...], BeforeValidator(listed)] = ()
    avro: Annotated[tuple[AvroSchema, ...], BeforeValidator(listed)] = ()
    decode: Decode = Decode()
    salts: Texts = ()

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """What describes messages that do not describe themselves."""
        return (*self.protobuf, *self.flatbuffers, *self.avro)

    @field_validator("necessary")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        return only_known(value, info)

    @field_validator("clock_offset")
    @classmethod
    def _whose(cls, value: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        """Refuses offsets by device where an event's phone is not among them."""
        for event in info.data.get("events", ()) if value and "" not in value else ():
            if event.clock == "phone" and event.device not in (value or {}):
                whose = f"of {event.device!r}" if event.device else "that names no device"
                raise ValueError(f"has no offset for an event {whose}: add it, or clock: capture to the event")
        return value
