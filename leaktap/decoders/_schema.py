"""The user's protobuf descriptions, and where they apply.

They are descriptor sets (`protoc --include_imports --descriptor_set_out=FILE`) or files of facts (`_facts`). A file is
loaded once. One that does not load is said by `check`, once per run, and is passed over by the decoder.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError as WireError
from google.protobuf.message import Message

from leaktap.config import Schema
from leaktap.decoders._api import Context
from leaktap.decoders._facts import descriptors
from leaktap.model import Fault


def check(schemas: Iterable[Schema]) -> Iterator[Fault]:
    """Yields a fault for every schema that cannot be used; to be called once when a run begins."""
    for schema in schemas:
        loaded = _load(schema)
        if isinstance(loaded, str):
            yield Fault("decode", str(schema.descriptors), loaded)


def applicable(context: Context) -> Iterator[type[Message]]:
    """Yields the message classes for where a value was found: its host or a part of its domain, its path or below."""
    for schema in context.schemas:
        if schema.host and not f".{context.host}".endswith(f".{schema.host.lower()}"):
            continue
        if not context.path.startswith(schema.path):
            continue
        loaded = _load(schema)
        if not isinstance(loaded, str):
            yield loaded


@cache
def _load(schema: Schema) -> type[Message] | str:
    """Returns the message's class, or why there is none."""
    try:
        if schema.descriptors.suffix in (".yaml", ".yml"):
            files = descriptors(schema.descriptors)
        else:
            files = descriptor_pb2.FileDescriptorSet.FromString(schema.descriptors.read_bytes())
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except WireError:
        return "is no descriptor set: make one with protoc --include_imports --descriptor_set_out=FILE"
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in files.file:
            pool.AddSerializedFile(file.SerializeToString())
    except TypeError as error:
        return f"is not complete: {' '.join(str(error).split())}; make it with protoc --include_imports"
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.message))
    except KeyError:
        return f"does not define the message {schema.message!r}"
