"""FlatBuffers schemas as people write them (https://flatbuffers.dev/schema/): `.fbs`.

All declarations of a file and of what it includes are read first, then types are resolved by name, from the innermost
namespace outward. What a file includes is looked for beside it and in the folders above.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from leaktap.decoders._flatbuffer_types import SCALARS, SIZES, Layout, Member, Object, Type

_TOKEN = re.compile(
    r"""\s+ | //[^\n]* | /\*.*?\*/
    | (?P<text>"(?:[^"\\\n]|\\.)*") | (?P<word>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*) | (?P<number>[-+]?[.\d][\w.+-]*)
    | (?P<sign>[-+{}()\[\]:;=,])""",
    re.VERBOSE | re.DOTALL,
)
_OTHER_NAMES = dict(
    zip(
        ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"),
        ("byte", "ubyte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double"),
        strict=True,
    )
)
_CLOSING = {"{": "}", "(": ")", "[": "]"}
_MOST_FILES, _DEEPEST = 1000, 64


@dataclass(slots=True)
class _Written:
    """A type as it is written: a name, or of a vector or array its elements' and its length."""

    name: str
    is_vector: bool = False
    length: int | None = None


@dataclass(slots=True)
class _Table:
    """A table or struct as it is written, in which namespace: its fields, each with its attributes."""

    space: str
    is_struct: bool
    fields: list[tuple[str, _Written, dict[str, str]]]
    attributes: dict[str, str]


@dataclass(slots=True)
class _Declarations:
    """All files' declarations by whole name."""

    tables: dict[str, _Table] = field(default_factory=dict)
    enums: dict[str, str] = field(default_factory=dict)
    unions: dict[str, tuple[str, list[tuple[int, str]]]] = field(default_factory=dict)
    root: str = ""
    identifier: str = ""


def layout(file: Path) -> Layout:
    """Returns what a file and all that it includes describe.

    Raises:
        ValueError: it is no schema, or names what there is not; the message says what and where.
        OSError: it cannot be read.
    """
    said = _Declarations()
    waiting, seen = [file], {file.resolve()}
    while waiting:
        current = waiting.pop()
        if len(seen) > _MOST_FILES:
            raise ValueError(f"includes more than {_MOST_FILES} files")
        parser = _Parser(current, said, is_first=current == file)
        parser.file()
        for name in parser.includes:
            place = _place(name, current, file)
            if place.resolve() not in seen:
                seen.add(place.resolve())
                waiting.append(place)
    return _Resolver(said).layout()


def _place(wanted: str, by: Path, first: Path) -> Path:
    for folder in (*by.absolute().parents, *first.absolute().parents):
        if (folder / wanted).is_file():
            return folder / wanted
    raise ValueError(f"{by.name} includes {wanted}, which is neither beside it nor in a folder above")


