"""Buffers as FlatBuffers writes them (https://flatbuffers.dev/internals/), each offset checked before it is followed.

A table begins with the way back to its vtable, which says where in the table each slot lies; strings, vectors and other
tables lie behind offsets that lead forward only. So nothing goes round in circles, but a part may be led to many times:
how often is bounded by how much may be read.
"""

import math
import struct
import time
from dataclasses import dataclass, field

from leaktap.decoders._api import LimitReached
from leaktap.decoders._flatbuffer_types import SIZES, Layout, Member, Object, Type
from leaktap.decoders._plain import step
from leaktap.decoders._reading import DEEPEST, Broken, Reading, TooDeep

_READ_PER_PART, _READ_PER_LOOK = 10, 1 << 10
_OFFSET = 4
_ALIGNED = 4
_BYTES = "bB"


@dataclass(slots=True)
class Buffer(Reading):
    """Reads tables of a `layout`."""

    layout: Layout = field(default_factory=Layout)
    read: int = 0

    def root(self, begin: int, name: str, path: str = "", keys: tuple[str, ...] = (), depth: int = 0) -> None:
        """Reads the table that the offset at `begin` leads to."""
        self.table(self.follow(begin), self.layout.objects[name], path, keys, depth)

    def scalar(self, sign: str, at: int) -> float:
        """Returns the scalar at `at`."""
        if not 0 <= at <= len(self.data) - SIZES[sign]:
            raise Broken(f"a number at byte {at} is cut off")
        number: float = struct.unpack_from(f"<{sign}", self.data, at)[0]
        return number

    def integer_at(self, sign: str, at: int) -> int:
        """Returns the integer at `at`."""
        return int(self.scalar(sign, at))

    def follow(self, at: int, aligned: int = _ALIGNED) -> int:
        """Returns where the offset at `at` leads: to a multiple of `aligned`."""
        offset = self.integer_at("I", at)
        if not offset or (at + offset) % aligned:
            raise Broken(f"the offset at byte {at} leads nowhere")
        return at + offset

    def slots(self, at: int) -> dict[int, int]:
        """Returns where the fields of the table at `at` lie, by slot; those that are absent are left out."""
        vtable = at - self.integer_at("i", at)
        size, length = self.integer_at("H", vtable), self.integer_at("H", vtable + 2)
        if size % 2 or size < _OFFSET or vtable % 2 or vtable + size > len(self.data) or at + length > len(self.data):
            raise Broken(f"no vtable of the table at byte {at}")
        offsets = struct.unpack_from(f"<{size // 2 - 2}H", self.data, vtable + 4)
        if any(offset and not _OFFSET <= offset < length for offset in offsets):
            raise Broken(f"the vtable at byte {vtable} leads out of its table")
        return {slot: at + offset for slot, offset in enumerate(offsets) if offset}

    def count(self, depth: int) -> None:
        """Counts what is read.

        Raises:
            TooDeep: it lies too deep.
            LimitReached: it is too much.
        """
        if depth > DEEPEST:
            raise TooDeep
        self.read += 1
        if self.read > self.context.most * _READ_PER_PART:
            raise LimitReached("parts", self.parts)
        if not self.read % _READ_PER_LOOK and time.thread_time() > self.context.deadline:
            raise LimitReached("seconds", self.parts)

    def table(self, at: int, kind: Object, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the fields of a table that the schema knows."""
        self.count(depth)
        places = self.slots(at)
        for member in kind.members:
            place = places.get(member.place)
            if place is None:
                continue
            here, names = path + step(member.name), (*keys, member.name)
            if member.type.kind == "union":
                code = places.get(member.place - 1)
                if code is not None:
                    self.branch(member.type.name, self.integer_at("B", code), place, here, names, depth)
            elif member.nested:
                self.nested(member, place, here, names, depth)
            elif member.type.of is not None and member.type.of.kind == "union":
                codes = places.get(member.place - 1)
                if codes is not None:
                    self.branches(member.type.of.name, codes, place, here, names, depth)
            else:
                self.value(member.type, place, here, names, depth)

    def value(self, kind: Type, at: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a value in its place: a scalar, a struct, or an offset to anything else."""
        match kind:
            case Type("object", name=name) if self.layout.objects[name].is_struct:
                self.struct(self.layout.objects[name], at, path, keys, depth)
            case Type("object", name=name):
                self.table(self.follow(at), self.layout.objects[name], path, keys, depth + 1)
            case Type("string"):
                self.text(self.string(self.follow(at)), path, keys)
            case Type("vector", of=Type() as of):
                self.vector(of, self.follow(at), path, keys, depth + 1)
            case Type("array", of=Type() as of, length=length):
                self.elements(of, at, length, path, keys, depth + 1)
            case Type(sign) if sign in SIZES:
                self.numbers(sign, at, 1, path, keys)

    def struct(self, kind: Object, at: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads the fields of a struct, which are all there."""
        self.count(depth)
        if at + kind.size > len(self.data):
            raise Broken(f"a struct at byte {at} is cut off")
        for member in kind.members:
            self.value(member.type, at + member.place, path + step(member.name), (*keys, member.name), depth + 1)

    def string(self, at: int) -> bytes:
        """Returns a string, behind which there is a zero."""
        end = at + _OFFSET + self.integer_at("I", at)
        if self.data[end : end + 1] != b"\0":
            raise Broken(f"no end of the string at byte {at}")
        return self.data[at + _OFFSET : end]

    def vector(self, of: Type, at: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a vector: its length, and its elements."""
        self.elements(of, at + _OFFSET, self.integer_at("I", at), path, keys, depth)

    def elements(self, of: Type, at: int, length: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads elements that follow each other."""
        self.count(depth)
        kind = self.layout.objects[of.name] if of.kind == "object" else None
        size = SIZES.get(of.kind, kind.size if kind and kind.is_struct else _OFFSET)
        if length * size > len(self.data) - at:
            raise Broken(f"{length} elements at byte {at} are cut off")
        if of.kind in _BYTES:
            self.blob(self.data[at : at + length], path, keys)
        elif of.kind in SIZES:
            self.numbers(of.kind, at, length, path, keys, indexed=True)
        else:
            for index in range(length):
                self.value(of, at + index * size, f"{path}[{index}]", keys, depth)

    def numbers(self, sign: str, at: int, count: int, path: str, keys: tuple[str, ...], indexed: bool = False) -> None:
        """Lists numbers; what is only true or false is left out."""
        if sign == "?":
            return
        if not 0 <= at <= len(self.data) - count * SIZES[sign]:
            raise Broken(f"a number at byte {at} is cut off")
        # No more than can be listed are made.
        count = min(count, self.context.most - len(self.parts) + 1)
        for index, number in enumerate(struct.unpack_from(f"<{count}{sign}", self.data, at)):
            if sign == "f" and math.isfinite(number):
                number = float(f"{number:.8g}")
            self.number(number, f"{path}[{index}]" if indexed else path, keys)

    def branch(self, union: str, code: int, at: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads what a union holds; a branch that the schema does not know is passed over."""
        kind = self.layout.unions[union].get(code)
        if kind is None:
            return
        if kind.kind == "object" and self.layout.objects[kind.name].is_struct:
            self.struct(self.layout.objects[kind.name], self.follow(at, 1), path, keys, depth + 1)
        else:
            self.value(kind, at, path, keys, depth)

    def branches(self, union: str, codes: int, at: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a vector of unions, whose branches another vector says."""
        self.count(depth)
        codes, at = self.follow(codes), self.follow(at)
        length = self.integer_at("I", at)
        if length != self.integer_at("I", codes) or length * _OFFSET > len(self.data) - at - _OFFSET:
            raise Broken(f"no vector of unions at byte {at}")
        for index in range(length):
            code, place = self.integer_at("B", codes + _OFFSET + index), at + _OFFSET * (index + 1)
            self.branch(union, code, place, f"{path}[{index}]", keys, depth)

    def nested(self, member: Member, at: int, path: str, keys: tuple[str, ...], depth: int) -> None:
        """Reads a buffer within a vector of bytes, which may begin with its size."""
        self.count(depth)
        at = self.follow(at)
        outer, length = self.data, self.integer_at("I", at)
        if length > len(outer) - at - _OFFSET:
            raise Broken(f"{length} bytes at byte {at} are cut off")
        self.data = outer[at + _OFFSET : at + _OFFSET + length]
        begin = _OFFSET if self.integer_at("I", 0) == length - _OFFSET else 0
        self.root(begin, member.nested, path, keys, depth + 1)
        self.data = outer
