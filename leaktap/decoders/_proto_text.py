"""Protocol Buffers' own language (https://protobuf.dev/reference/protobuf/proto3-spec/): `.proto` files as descriptors.

The text is parsed by proto-schema-parser. Names are resolved here, from the innermost scope outward; what a file
imports is looked for in the library, beside the file and in the folders above. The messages are made to be read with
nothing refused: by the rules of proto2, where no text has to be UTF-8, with no field required, and with enumerations as
the numbers that they are.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import Any, Never

from antlr4.error.ErrorListener import ErrorListener
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)
from proto_schema_parser import ast
from proto_schema_parser.parser import Parser

_MOST_FILES = 1000
_BEHIND_LAST = 1 << 29
_SHIPPED = re.compile(r"google/protobuf/(\w+)\.proto")
_SCALARS = {
    name: FieldDescriptorProto.Type.Value(f"TYPE_{name.upper()}")
    for name in (
        *("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
        *("fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes"),
    )
}
_OPTIONAL, _REPEATED = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED


def descriptors(file: Path) -> FileDescriptorSet:
    """Returns what a file and all that it imports describe, every file behind those that it imports.

    Raises:
        ValueError: it is no such text, or names what there is not; the message says what and where.
        OSError: it cannot be read.
    """
    files = _with_imports(file)
    try:
        order = list(TopologicalSorter({name: one.imports for name, one in files.items()}).static_order())
    except CycleError as error:
        raise ValueError(f"imports go round in circles: {' -> '.join(error.args[1])}") from None
    kinds = {name: is_message for one in files.values() for name, is_message in one.declared()}
    return FileDescriptorSet(file=[files[name].made(name, kinds) for name in order])


@dataclass(slots=True)
class _File:
    """A file's declarations, or what the library ships in their place."""

    elements: list[Any] = field(default_factory=list)
    shipped: FileDescriptorProto | None = None

    @property
    def imports(self) -> tuple[str, ...]:
        """The names of the files that it imports."""
        if self.shipped is not None:
            return tuple(self.shipped.dependency)
        return tuple(one.name.strip("\"'") for one in self.elements if isinstance(one, ast.Import))

    @property
    def package(self) -> str:
        """Its package, or nothing."""
        return next((one.name for one in self.elements if isinstance(one, ast.Package)), "")

    def declared(self) -> Iterator[tuple[str, bool]]:
        """Yields the whole names of messages and enumerations, and whether each is a message."""
        if self.shipped is not None:
            yield from _shipped_names(self.shipped, self.shipped.package)
        else:
            yield from _names(self.elements, self.package)

    def made(self, name: str, kinds: dict[str, bool]) -> FileDescriptorProto:
        """Returns its descriptor; `kinds` are the names that all files declare."""
        if self.shipped is not None:
            return self.shipped
        made = FileDescriptorProto(name=name, package=self.package, syntax="proto2", dependency=self.imports)
        maker = _Maker(kinds)
        maker.declare(self.elements, self.package, made.message_type, made.extension)
        for one in self.elements:
            if isinstance(one, ast.Service):
                made.service.append(maker.service(one, self.package))
        return made


def _with_imports(file: Path) -> dict[str, _File]:
    """Returns the file and all that is imported, by the names that they are imported by."""
    found: dict[str, _File] = {}
    waiting = [(file.name, file)]
    while waiting:
        name, path = waiting.pop()
        if name in found:
            continue
        if len(found) >= _MOST_FILES:
            raise ValueError(f"imports more than {_MOST_FILES} files")
        shipped = _shipped(name)
        found[name] = _File(shipped=shipped) if shipped else _File(_parsed(path.read_text("utf-8"), name))
        waiting += [(other, _place(other, path, file, name)) for other in found[name].imports]
    return found


def _place(wanted: str, by: Path, first: Path, name: str) -> Path:
    """Returns where an imported file lies: beside who imports it or above, or beside the first file or above."""
    if _shipped(wanted):
        return by
    for folder in (*by.absolute().parents, *first.absolute().parents):
        if (folder / wanted).is_file():
            return folder / wanted
    raise ValueError(f"{name} imports {wanted}, which is neither beside it nor in a folder above")


def _shipped(name: str) -> FileDescriptorProto | None:
    """Returns one of the files that the protobuf library has of its own."""
    known = _SHIPPED.fullmatch(name)
    try:
        module = import_module(f"google.protobuf.{known[1]}_pb2") if known else None
    except ImportError:
        module = None
    return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb) if module else None


def _shipped_names(of: FileDescriptorProto | DescriptorProto, scope: str) -> Iterator[tuple[str, bool]]:
    messages = of.message_type if isinstance(of, FileDescriptorProto) else of.nested_type
    for message in messages:
        yield _join(scope, message.name), True
        yield from _shipped_names(message, _join(scope, message.name))
    yield from ((_join(scope, enum.name), False) for enum in of.enum_type)


class _Strict(ErrorListener):  # type: ignore[misc]  # antlr4 has no types
    """Lets what is no such text be an error."""

    def __init__(self, name: str) -> None:
        self._name = name

    def syntaxError(self, recognizer: Any, symbol: Any, line: int, column: int, why: str, error: Any) -> Never:
        raise ValueError(f"{self._name}:{line}:{column + 1}: {why}")


