"""JSON Schemas (draft 2020-12, https://json-schema.org/draft/2020-12/) of the published records, one file a kind.

`record.json` describes any line of a result file. They are generated from `leaktap.records`: after a change there, run
`python -m leaktap.schemas`.
"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from leaktap.records import adapter

FOLDER = Path(__file__).parent


class _Schema(GenerateJsonSchema):
    """Leaves out titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Says no."""
        return False


def generated() -> dict[str, dict[str, Any]]:
    """Returns the schemas by file name (`finding.json`)."""
    whole = adapter().json_schema(schema_generator=_Schema)
    definitions: dict[str, Any] = whole.pop("$defs")
    kinds = whole["discriminator"]["mapping"]
    schemas = {"record.json": _schema("record", whole | {"title": "A line of a result file"}, definitions)}
    for kind, reference in kinds.items():
        name = kind.removeprefix("leaktap.").partition("/")[0]
        schemas[f"{name}.json"] = _schema(kind, definitions[reference.rpartition("/")[2]], definitions)
    return schemas


def _schema(kind: str, schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    _collect(schema, definitions, needed)
    head = {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": f"urn:leaktap:schema:{kind.removeprefix('leaktap.')}",
    }
    return head | schema | ({"$defs": dict(sorted(needed.items()))} if needed else {})


def _collect(schema: object, definitions: dict[str, Any], into: dict[str, Any]) -> None:
    """Gathers the definitions that a schema refers to, and those that these refer to."""
    match schema:
        case {"$ref": str(reference)} if (name := reference.rpartition("/")[2]) not in into:
            into[name] = definitions[name]
            _collect(definitions[name], definitions, into)
        case dict():
            for value in schema.values():
                _collect(value, definitions, into)
        case list():
            for value in schema:
                _collect(value, definitions, into)


def write(folder: Path = FOLDER) -> None:
    """Writes the schemas into a folder."""
    for name, schema in generated().items():
        (folder / name).write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