class _Parser:
    """Reads one file's declarations into `said`; only the first file says root type and identifier."""

    def __init__(self, file: Path, said: _Declarations, is_first: bool) -> None:
        self._name, self._said, self._is_first = file.name, said, is_first
        self._text = file.read_text("utf-8-sig")
        self._tokens = list(self._split())
        self._at, self._space = 0, ""
        self.includes: list[str] = []

    def _split(self) -> Iterator[tuple[str, str, int]]:
        at = 0
        while at < len(self._text):
            found = _TOKEN.match(self._text, at)
            if not found:
                raise self._error(f"{self._text[at : at + 10]!r} is not understood", at)
            if found.lastgroup:
                yield found.lastgroup, re.sub(r"\s", "", found[0]) if found.lastgroup == "word" else found[0], at
            at = found.end()
        yield "end", "the end", at

    def _error(self, why: str, at: int) -> ValueError:
        return ValueError(f"{self._name}:{self._text.count(chr(10), 0, at) + 1}: {why}")

    def _next(self, kind: str, value: str = "") -> str:
        """Returns the next token, which is of a kind and may have to be a certain one."""
        found, token, at = self._tokens[self._at]
        if found != kind or (value and token != value):
            raise self._error(f"{token!r} in place of {value or f'a {kind}'}", at)
        self._at += 1
        return token

    def _has(self, *values: str) -> bool:
        """Takes the next token if it is one of `values`."""
        if self._tokens[self._at][1] not in values or self._tokens[self._at][0] == "text":
            return False
        self._at += 1
        return True

    def file(self) -> None:
        """Reads declarations to the end."""
        while self._tokens[self._at][0] != "end":
            at = self._tokens[self._at][2]
            if self._has("{"):
                self._skip("{")
                continue
            word = self._next("word")
            match word:
                case "table" | "struct":
                    self._table(word == "struct")
                case "enum":
                    self._enum()
                case "union":
                    self._union()
                case "include" | "native_include":
                    name = self._next("text").strip('"')
                    self.includes += [name] if word == "include" else []
                    self._next("sign", ";")
                case "namespace":
                    self._space = "" if self._tokens[self._at][1] == ";" else self._next("word")
                    self._next("sign", ";")
                case "root_type":
                    name = self._next("word")
                    self._said.root = f"{self._space}\0{name}" if self._is_first else self._said.root
                    self._next("sign", ";")
                case "file_identifier":
                    text = self._next("text").strip('"')
                    self._said.identifier = text if self._is_first else self._said.identifier
                    self._next("sign", ";")
                case "attribute" | "file_extension":
                    self._at += 1
                    self._next("sign", ";")
                case "rpc_service":
                    self._next("word")
                    self._next("sign", "{")
                    self._skip("{")
                case _:
                    raise self._error(f"{word!r} is no declaration", at)

    def _skip(self, opened: str) -> None:
        """Passes over everything to the bracket that closes this one."""
        closing = [_CLOSING[opened]]
        while closing:
            kind, token, at = self._tokens[self._at]
            if kind == "end":
                raise self._error(f"{closing[-1]!r} is missing", at)
            self._at += 1
            if kind == "sign" and token in _CLOSING:
                closing.append(_CLOSING[token])
            elif kind == "sign" and token == closing[-1]:
                closing.pop()

    def _whole(self, name: str) -> str:
        whole = f"{self._space}.{name}" if self._space else name
        if whole in self._said.tables or whole in self._said.enums or whole in self._said.unions:
            raise self._error(f"{whole} is described twice", self._tokens[self._at][2])
        return whole

    def _table(self, is_struct: bool) -> None:
        whole = self._whole(self._next("word"))
        table = _Table(self._space, is_struct, [], self._attributes())
        self._next("sign", "{")
        while not self._has("}"):
            name = self._next("word")
            self._next("sign", ":")
            kind = self._type()
            if self._has("="):
                self._default()
            table.fields.append((name, kind, self._attributes()))
            self._next("sign", ";")
        self._said.tables[whole] = table

    def _type(self) -> _Written:
        if not self._has("["):
            return _Written(self._next("word"))
        name, length = self._next("word"), None
        if self._has(":"):
            length = int(self._next("number"), 0)
        self._next("sign", "]")
        return _Written(name, True, length)

    def _default(self) -> None:
        if self._has("["):
            self._skip("[")
            return
        self._has("-", "+")
        self._at += 1

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self._has("("):
            while not self._has(")"):
                name = self._next("word")
                found[name] = ""
                if self._has(":"):
                    found[name] = self._tokens[self._at][1].strip('"')
                    self._at += 1
                self._has(",")
                if self._tokens[self._at][0] == "end":
                    self._next("sign", ")")
        return found

    def _enum(self) -> None:
        whole = self._whole(self._next("word"))
        self._next("sign", ":")
        self._said.enums[whole] = self._next("word")
        self._attributes()
        self._next("sign", "{")
        self._skip("{")

    def _union(self) -> None:
        whole = self._whole(self._next("word"))
        if self._has(":"):
            self._next("word")
        self._attributes()
        self._next("sign", "{")
        number, branches = 1, []
        while not self._has("}"):
            name = self._next("word")
            if self._has(":"):
                name = self._next("word")
            if self._has("="):
                number = int(self._next("number"), 0)
            self._attributes()
            branches.append((number, name))
            number += 1
            if not self._has(","):
                self._next("sign", "}")
                break
        self._said.unions[whole] = self._space, branches


class _Resolver:
    """Makes a layout of declarations."""

    def __init__(self, said: _Declarations) -> None:
        self._said, self._made = said, Layout()
        self._aligned: dict[str, int] = {}

    def layout(self) -> Layout:
        """Returns it whole."""
        said, made = self._said, self._made
        made.identifier = said.identifier.encode()
        for name in said.tables:
            self._object(name, 0)
        for name, (space, branches) in said.unions.items():
            made.unions[name] = {number: self._type(_Written(kind), space) for number, kind in branches if number}
        space, _, root = said.root.partition("\0")
        made.root = self._find(root, space) if root else ""
        return made

    def _find(self, name: str, space: str) -> str:
        """Returns the whole name of what is called `name` in a namespace."""
        outer = space
        while True:
            whole = f"{outer}.{name}" if outer else name
            if whole in self._said.tables or whole in self._said.enums or whole in self._said.unions:
                return whole
            if not outer:
                raise ValueError(f"there is no type {name!r}{f' in {space}' if space else ''}")
            outer = outer.rpartition(".")[0]

    def _type(self, written: _Written, space: str) -> Type:
        if written.is_vector:
            of = self._type(_Written(written.name), space)
            return Type("vector", of) if written.length is None else Type("array", of, length=written.length)
        name = _OTHER_NAMES.get(written.name, written.name)
        if name in SCALARS:
            return Type(SCALARS[name])
        if name == "string":
            return Type("string")
        whole = self._find(name, space)
        if whole in self._said.unions:
            return Type("union", name=whole)
        if whole in self._said.enums:
            return self._type(_Written(self._said.enums[whole]), "")
        return Type("object", name=whole)

    def _object(self, name: str, depth: int) -> Object:
        if name in self._made.objects:
            return self._made.objects[name]
        table = self._said.tables[name]
        if depth > _DEEPEST:
            raise ValueError(f"{name} holds itself")
        made = self._struct(name, table, depth) if table.is_struct else Object(list(self._members(table)))
        self._made.objects[name] = made
        return made

    def _members(self, table: _Table) -> Iterator[Member]:
        slot = 0
        for name, written, attributes in table.fields:
            kind = self._type(written, table.space)
            is_union = kind.kind == "union" or (kind.of is not None and kind.of.kind == "union")
            slot = int(attributes["id"], 0) if "id" in attributes else slot + is_union
            nested = attributes.get("nested_flatbuffer", "")
            yield Member(name, kind, slot, self._find(nested, table.space) if nested else "")
            slot += 1

    def _struct(self, name: str, table: _Table, depth: int) -> Object:
        """Lays a struct out: each field at a multiple of its alignment, the whole at one of the largest."""
        members, at, largest = [], 0, 1
        for member, written, attributes in table.fields:
            kind = self._type(written, table.space)
            of = kind.of if kind.kind == "array" and kind.of else kind
            if of.kind in SIZES:
                size = aligned = SIZES[of.kind]
            elif of.kind == "object" and self._said.tables[of.name].is_struct:
                size, aligned = self._object(of.name, depth + 1).size, self._aligned[of.name]
            else:
                raise ValueError(f"{name}.{member}: a struct holds scalars and structs alone")
            aligned = int(attributes.get("force_align", aligned))
            at += -at % aligned
            members.append(Member(member, kind, at))
            at += size * (kind.length if kind.kind == "array" else 1)
            largest = max(largest, aligned)
        self._aligned[name] = largest = max(largest, int(table.attributes.get("force_align", 1)))
        return Object(members, True, at + -at % largest)
