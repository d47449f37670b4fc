"""The files that users write: YAML into typed cases and devices, where every error names file, line and key.

Every scalar is read as the text that stands in the file, so that an unquoted IMEI keeps its zeros, and typed by the
model it lands in. Unknown keys are refused, with the nearest known one as the cure.
"""

import difflib
import hmac
import os
import secrets
from collections.abc import Collection, Hashable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
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

from leaktap.model import Time


class ConfigError(Exception):
    """A file that users write is not usable: `str()` is one line with the place and the cure."""

    def __init__(self, file: Path | str, line: int | None, key: str, why: str) -> None:
        """Names the place: `line` counts from 1, `key` is dotted; both may be unknown."""
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {key}: {why}" if key else f"{place}: {why}")
        self.file, self.line, self.key, self.why = str(file), line, key, why


def _listed(value: object) -> object:
    """Lets a single value stand for a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else [value]


def _aware(value: object) -> object:
    """Refuses times without a zone: the laptop's and the phone's zone need not be the capture's."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ValueError(f"{value!r} is no time ({error}): write it as 2026-11-21T10:00:03Z") from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no zone: append Z for UTC or an offset such as +08:00")
        return to_time(value)
    return value


def to_time(moment: datetime) -> Time:
    """Returns microseconds since the epoch of an aware datetime."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


def parse_time(text: str) -> Time:
    """Returns the time that `text` (RFC 3339, with a zone) says.

    Raises:
        ValueError: it is no time, or has no zone; the message says the cure.
    """
    value = _aware(text)
    assert isinstance(value, int)
    return value


type Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
type Moment = Annotated[int, BeforeValidator(_aware)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Location(_Strict):
    """A place in degrees WGS-84; whatever lies within `radius_m` metres counts as it."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    radius_m: float = Field(default=300, gt=0)


class Contact(_Strict):
    """An entry of the address book."""

    name: str = ""
    phone: str = ""
    email: str = ""


class Addresses(_Strict):
    """How a device is recognised on the network."""

    mac: Texts = ()
    ip: Texts = ()

    @field_validator("mac")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(mac.lower().replace("-", ":") for mac in value)


class DeviceProfile(_Strict):
    """A phone under test: its addresses and the values of its identifiers, `identifiers[name]` as written."""

    name: str = ""
    addresses: Addresses = Addresses()
    identifiers: dict[str, Texts] = {}
    location: Annotated[tuple[Location, ...], BeforeValidator(_listed)] = ()
    contacts: Annotated[tuple[Contact, ...], BeforeValidator(_listed)] = ()

    @model_validator(mode="before")
    @classmethod
    def _structured(cls, data: object) -> object:
        """Takes the two structured classes out of `identifiers`, where the file has them."""
        if not isinstance(data, dict) or not isinstance(data.get("identifiers"), dict):
            return data
        identifiers = dict(data["identifiers"])
        structured = {name: identifiers.pop(name) for name in ("location", "contacts") if name in identifiers}
        return {**data, "identifiers": identifiers, **structured}

    @field_validator("identifiers", mode="before")
    @classmethod
    def _names(cls, value: object, info: ValidationInfo) -> object:
        known = (info.context or {}).get("identifiers")
        if known and isinstance(value, dict):
            for name in value:
                if name not in known and not str(name).startswith("custom."):
                    raise ValueError(f"{name!r} is no identifier{nearest(str(name), known)}; custom.NAME is free")
        return value


type EventName = Literal[
    "install", "launch", "notice", "consent", "refuse", "withdraw", "background", "foreground", "stop", "uninstall"
]


class Event(_Strict):
    """Something that happened at a moment: an event of the app's life, an answer to permissions, or a user's action."""

    at: Moment
    event: EventName | None = None
    permission: dict[str, Literal["granted", "denied"]] = {}
    action: str = ""
    app: str = ""
    device: str = ""

    @model_validator(mode="after")
    def _something(self) -> "Event":
        if not (self.event or self.permission or self.action):
            raise ValueError("says nothing: give event, permission or action")
        return self


class AppUnderTest(_Strict):
    """The app that the case is about."""

    package: str = ""
    name: str = ""
    developer: str = ""
    domains: Texts = ()
    category: str = ""

    @field_validator("domains")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().strip(".") for domain in value)


class DeclaredIdentifier(_Strict):
    """What the app's policy says of one class: in which form it leaves and how often at most."""

    form: str = ""
    max_per_hour: int | None = Field(default=None, ge=0)


class Declared(_Strict):
    """What the app's policy declares."""

    identifiers: dict[str, DeclaredIdentifier] = {}
    sdks: Texts = ()


