"""Avro schemas (https://avro.apache.org/docs/1.12.0/specification/#schema-declaration): their names and fingerprints.

A fingerprint is CRC-64-AVRO of the schema in Parsing Canonical Form ("Transforming into Parsing Canonical Form" and
"Schema Fingerprints" there): it is told in front of single objects.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from leaktap.config import AvroSchema
from leaktap.decoders._api import Context

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))
NAMED = frozenset(("record", "error", "enum", "fixed"))
_CONTAINERS = frozenset(("array", "map"))
_MOST = 100_000
_EMPTY = 0xC15D213AA4D7A795


@dataclass(frozen=True, slots=True)
class Described:
    """A schema as JSON says it: its `root`, all `named` types, its `fingerprint`, and its number where it has one."""

    root: Any
    named: dict[str, Any]
    fingerprint: bytes
    id: int | None


def fitting(context: Context) -> Iterator[Described]:
    """Yields the schemas that apply where a value was found."""
    for schema in context.schemas:
        if isinstance(schema, AvroSchema) and schema.applies(context.host, context.path):
            loaded = load(schema)
            if not isinstance(loaded, str):
                yield loaded


@cache
def load(schema: AvroSchema) -> Described | str:
    """Returns what a file describes, or why it cannot be used."""
    try:
        root = orjson.loads(schema.file.read_bytes())
        named = dict(names(root))
        form = orjson.dumps(_canonical(root, named, "", set()))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except orjson.JSONDecodeError as error:
        return f"is no JSON: {error}"
    except ValueError as error:
        return str(error)
    except (RecursionError, orjson.JSONEncodeError):
        return "nests too deeply"
    return Described(root, named, _crc64(form).to_bytes(8, "little"), schema.id)


def names(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yields every type that has a name, by that name with and without its namespace."""
    waiting: list[tuple[Any, str]] = [(schema, "")]
    seen = 0
    while waiting and seen < _MOST:
        seen += 1
        one, space = waiting.pop()
        if isinstance(one, list):
            waiting += [(branch, space) for branch in one]
        if not isinstance(one, dict):
            continue
        if isinstance(one.get("type"), str) and one["type"] in NAMED and isinstance(one.get("name"), str):
            whole = _whole(one["name"], one.get("namespace"), space)
            space = whole.rpartition(".")[0]
            yield whole.rpartition(".")[2], one
            yield whole, one
        waiting += [(one[key], space) for key in ("type", "items", "values") if isinstance(one.get(key), dict | list)]
        fields = one.get("fields")
        waiting += [(field, space) for field in fields] if isinstance(fields, list) else []


def _whole(name: str, said: Any, space: str) -> str:
    """Returns a name with its namespace: its own, the one that is said, or that of what it stands in."""
    if "." in name:
        return name
    space = said if isinstance(said, str) else space
    return f"{space}.{name}" if space else name


def _canonical(schema: Any, named: dict[str, Any], space: str, done: set[str]) -> Any:
    """Returns the canonical form as JSON: primitives by name, whole names, and of attributes those that matter.

    Raises:
        ValueError: it is no schema.
    """
    if isinstance(schema, list):
        return [_canonical(branch, named, space, done) for branch in schema]
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return schema
        if (whole := _whole(schema, None, space)) in named or (whole := schema) in named:
            return whole
        raise ValueError(f"there is no type {schema!r}")
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(kind, dict | list):
        return _canonical(kind, named, space, done)
    if not isinstance(kind, str):
        raise ValueError(f"{schema!r:.60} is no type")
    if kind in _CONTAINERS:
        key = "items" if kind == "array" else "values"
        return {"type": kind, key: _canonical(schema.get(key), named, space, done)}
    if kind not in NAMED:
        return _canonical(kind, named, space, done)
    if not isinstance(schema.get("name"), str):
        raise ValueError(f"{kind} has no name")
    whole = _whole(schema["name"], schema.get("namespace"), space)
    if whole in done:
        raise ValueError(f"{whole} is described twice")
    done.add(whole)
    form: dict[str, Any] = {"name": whole, "type": "record" if kind == "error" else kind}
    if kind == "enum":
        form["symbols"] = schema.get("symbols")
    elif kind == "fixed":
        form["size"] = schema.get("size")
    else:
        fields = schema.get("fields")
        if not isinstance(fields, list) or not all(isinstance(one, dict) and "type" in one for one in fields):
            raise ValueError(f"{whole} has no fields")
        space = whole.rpartition(".")[0]
        form["fields"] = [
            {"name": one.get("name"), "type": _canonical(one["type"], named, space, done)} for one in fields
        ]
    return form


@cache
def _table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (_EMPTY & -(number & 1))
        table.append(number)
    return tuple(table)


def _crc64(data: bytes) -> int:
    table, crc = _table(), _EMPTY
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc
