"""JSON lines: one record a line, written at once, in the fields of `docs/records.md`."""

from collections.abc import Mapping
from typing import Any

import orjson

from leaktap.model import Record
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._output import Output
from leaktap.sinks._record import record


class JsonLines:
    """Writes each record as it comes."""

    def __init__(self, target: str, options: Options) -> None:
        """Opens the target.

        Raises:
            SinkError: it cannot be written.
        """
        self._output = Output(target, options.append)
        self._reveal = options.reveal

    def write(self, record_: Record) -> None:
        """Writes one line."""
        self._output.write(to_json(record(record_, self._reveal)) + b"\n")

    def close(self) -> None:
        """Closes the file."""
        self._output.close()


def to_json(fields: Mapping[str, object]) -> bytes:
    """Returns JSON; captured text that UTF-8 cannot express (lone surrogates) becomes `?`."""
    try:
        return orjson.dumps(fields)
    except TypeError:
        return orjson.dumps(_expressible(fields))


def _expressible(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode() if not value.isascii() else value
        case dict():
            return {_expressible(key): _expressible(item) for key, item in value.items()}
        case list():
            return [_expressible(item) for item in value]
        case int() if not -(1 << 63) <= value < 1 << 64:
            return str(value)
        case _:
            return value


SINK = SinkKind("jsonl", JsonLines, endings=(".jsonl", ".ndjson"))
