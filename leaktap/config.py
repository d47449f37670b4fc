"""The files that users write: YAML into typed cases and devices, where every error names file, line and key.

Every scalar is read as the text that stands in the file, so that an unquoted IMEI keeps its zeros, and typed by the
model it lands in. Unknown keys are refused, with the nearest known one as the cure.
"""

import difflib
import hmac
import math
import os
import re
import secrets
from collections.abc import Collection, Hashable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from leaktap._baseline import Baseline as Baseline
from leaktap._baseline import read_baseline
from leaktap._yaml import ConfigError as ConfigError
from leaktap._yaml import Lines
from leaktap._yaml import load_yaml as load_yaml
from leaktap.model import Time


def _listed(value: object) -> object:
    """Lets a single value stand for a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else [value]


def to_time(moment: datetime) -> Time:
    """Returns microseconds since the epoch of an aware datetime."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


def parse_time(text: str) -> Time:
    """Returns the time that `text` (RFC 3339, with a zone: the laptop's and the phone's need not be alike) says.

    Raises:
        ValueError: it is no time, or has no zone; the message says the cure.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no time ({error}): write it as 2026-11-21T10:00:03Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: append Z for UTC or an offset such as +08:00")
    try:
        return to_time(moment)
    except OverflowError:
        raise ValueError(f"{text!r} is before any calendar") from None


def _moment(value: object) -> object:
    """Reads times that are text; numbers are microseconds already."""
    return parse_time(value) if isinstance(value, str) else value


type Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
type Moment = Annotated[int, BeforeValidator(_moment)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


STRUCTURED = ("location", "contacts")
"""The identifiers whose values are more than text."""


def _at(key: str, why: str) -> PydanticCustomError:
    """Returns an error about `key` of the mapping that is being validated."""
    return PydanticCustomError("at", "{why}", {"key": key, "why": why})


def _known(names: object, info: ValidationInfo) -> object:
    """Refuses names of identifiers that there are not, where the context says which there are."""
    known: Collection[str] = (info.context or {}).get("identifiers", ())
    for name in names if known and isinstance(names, (dict, list, tuple)) else ():
        if name not in known and not str(name).startswith("custom."):
            raise _at(str(name), f"is no identifier{nearest(str(name), known)}; custom.NAME is free")
    return names


class Location(_Strict):
    """A place in degrees WGS-84; whatever lies within `radius_m` metres counts as it."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    radius_m: float = Field(default=300, gt=0, allow_inf_nan=False)


class Contact(_Strict):
    """An entry of the address book."""

    name: str = ""
    phone: str = ""
    email: str = ""


def _mac(text: str) -> str:
    digits = re.sub(r"[-:.]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f"{text!r} is no MAC address: write it as a4:50:46:12:34:56")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


class Addresses(_Strict):
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


class DeviceProfile(_Strict):
    """A phone under test: its addresses and the values of its identifiers, `identifiers[name]` as written.

    `salts` are texts that its values may be hashed with.
    """

    name: str = ""
    addresses: Addresses = Addresses()
    identifiers: dict[str, Texts] = {}
    location: Annotated[tuple[Location, ...], BeforeValidator(_listed)] = ()
    contacts: Annotated[tuple[Contact, ...], BeforeValidator(_listed)] = ()
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
                raise _at(name, "stands at the top of the file too: leave it here alone")
        return {**data, "identifiers": identifiers, **structured}

    @field_validator("identifiers", mode="before")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        return _known(value, info)


type Clock = Literal["phone", "capture"]
"""By whose clock a time is told."""

type EventName = Literal[
    "install",
    "launch",
    "notice",
    "consent",
    "refuse",
    "withdraw",
    "background",
    "foreground",
    "stop",
    "uninstall",
    "personalisation_off",
    "personalisation_on",
]


class Event(_Strict):
    """Something that happened at a moment: an event of the app's life, an answer to permissions, or a user's action.

    `at` is by the `clock` of the phone, which may go before or after the capture's: see `Case.clock_offset`.
    """

    at: Moment
    event: EventName | None = None
    permission: dict[str, Literal["granted", "denied"]] = {}
    action: str = ""
    app: str = ""
    device: str = ""
    clock: Clock = "phone"

    @model_validator(mode="after")
    def _something(self) -> "Event":
        if not (self.event or self.permission or self.action):
            raise ValueError("says nothing: give event, permission or action")
        return self


def _zoned(value: object) -> object:
    if isinstance(value, str):
        parse_time(value)
        return datetime.fromisoformat(value.strip())
    return value


class Log(_Strict):
    """A file with events: a phone's event log, or a table of a recording's times.

    `start` is when it began: its zone and year are those of times that have none, and offsets count from it. `device`
    is the phone that the events happened on, by whose `clock` they are told.
    """

    file: Path
    device: str = ""
    start: Annotated[datetime | None, BeforeValidator(_zoned)] = None
    clock: Clock = "phone"

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, data: object) -> object:
        return {"file": data} if isinstance(data, str) else data