class Schema(_Strict):
    """A protobuf message of the user's descriptor set, and where it applies (any host and path where not said)."""

    descriptors: Path
    message: str
    host: str = ""
    path: str = ""


class Case(_Strict):
    """One test of one app: what is tested, on which devices, and what happened when."""

    app: AppUnderTest = AppUnderTest()
    devices: Annotated[tuple[Path, ...], BeforeValidator(_listed)] = ()
    events: Annotated[tuple[Event, ...], BeforeValidator(_listed)] = ()
    declared: Declared | None = None
    necessary: Texts | None = None
    protobuf: Annotated[tuple[Schema, ...], BeforeValidator(_listed)] = ()


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns the cure for a misspelt word: ", did you mean ...?", or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def load_case(file: Path) -> Case:
    """Reads a case; paths in it are taken from where the file lies.

    Raises:
        ConfigError: the file cannot be read or says something that a case cannot say.
    """
    case = _load(file, Case)
    here = file.parent
    return case.model_copy(
        update={
            "devices": tuple(here / device for device in case.devices),
            "protobuf": tuple(s.model_copy(update={"descriptors": here / s.descriptors}) for s in case.protobuf),
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
        device = _load(
            file, DeviceProfile, {"identifiers": (*identifiers, "location", "contacts") if identifiers else ()}
        )
        device = device if device.name else device.model_copy(update={"name": file.stem})
        claims = [("name", device.name), *(("addresses.mac", mac) for mac in device.addresses.mac)]
        claims += [("addresses.ip", ip) for ip in device.addresses.ip]
        for key, claim in claims:
            other = owners.setdefault(f"{key} {claim}", (file, device.name))
            if other[0] != file:
                raise ConfigError(
                    file, None, key, f"{claim} already belongs to {other[1]!r} of {other[0]}: each device needs its own"
                )
        devices.append(device)
    return tuple(devices)


def load_yaml(file: Path) -> tuple[Any, dict[tuple[Hashable, ...], int]]:
    """Reads one YAML document: scalars as the text in the file (None where empty), and the line of every key path.

    Raises:
        ConfigError: the file cannot be read, is no YAML, or repeats a key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(file, None, "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(file, None, "", f"is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    lines: dict[tuple[Hashable, ...], int] = {}
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        data = _construct(file, node, (), lines) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (column {mark.column + 1})" if mark else ""
        raise ConfigError(file, mark.line + 1 if mark else None, "", f"is no YAML{place}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(file, None, "", f"is no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError(file, None, "", "is nested too deeply") from None
    return data, lines


def _construct(file: Path, node: yaml.Node, path: tuple[Hashable, ...], lines: dict[tuple[Hashable, ...], int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in mapping:
                raise ConfigError(file, line, ".".join(map(str, (*path, key))), "stands twice: remove one")
            lines[*path, key] = line
            mapping[key] = _construct(file, value_node, (*path, key), lines)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(file, item, (*path, index), lines) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    if node.style is None and node.value in ("", "~", "null"):
        return None
    return str(node.value)


def _load[M: BaseModel](file: Path, model: type[M], context: dict[str, Any] | None = None) -> M:
    data, lines = load_yaml(file)
    if not isinstance(data, dict):
        raise ConfigError(file, 1, "", "is empty or no mapping of keys to values")
    return validate(file, data, lines, model, context)


def validate[M: BaseModel](
    file: Path,
    data: object,
    lines: Mapping[tuple[Hashable, ...], int],
    model: type[M],
    context: dict[str, Any] | None = None,
) -> M:
    """Types what `load_yaml` returned.

    Raises:
        ConfigError: the first error, with its place.
    """
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = tuple(first["loc"])
        why = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            why = f"is no key of this file{nearest(str(path[-1]), _keys_beside(model, path))}"
        line, place = _line(lines, path)
        raise ConfigError(file, line, ".".join(map(str, place)), why) from None


def _line(
    lines: Mapping[tuple[Hashable, ...], int], path: tuple[Hashable, ...]
) -> tuple[int | None, tuple[Hashable, ...]]:
    """Finds the nearest known place: validators name union members and moved keys that the file does not have."""
    candidates = [path]
    if path and path[0] in ("location", "contacts"):
        candidates.insert(0, ("identifiers", *path))
    for candidate in candidates:
        while candidate:
            if candidate in lines:
                return lines[candidate], candidate
            candidate = candidate[:-1]
    return lines.get(()), path


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
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    file = state / "leaktap" / "key"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            secret = file.read_bytes()
        else:
            secret = secrets.token_bytes(32)
            with os.fdopen(descriptor, "wb") as out:
                out.write(secret)
    except OSError:
        secret = secrets.token_bytes(32)
    return hmac.digest(secret, case.app.package.encode(), "sha256")
