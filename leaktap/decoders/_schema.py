"""The user's descriptions of messages that do not describe themselves, and where they apply.

Protobuf's are descriptor sets (`protoc --include_imports --descriptor_set_out=FILE`), `.proto` files, or files of facts
(`_facts`). A file is loaded once. One that does not load is said by `check`, once per run, and is passed over by the
decoders.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError as WireError
from google.protobuf.message import Message

from leaktap.config import AvroSchema, FlatBufferSchema, ProtobufSchema, Schema
from leaktap.decoders import _avro_schema, _flatbuffer_schema
from leaktap.decoders._api import Context
from leaktap.decoders._facts import descriptors as facts
from leaktap.model import Fault

type _Messages = Mapping[tuple[str, str], type[Message]]
"""Message classes by the last two segments of a path and the direction; the only one that is named, by nothing."""


def check(schemas: Iterable[Schema]) -> Iterator[Fault]:
    """Yields a fault for every schema that cannot be used; to be called once when a run begins."""
    for schema in schemas:
        loaded: object = None
        match schema:
            case ProtobufSchema(descriptors=file):
                loaded = _load(schema)
            case AvroSchema(file=file):
                loaded = _avro_schema.load(schema)
            case FlatBufferSchema(file=file):
                loaded = _flatbuffer_schema.load(schema)
        if isinstance(loaded, str):
            yield Fault("decode", str(file), loaded)


def applicable(context: Context) -> Iterator[type[Message]]:
    """Yields the message classes for where a value was found: its host or a part of its domain, its path or below."""
    for schema in context.schemas:
        if not isinstance(schema, ProtobufSchema) or not schema.applies(context.host, context.path):
            continue
        loaded = _load(schema)
        if isinstance(loaded, str):
            continue
        called = "/".join(context.path.rsplit("/", 2)[-2:])
        if kind := loaded.get(("", "")) or loaded.get((called, context.direction)):
            yield kind


@cache
def _load(schema: ProtobufSchema) -> _Messages | str:
    """Returns the classes of the message or of all methods, or why there are none."""
    file = schema.descriptors
    try:
        if file.suffix in (".yaml", ".yml"):
            files = facts(file)
        elif file.suffix == ".proto":
            from leaktap.decoders._proto_text import descriptors  # the parser is slow to load, and seldom needed

            files = descriptors(file)
        else:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes())
    except UnicodeDecodeError:
        return "is no UTF-8"
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except WireError:
        return "is no descriptor set: make one with protoc --include_imports --descriptor_set_out=FILE"
    pool = descriptor_pool.DescriptorPool()
    try:
        for one in files.file:
            pool.AddSerializedFile(one.SerializeToString())
    except TypeError as error:
        return f"is not complete: {' '.join(str(error).split())}; make it with protoc --include_imports"
    if not schema.message:
        return dict(_methods(files, pool)) or "has no services: say which message it is"
    try:
        return {("", ""): message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.message))}
    except KeyError:
        return f"does not define the message {schema.message!r}"


def _methods(
    files: descriptor_pb2.FileDescriptorSet, pool: descriptor_pool.DescriptorPool
) -> Iterator[tuple[tuple[str, str], type[Message]]]:
    """Yields what the methods of all services send and answer, by the paths of gRPC: `package.Service/Method`."""
    for file in files.file:
        for service in file.service:
            name = f"{file.package}.{service.name}" if file.package else service.name
            for method in service.method:
                for direction, kind in (("request", method.input_type), ("response", method.output_type)):
                    message = pool.FindMessageTypeByName(kind.lstrip("."))
                    yield (f"{name}/{method.name}", direction), message_factory.GetMessageClass(message)