class AppUnderTest(_Strict):
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


class DeclaredIdentifier(_Strict):
    """What the app's policy says of one class: in which form it leaves and how often at most.

    `collected: false` is a promise not to collect it, `shared: false` one not to give it to third parties.
    """

    form: str = ""
    max_per_hour: int | None = Field(default=None, ge=0)
    collected: bool = True
    shared: bool = True


class Declared(_Strict):
    """What the app's policy declares."""

    identifiers: dict[str, DeclaredIdentifier] = {}
    sdks: Texts = ()

    @field_validator("identifiers", mode="before")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        return _known(value, info)


class Schema(_Strict):
    """A description of messages that do not describe themselves, and where it applies: any host and path where not
    said.
    """

    host: str = ""
    path: str = ""

    def applies(self, host: str, path: str) -> bool:
        """Tells whether messages to `host` (or a part of its domain) and `path` (or below) may be of it."""
        return (not self.host or f".{host}".endswith(f".{self.host.lower()}")) and path.startswith(self.path)


class ProtobufSchema(Schema):
    """A protobuf message of the user's descriptor set or `.proto` file.

    Where no message is named, the methods of the file's services say which it is, by the paths that they are called at.
    """

    descriptors: Path
    message: str = ""


class FlatBufferSchema(Schema):
    """A table of the user's FlatBuffers schema (`.fbs`, or `.bfbs` as flatc makes it); the root type where not said."""

    file: Path
    table: str = ""


class AvroSchema(Schema):
    """The user's Avro schema (`.avsc`); `id` is its number in the registry of schemas, where the sender has one."""

    file: Path
    id: int | None = Field(default=None, ge=0, lt=1 << 32)


class Decode(_Strict):
    """What decoders cannot know: `alphabets` of base64 by name, each 64 characters, or 65 where the last one pads."""

    alphabets: dict[str, str] = {}

    @field_validator("alphabets")
    @classmethod
    def _usable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, signs in value.items():
            if not re.fullmatch(r"[\w-]+", name):
                raise _at(name, f"{name!r} is no name: use letters, digits, _ and -")
            if not re.fullmatch(r"[!-~]*", signs):
                raise _at(name, "has characters that are no printable ASCII")
            if len(signs) not in (64, 65):
                raise _at(name, f"has {len(signs)} characters: an alphabet has 64, or 65 where the last one pads")
            if twice := next((sign for sign in signs if signs.count(sign) > 1), ""):
                raise _at(name, f"has {twice!r} twice: each character stands for one value")
        return value


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
            raise _at(device, why) if device else ValueError(why)
    return offsets


_MOST_OFFSET = 1e10
"""Seconds: a phone that was never set may be decades behind, and no clock is centuries off."""

type ClockOffset = Annotated[dict[str, float] | None, BeforeValidator(_offsets)]
"""Seconds that a phone's clock goes before the capture's, by device, "" for all; None: to be measured from marks."""


