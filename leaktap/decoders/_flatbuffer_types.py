"""What a FlatBuffers schema says: tables, structs and unions, as both ways to write a schema have them."""

from dataclasses import dataclass, field

SCALARS = dict(
    zip(
        ("bool", "byte", "ubyte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double"),
        "?bBhHiIqQfd",
        strict=True,
    )
)
"""The scalar types, and how `struct` writes them."""

SIZES = {**dict.fromkeys("?bB", 1), **dict.fromkeys("hH", 2), **dict.fromkeys("iIf", 4), **dict.fromkeys("qQd", 8)}
"""Bytes of a scalar, by its sign in `struct`."""


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a field: `kind` is a scalar's sign in `struct`, `string`, `vector`, `array`, `object` or `union`.

    `of` is the type of a vector's or array's elements, `name` that of an object (table or struct) or union, `length`
    the number of an array's elements.
    """

    kind: str
    of: "Type | None" = None
    name: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A field. `place` is its slot in a table's vtable, counted from 0, or its offset in a struct.

    `nested` names the table that is written into a vector of bytes as a buffer of its own.
    """

    name: str
    type: Type
    place: int
    nested: str = ""


@dataclass(slots=True)
class Object:
    """A table or a struct; a struct has a `size` in bytes."""

    members: list[Member] = field(default_factory=list)
    is_struct: bool = False
    size: int = 0


@dataclass(slots=True)
class Layout:
    """A whole schema: objects and the members of unions by whole name, the root type, the identifier of its files."""

    objects: dict[str, Object] = field(default_factory=dict)
    unions: dict[str, dict[int, Type]] = field(default_factory=dict)
    root: str = ""
    identifier: bytes = b""
