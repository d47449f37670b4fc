"""FlatBuffers (https://flatbuffers.dev/internals/), read by the schemas that the case has.

Fields have their names from the schema: `.device.mac`, `.events[2].time`. A buffer may stand behind its size, and say
by four letters of which schema it is. Alone it says nothing of what it holds: without a schema it is left alone.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._described import described
from leaktap.decoders._flatbuffer import Buffer
from leaktap.decoders._flatbuffer_schema import fitting
from leaktap.decoders._flatbuffer_types import Layout

_SIZE = 4
_IDENTIFIER = slice(4, 8)


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns texts, byte strings and numbers of the root table, by the first schema that fits.

    Raises:
        DecodeError: it is said to be of a schema, but breaks off.
    """
    broken: DecodeError | None = None
    for layout, root in fitting(context):
        for begin in _begins(data):
            said = "flatbuffer" in context.content_type or _is_called(data[begin:], layout)
            buffer = Buffer(data, context, strictly=not said, layout=layout)
            try:
                parts = described(buffer, partial(buffer.root, begin, root))
            except DecodeError as error:
                broken = broken or error
                continue
            if parts is not None:
                return parts
    if broken:
        raise broken
    return None


def _begins(data: bytes) -> Iterator[int]:
    """Yields where a buffer may begin: behind its size, or at once."""
    if int.from_bytes(data[:_SIZE], "little") == len(data) - _SIZE:
        yield _SIZE
    yield 0


def _is_called(data: bytes, layout: Layout) -> bool:
    return layout.identifier != b"" and data[_IDENTIFIER] == layout.identifier


DECODER = Decoder(
    "flatbuffers",
    decode,
    rank=27,
    minimum=12,
    binary=True,
    types=("application/*flatbuffer*", "application/vnd.google.flatbuffers"),
)