def _read(value: object, info: ValidationInfo) -> object:
    """Reads the result file of a baseline; its path is taken from the folder that the context names."""
    folder = (info.context or {}).get("folder", Path())
    return read_baseline(folder / value) if isinstance(value, str) and value else value or None


class Case(_Strict):
    """One test of one app: what is tested, on which devices, and what happened when; `salts` as in a profile.

    `baseline` is what a result file of an earlier version of the app says, `leases` where dnsmasq notes which phone has
    which address.
    """

    app: AppUnderTest = AppUnderTest()
    devices: Annotated[tuple[Path, ...], BeforeValidator(_listed)] = ()
    keyring: Annotated[tuple[Path, ...], BeforeValidator(_listed)] = ()
    leases: Path | None = None
    events: Annotated[tuple[Event, ...], BeforeValidator(_listed)] = ()
    logs: Annotated[tuple[Log, ...], BeforeValidator(_listed)] = ()
    clock_offset: ClockOffset = {}
    declared: Declared | None = None
    necessary: Texts | None = None
    baseline: Annotated[Baseline | None, BeforeValidator(_read)] = None
    protobuf: Annotated[tuple[ProtobufSchema, ...], BeforeValidator(_listed)] = ()
    flatbuffers: Annotated[tuple[FlatBufferSchema, ...], BeforeValidator(_listed)] = ()
    avro: Annotated[tuple[AvroSchema, ...], BeforeValidator(_listed)] = ()
    decode: Decode = Decode()
    salts: Texts = ()

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """What describes messages that do not describe themselves."""
        return (*self.protobuf, *self.flatbuffers, *self.avro)

    @field_validator("necessary")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        return _known(value, info)

    @field_validator("clock_offset")
    @classmethod
    def _whose(cls, value: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        """Refuses offsets by device where an event's phone is not among them."""
        for event in info.data.get("events", ()) if value and "" not in value else ():
            if event.clock == "phone" and event.device not in (value or {}):
                whose = f"of {event.device!r}" if event.device else "that names no device"
                raise ValueError(f"has no offset for an event {whose}: add it, or clock: capture to the event")
        return value


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns the cure for a misspelt word: ", did you mean ...?", or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def load_case(file: Path, identifiers: Collection[str] = ()) -> Case:
    """Reads a case; paths in it are taken from where the file lies. `identifiers` are the class names to allow.

    Raises:
        ConfigError: the file cannot be read or says something that a case cannot say.
    """
    case, lines = _load(file, Case, identifiers)
    here = file.parent
    if case.leases and not (here / case.leases).is_file():
        raise ConfigError(file, _line(lines, ("leases",))[0], "leases", f"there is no file {here / case.leases}")
    return case.model_copy(
        update={
            "devices": tuple(here / device for device in case.devices),
            "keyring": tuple(here / keys for keys in case.keyring),
            "leases": here / case.leases if case.leases else None,
            "logs": tuple(log.model_copy(update={"file": here / log.file}) for log in case.logs),
            "protobuf": tuple(s.model_copy(update={"descriptors": here / s.descriptors}) for s in case.protobuf),
            "flatbuffers": tuple(s.model_copy(update={"file": here / s.file}) for s in case.flatbuffers),
            "avro": tuple(s.model_copy(update={"file": here / s.file}) for s in case.avro),
        }
    )


def load_devices(files: Iterable[Path], identifiers: Collection[str] = ()) -> tuple[DeviceProfile, ...]:
    """Reads device profiles; one without a name is called after its file. `identifiers` are the class names to allow.

    Raises:
        ConfigError: a file is not usable, or two profiles share a name or an address.
    """
    devices: list[DeviceProfile] = []
    owners: dict[str, tuple[Path, str]] = {}
    seen: set[Path] = set()
    for file in files:
        if file.resolve() in seen:
            continue
        seen.add(file.resolve())
        device, lines = _load(file, DeviceProfile, identifiers)
        device = device if device.name else device.model_copy(update={"name": file.stem})
        claims = [("name", device.name), *(("addresses.mac", mac) for mac in device.addresses.mac)]
        claims += [("addresses.ip", ip) for ip in device.addresses.ip]
        for key, claim in claims:
            other = owners.setdefault(f"{key} {claim}", (file, device.name))
            if other[0] != file:
                why = f"{claim} already belongs to {other[1]!r} of {other[0]}: each device needs its own"
                raise ConfigError(file, _line(lines, tuple(key.split(".")))[0], key, why)
        devices.append(device)
    return tuple(devices)


def _load[M: BaseModel](file: Path, model: type[M], identifiers: Collection[str]) -> tuple[M, Lines]:
    data, lines = load_yaml(file)
    if not isinstance(data, dict):
        raise ConfigError(file, 1, "", "is empty or no mapping of keys to values")
    context = {"identifiers": (*identifiers, *STRUCTURED) if identifiers else (), "folder": file.parent}
    return validate(file, data, lines, model, context), lines


def validate[M: BaseModel](
    file: Path,
    data: object,
    lines: Mapping[tuple[Hashable, ...], int],
    model: type[M],
    context: dict[str, Any] | None = None,
    *,
    columns: bool = False,
) -> M:
    """Types what `load_yaml` returned. With `columns`, errors name the column too.

    Raises:
        ConfigError: the first error, with its place.
    """
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        path = (*first["loc"], *([first["ctx"]["key"]] if first["type"] == "at" else []))
        why = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            why = f"is no key of this file{nearest(str(path[-1]), _keys_beside(model, path))}"
        elif isinstance(first["input"], str) and first["type"] not in ("at", "value_error"):
            why += f", not {first['input'][:60]!r}"
        line, place = _line(lines, path)
        column = lines.columns.get(place) if columns and isinstance(lines, Lines) else None
        raise ConfigError(file, line, ".".join(map(str, place)), why, column) from None


def _line(
    lines: Mapping[tuple[Hashable, ...], int], path: tuple[Hashable, ...]
) -> tuple[int | None, tuple[Hashable, ...]]:
    """Finds the nearest place that the file has; steps that it lacks (the index of a list of one) are passed over."""
    best: tuple[Hashable, ...] = ()
    for start in ((), ("identifiers",)):
        place: tuple[Hashable, ...] = start
        for step in path:
            place = (*place, step) if (*place, step) in lines else place
        best = max(best, place if len(place) > len(start) else (), key=len)
    return lines.get(best), best or path


def _keys_beside(model: type[BaseModel], path: tuple[Hashable, ...]) -> list[str]:
    """Returns the keys that the mapping at `path` may have."""
    for step in path[:-1]:
        field = model.model_fields.get(str(step))
        if field is None:
            continue
        found = _models_in(field.annotation) or _models_in(field.metadata)
        if found:
            model = found[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = annotation if isinstance(annotation, list) else getattr(annotation, "__args__", ())
    return [model for part in inner for model in _models_in(part)]


def case_key(case: Case) -> bytes:
    """Returns the secret that `value_ref`s of this case are made with, the same run after run on this machine.

    It comes from a random key of the user, made on first use in `$XDG_STATE_HOME/leaktap/key`, readable by the user
    alone; where that cannot be kept, the key lasts for this run.
    """
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        secret = _kept_secret(state / "leaktap" / "key")
    except (OSError, RuntimeError):
        secret = secrets.token_bytes(32)
    return hmac.digest(secret, case.app.package.encode(), "sha256")


def _kept_secret(file: Path) -> bytes:
    """Returns what `file` holds, after making it where it is missing: whole at once, for others may start just now."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = file.with_name(f"key.{secrets.token_hex(8)}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(new, file)
        new.unlink()
    return file.read_bytes()
