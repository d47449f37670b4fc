"""Messages of protobuf whose field names are known: `_protobuf_facts/*.yaml`, one file per service.

A file says for which host (or a part of its domain) and path it holds, which message comes first, and the fields of
each message by number: `1: string name`, with `[]` behind the type of a repeated one. The case may name such a file in
place of a descriptor set.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from leaktap.config import ConfigError, ProtobufSchema, load_yaml

_FIELD = re.compile(r"(\w+)(\[\])? (\w+)")
_LARGEST_NUMBER = (1 << 29) - 1


def bundled(host: str, path: str) -> tuple[ProtobufSchema, ...]:
    """Returns the schemas that leaktap knows for where a message went."""
    return tuple(schema for schema in _all() if f".{host}".endswith(f".{schema.host}") and path.startswith(schema.path))


@cache
def _all() -> tuple[ProtobufSchema, ...]:
    files = sorted(Path(__file__).with_name("_protobuf_facts").glob("*.yaml"))
    return tuple(
        ProtobufSchema(descriptors=file, message=data["message"], host=data["host"], path=data["path"])
        for file in files
        for data, _ in [load_yaml(file)]
    )


def descriptors(file: Path) -> FileDescriptorSet:
    """Returns what a file of facts says as a descriptor set.

    Raises:
        ValueError: it says something else; the message says what.
    """
    try:
        data, _ = load_yaml(file)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    messages = data.get("messages") if isinstance(data, dict) else None
    if not isinstance(messages, dict):
        raise ValueError("has no `messages`")
    made = FileDescriptorProto(name=f"{file.stem}.proto", syntax="proto2")
    for name, fields in messages.items():
        made.message_type.append(DescriptorProto(name=str(name), field=_fields(str(name), fields, messages)))
    return FileDescriptorSet(file=[made])


def _fields(message: str, fields: Any, messages: dict[Any, Any]) -> Iterator[FieldDescriptorProto]:
    for number, said in fields.items() if isinstance(fields, dict) else ():
        field = _FIELD.fullmatch(str(said))
        if not field or not str(number).isdecimal() or not 0 < int(number) <= _LARGEST_NUMBER:
            raise ValueError(f"{message}: {number}: {said!r} is no field: write it as `1: string name`")
        kind, repeated, name = field.groups()
        label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
        made = FieldDescriptorProto(name=name, number=int(number), label=label)
        if kind in messages:
            made.type = FieldDescriptorProto.TYPE_MESSAGE
            made.type_name = f".{kind}"
        elif f"TYPE_{kind.upper()}" in FieldDescriptorProto.Type.keys():  # noqa: SIM118 (an enum's names)
            made.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
        else:
            raise ValueError(f"{message}: {number}: there is no type {kind!r}")
        yield made
