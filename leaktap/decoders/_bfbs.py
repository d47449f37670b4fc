"""Binary FlatBuffers schemas (reflection/reflection.fbs of https://github.com/google/flatbuffers): `.bfbs`.

Such a schema is a buffer itself: its tables are read by slot, as the reflection's own schema numbers them.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from leaktap.decoders._api import Context
from leaktap.decoders._flatbuffer import Buffer
from leaktap.decoders._flatbuffer_types import Layout, Member, Object, Type
from leaktap.decoders._reading import Broken

_IDENTIFIER = b"BFBS"
_MOST = 1_000_000
_SIGNS = {2: "?", 3: "b", 4: "B", 5: "h", 6: "H", 7: "i", 8: "I", 9: "q", 10: "Q", 11: "f", 12: "d"}
_STRING, _VECTOR, _OBJECT, _UNION, _ARRAY = 13, 14, 15, 16, 17
_UNION_TYPE = 1
_SCHEMA_OBJECTS, _SCHEMA_ENUMS, _SCHEMA_IDENTIFIER, _SCHEMA_ROOT = 0, 1, 2, 4
_OBJECT_NAME, _OBJECT_FIELDS, _OBJECT_IS_STRUCT, _OBJECT_SIZE = 0, 1, 2, 4
_FIELD_NAME, _FIELD_TYPE, _FIELD_ID, _FIELD_OFFSET, _FIELD_ATTRIBUTES = 0, 1, 2, 3, 9
_ENUM_NAME, _ENUM_VALUES, _ENUM_IS_UNION = 0, 1, 2
_VALUE_NUMBER, _VALUE_OBJECT, _VALUE_TYPE = 1, 2, 3
_TYPE_BASE, _TYPE_ELEMENT, _TYPE_INDEX, _TYPE_LENGTH = 0, 1, 2, 3
_KEY, _VALUE = 0, 1

_BRANCH = Type("branch")
"""What says the branch of a union: listed as a field of its own, beside the union's."""


def layout(file: Path) -> Layout:
    """Returns what a file describes.

    Raises:
        ValueError: it is no binary schema.
        OSError: it cannot be read.
    """
    data = file.read_bytes()
    if data[4:8] != _IDENTIFIER:
        raise ValueError("is no binary schema: make one with flatc --schema --binary, or name the .fbs file")
    try:
        return _Schema(Buffer(data, Context(most=_MOST), strictly=False)).layout()
    except (Broken, IndexError, KeyError, struct.error) as error:
        raise ValueError(f"is broken: {error}") from None


class _Schema:
    """A binary schema, and the names of its objects and enumerations, which types refer to by index."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        root = buffer.slots(buffer.follow(0))
        self._objects = list(self._tables(root[_SCHEMA_OBJECTS]))
        self._enums = list(self._tables(root[_SCHEMA_ENUMS]))
        self._names = [self._text(one[_OBJECT_NAME]) for one in self._objects]
        self._unions = [self._text(one[_ENUM_NAME]) for one in self._enums]
        identifier, first = root.get(_SCHEMA_IDENTIFIER), root.get(_SCHEMA_ROOT)
        self._identifier = self._text(identifier) if identifier else ""
        self._root = self._text(buffer.slots(buffer.follow(first))[_OBJECT_NAME]) if first else ""

    def layout(self) -> Layout:
        """Returns all of it."""
        made = Layout(root=self._root, identifier=self._identifier.encode())
        for name, slots in zip(self._names, self._objects, strict=True):
            is_struct = self._flag(slots, _OBJECT_IS_STRUCT)
            size = self._number("i", slots.get(_OBJECT_SIZE), 0)
            members = [self._member(field, is_struct) for field in self._tables(slots[_OBJECT_FIELDS])]
            known = [member for member in members if _BRANCH not in (member.type, member.type.of)]
            made.objects[name] = Object(sorted(known, key=lambda member: member.place), is_struct, size)
        for name, slots in zip(self._unions, self._enums, strict=True):
            if self._flag(slots, _ENUM_IS_UNION):
                made.unions[name] = dict(self._branches(slots[_ENUM_VALUES]))
        return made

    def _branches(self, values: int) -> Iterator[tuple[int, Type]]:
        for value in self._tables(values):
            number = self._number("q", value.get(_VALUE_NUMBER), 0)
            if _VALUE_TYPE in value:
                kind = self._type(value[_VALUE_TYPE])
                if number:
                    yield number, kind
            elif _VALUE_OBJECT in value:
                place = self._buffer.follow(value[_VALUE_OBJECT])
                yield number, Type("object", name=self._text(self._buffer.slots(place)[_OBJECT_NAME]))

    def _member(self, field: dict[int, int], in_struct: bool) -> Member:
        place = self._number("H", field.get(_FIELD_OFFSET if in_struct else _FIELD_ID), 0)
        attributes = self._tables(field[_FIELD_ATTRIBUTES]) if _FIELD_ATTRIBUTES in field else ()
        said = {self._text(one[_KEY]): self._text(one[_VALUE]) for one in attributes if _VALUE in one}
        nested = said.get("nested_flatbuffer", "")
        nested = (
            next((name for name in self._names if name == nested or name.endswith(f".{nested}")), "") if nested else ""
        )
        return Member(self._text(field[_FIELD_NAME]), self._type(field[_FIELD_TYPE]), place, nested)

    def _type(self, at: int) -> Type:
        slots = self._buffer.slots(self._buffer.follow(at))
        base, element = self._number("b", slots.get(_TYPE_BASE), 0), self._number("b", slots.get(_TYPE_ELEMENT), 0)
        index, length = self._number("i", slots.get(_TYPE_INDEX), -1), self._number("H", slots.get(_TYPE_LENGTH), 0)
        if base in (_VECTOR, _ARRAY):
            return Type("vector" if base == _VECTOR else "array", self._plain(element, index), length=length)
        return self._plain(base, index)

    def _plain(self, base: int, index: int) -> Type:
        if base in _SIGNS:
            return Type(_SIGNS[base])
        if base == _OBJECT:
            return Type("object", name=self._names[index])
        if base == _UNION_TYPE:
            return _BRANCH
        if base == _UNION:
            return Type("union", name=self._unions[index])
        return Type("string" if base == _STRING else "unknown")

    def _tables(self, at: int) -> Iterator[dict[int, int]]:
        """Yields the slots of each table of a vector."""
        begin = self._buffer.follow(at)
        for index in range(self._buffer.integer_at("I", begin)):
            yield self._buffer.slots(self._buffer.follow(begin + 4 * (index + 1)))

    def _text(self, at: int) -> str:
        return self._buffer.string(self._buffer.follow(at)).decode("utf-8", "replace")

    def _number(self, sign: str, at: int | None, default: int) -> int:
        return default if at is None else self._buffer.integer_at(sign, at)

    def _flag(self, slots: dict[int, int], slot: int) -> bool:
        return self._number("B", slots.get(slot), 0) != 0