def _parsed(text: str, name: str) -> list[Any]:
    def strictly(machine: Any) -> None:
        machine.removeErrorListeners()
        machine.addErrorListener(_Strict(name))

    try:
        return Parser(setup_lexer=strictly, setup_parser=strictly).parse(text).file_elements
    except RecursionError:
        raise ValueError(f"{name}: nests too deeply") from None


def _join(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name


def _flat(elements: Iterable[Any]) -> Iterator[Any]:
    """Yields declarations, those of a oneof as if they stood outside it."""
    for one in elements:
        if isinstance(one, ast.OneOf):
            yield from one.elements
        else:
            yield one


def _names(elements: Iterable[Any], scope: str) -> Iterator[tuple[str, bool]]:
    for one in _flat(elements):
        if isinstance(one, ast.Message | ast.Group):
            yield _join(scope, one.name), True
            yield from _names(one.elements, _join(scope, one.name))
        elif isinstance(one, ast.Extension):
            yield from _names(one.elements, scope)
        elif isinstance(one, ast.Enum):
            yield _join(scope, one.name), False


@dataclass(slots=True)
class _Maker:
    """Makes descriptors of declarations. `kinds` tells of every name whether it is a message's or an enumeration's."""

    kinds: dict[str, bool]

    def declare(self, elements: Iterable[Any], scope: str, messages: Any, extensions: Any, fields: Any = None) -> None:
        """Adds what is declared in a file or message to its descriptor's lists."""
        for one in _flat(elements):
            if isinstance(one, ast.Message):
                messages.append(self.message(one, scope))
            elif isinstance(one, ast.Extension):
                before = len(extensions)
                self.declare(one.elements, scope, messages, extensions, extensions)
                for added in extensions[before:]:
                    added.extendee = f".{self.resolved(one.typeName, scope)}"
            elif isinstance(one, ast.Group):
                messages.append(self.message(one, scope))
                made = _field(one.name.lower(), one.number, one.cardinality)
                made.type, made.type_name = FieldDescriptorProto.TYPE_GROUP, f".{_join(scope, one.name)}"
                fields.append(made)
            elif isinstance(one, ast.MapField):
                entry = self.entry(one, scope)
                messages.append(entry)
                made = _field(one.name, one.number, ast.FieldCardinality.REPEATED)
                made.type, made.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_join(scope, entry.name)}"
                fields.append(made)
            elif isinstance(one, ast.Field):
                fields.append(self.typed(_field(one.name, one.number, one.cardinality), one.type, scope))

    def message(self, said: ast.Message | ast.Group, scope: str) -> DescriptorProto:
        """Returns a message's descriptor."""
        made = DescriptorProto(name=said.name)
        self.declare(said.elements, _join(scope, said.name), made.nested_type, made.extension, made.field)
        for one in said.elements:
            for span in one.ranges if isinstance(one, ast.ExtensionRange) else ():
                first, _, last = span.partition(" to ")
                end = _BEHIND_LAST if last.strip() == "max" else int(last or first) + 1
                made.extension_range.add(start=int(first), end=end)
        return made

    def entry(self, said: ast.MapField, scope: str) -> DescriptorProto:
        """Returns the message that a map's field is made of."""
        camel = "".join(word[:1].upper() + word[1:] for word in said.name.split("_"))
        made = DescriptorProto(name=f"{camel}Entry")
        made.options.map_entry = True
        made.field.append(self.typed(_field("key", 1), said.key_type, scope))
        made.field.append(self.typed(_field("value", 2), said.value_type, scope))
        return made

    def service(self, said: ast.Service, scope: str) -> ServiceDescriptorProto:
        """Returns a service's descriptor, which says the messages of its methods."""
        return ServiceDescriptorProto(
            name=said.name,
            method=[
                MethodDescriptorProto(
                    name=one.name,
                    input_type=f".{self.resolved(one.input_type.type, scope)}",
                    output_type=f".{self.resolved(one.output_type.type, scope)}",
                )
                for one in said.elements
                if isinstance(one, ast.Method)
            ],
        )

    def typed(self, made: FieldDescriptorProto, name: str, scope: str) -> FieldDescriptorProto:
        """Gives a field its type."""
        if name in _SCALARS:
            made.type = _SCALARS[name]
            return made
        whole = self.resolved(name, scope)
        if self.kinds[whole]:
            made.type, made.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{whole}"
        else:
            made.type = FieldDescriptorProto.TYPE_INT32
        return made

    def resolved(self, name: str, scope: str) -> str:
        """Returns the whole name of a type that is named in `scope`.

        Raises:
            ValueError: there is no such type.
        """
        outer = scope if not name.startswith(".") else ""
        bare = name.lstrip(".")
        while True:
            if (whole := _join(outer, bare)) in self.kinds:
                return whole
            if not outer:
                raise ValueError(f"there is no type {name!r} in {scope or 'the file'}")
            outer = outer.rpartition(".")[0]


def _field(name: str, number: int, cardinality: ast.FieldCardinality | None = None) -> FieldDescriptorProto:
    repeated = cardinality is ast.FieldCardinality.REPEATED
    return FieldDescriptorProto(name=name, number=number, label=_REPEATED if repeated else _OPTIONAL)
