"""Reads the files: what YAML has is typed by a model, and every error names file, line and key."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from leaktap._yaml import ConfigError, Lines, load_yaml
from leaktap.config._case import Case
from leaktap.config._device import STRUCTURED, DeviceProfile
from leaktap.config._kinds import nearest


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
