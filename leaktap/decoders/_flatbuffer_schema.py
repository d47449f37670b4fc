"""The user's FlatBuffers schemas: `.fbs` text, or `.bfbs` as `flatc --schema --binary` makes it; each loaded once."""

from collections.abc import Iterator
from functools import cache

from leaktap.config import FlatBufferSchema
from leaktap.decoders._api import Context
from leaktap.decoders._bfbs import layout as layout_of_binary
from leaktap.decoders._fbs import layout as layout_of_text
from leaktap.decoders._flatbuffer_types import Layout


def fitting(context: Context) -> Iterator[tuple[Layout, str]]:
    """Yields the schemas that apply where a value was found, each with the name of the table to begin with."""
    for schema in context.schemas:
        if isinstance(schema, FlatBufferSchema) and schema.applies(context.host, context.path):
            loaded = load(schema)
            if not isinstance(loaded, str):
                yield loaded


@cache
def load(schema: FlatBufferSchema) -> tuple[Layout, str] | str:
    """Returns what a file describes and the table to begin with, or why it cannot be used."""
    try:
        layout = layout_of_text(schema.file) if schema.file.suffix == ".fbs" else layout_of_binary(schema.file)
    except UnicodeDecodeError:
        return "is no UTF-8"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return str(error)
    name = schema.table or layout.root
    if not name:
        return "has no root type: say which table it is"
    if name not in layout.objects or layout.objects[name].is_struct:
        return f"does not define the table {name!r}"
    return layout, name
