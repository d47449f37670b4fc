"""Values as Avro writes them (https://avro.apache.org/docs/1.12.0/specification/#binary-serialization-format).

They hold nothing but their content: what is what, only the schema says.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from leaktap.decoders._api import LimitReached
from leaktap.decoders._plain import step
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_READ_PER_PART, _READ_PER_LOOK = 10, 1 << 10


@dataclass(slots=True)
class Datum(Reading):
    """Reads values by schemas as JSON says them; `named` are those that are referred to by name."""

    named: dict[str, Any] = field(default_factory=dict)
    read: int = 0

    def count(self) -> int:
        """Reads how many values of an array or map follow; their size in bytes may be said as well."""
        count = self.zigzag()
        if count < 0:
            self.zigzag()
        return abs(count)

    def value(self, schema: Any, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a value as its schema says."""
        self.read += 1
        if self.read > self.context.most * _READ_PER_PART:
            raise LimitReached("parts", self.parts)
        if not self.read % _READ_PER_LOOK and time.thread_time() > self.context.deadline:
            raise LimitReached("seconds", self.parts)
        if depth > DEEPEST:
            raise TooDeep
        if isinstance(schema, list):
            index = self.zigzag()
            if not 0 <= index < len(schema):
                raise Broken(f"a union has no branch {index}")
            self.value(schema[index], path, keys, depth + 1)
            return
        if isinstance(schema, str) and schema in self.named:
            schema = self.named[schema]
        kind = schema.get("type") if isinstance(schema, dict) else schema
        if not isinstance(kind, str):
            self.value(kind, path, keys, depth + 1)
        elif isinstance(schema, dict) and kind in _COMPLEX:
            _COMPLEX[kind](self, schema, path, keys, depth)
        elif isinstance(schema, dict) and kind in self.named:
            self.value(kind, path, keys, depth + 1)
        else:
            self.primitive(kind, path, keys)

    def primitive(self, kind: str, path: str, keys: tuple[str, ...]) -> None:
        """Reads a value without members."""
        if kind == "string":
            self.text(self.take(self.zigzag()), path, keys)
        elif kind == "bytes":
            self.blob(self.take(self.zigzag()), path, keys)
        elif kind in ("int", "long"):
            self.number(self.zigzag(), path, keys)
        elif kind in ("float", "double"):
            self.real(4 if kind == "float" else 8, "little", path, keys)
        elif kind == "boolean":
            self.byte()
        elif kind != "null":
            raise Broken(f"its schema uses the type {kind[:40]!r}, which is not known")

    def record(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the fields of a record."""
        for member in _dicts(schema.get("fields")):
            name = str(member.get("name"))
            self.value(member.get("type"), path + step(name), (*keys, name), depth + 1)

    def enumeration(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads one of several names."""
        index, symbols = self.zigzag(), schema.get("symbols")
        if not isinstance(symbols, list) or not 0 <= index < len(symbols):
            raise Broken(f"an enumeration has no symbol {index}")
        self.text(str(symbols[index]).encode("utf-8", "replace"), path, keys)

    def array(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the elements of an array."""
        index = 0
        while count := self.count():
            for _ in range(count):
                self.value(schema.get("items"), f"{path}[{index}]", keys, depth + 1)
                index += 1

    def map(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the members of a map."""
        while count := self.count():
            for _ in range(count):
                here = self.name(self.take(self.zigzag()), path, keys)
                self.value(schema.get("values"), *here, depth + 1)

    def fixed(self, schema: dict[str, Any], path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads bytes of a size that the schema says."""
        size = schema.get("size")
        self.blob(self.take(size if isinstance(size, int) else -1), path, keys)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_COMPLEX: dict[str, Callable[[Datum, dict[str, Any], str, tuple[str, ...], int], None]] = {
    "record": Datum.record,
    "error": Datum.record,
    "enum": Datum.enumeration,
    "array": Datum.array,
    "map": Datum.map,
    "fixed": Datum.fixed,
}
