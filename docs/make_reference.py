"""Makes the reference of the documentation from the code: commands, records, clauses and the catalogue.

mkdocs runs it as a hook, so that the pages are those of this very version; `python docs/make_reference.py FOLDER`
writes them as files.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from leaktap.attribution._catalogue import catalogue
from leaktap.cli import tree
from leaktap.cli._tree import choices, commands, options
from leaktap.rulebook import rule_book

SCHEMAS = Path(__file__).resolve().parents[1] / "leaktap" / "schemas"


def pages() -> dict[str, str]:
    """Returns the pages by their file's name."""
    made = {"commands": _commands(), "records": _records(), "clauses": _clauses(), "catalogue": _catalogue()}
    return {f"{name}.md": "\n".join(lines) + "\n" for name, lines in made.items()}


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages to the site, and the JSON Schemas beside them; mkdocs calls this."""
    from mkdocs.structure.files import File

    for name, text in pages().items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    for schema in sorted(SCHEMAS.glob("*.json")):
        files.append(File.generated(config, f"reference/schemas/{schema.name}", content=schema.read_text()))
    return files


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "What `--help` says of each command. Exit codes are [the same everywhere](../scan.md)."
    root = tree()
    for words, command in commands(root):
        yield ""
        yield f"## leaktap {' '.join(words)}".rstrip()
        yield ""
        with typer.Context(command, info_name=" ".join(("leaktap", *words))) as context:
            yield "```text"
            yield command.get_usage(context)
            yield "```"
        yield ""
        yield re.sub(r"\s*\n\s*\n\s*", "\n\n", str(command.help or "").strip())
        yield ""
        yield "| argument or option | what it is |"
        yield "|---|---|"
        for param in command.params:
            if param.param_type_name == "argument":
                yield f"| `{_cell(param.metavar or param.name.upper())}` | {_cell(param.help)} |"
        named: dict[int, list[str]] = {}
        for name, param in options(command).items():
            named.setdefault(id(param), []).append(name)
        for names in named.values():
            param = options(command)[names[0]]
            flags = ", ".join(f"`{flag}`" for flag in (*param.opts, *param.secondary_opts))
            value = "" if param.is_flag else f" `{_cell(param.metavar or '|'.join(choices(command, param)))}`"
            yield f"| {flags}{value.replace(' ``', '')} | {_cell(param.help)} |"
        examples = re.findall(r"(?m)^ +(leaktap .*)$", command.epilog or "")
        if examples:
            yield ""
            yield "```text"
            yield from examples
            yield "```"


def _records() -> Iterator[str]:
    yield "# Records as JSON Schema"
    yield ""
    yield "What the fields mean is told in [Records](../records.md). The package has these schemas in"
    yield "`leaktap/schemas`; they are generated from `leaktap/records.py`."
    for file in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(file.read_text())
        yield ""
        yield f"## {file.stem}"
        yield ""
        yield f"[{file.name}](schemas/{file.name})"
        needed = set(schema.get("required", ()))
        if schema.get("properties"):
            yield ""
            yield "| field | type | always there |"
            yield "|---|---|---|"
            for name, field in schema["properties"].items():
                yield f"| `{name}` | {_cell(_type(field))} | {'yes' if name in needed else ''} |"


def _type(field: dict[str, Any]) -> str:
    """Returns what a field is, in few words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("type", "anything"))


def _clauses() -> Iterator[str]:
    yield "# Clauses"
    for document in rule_book():
        yield ""
        yield f"## {document.document}"
        yield ""
        yield f"{document.title.zh} ({document.title.en}), {document.number}, {document.issued}."
        yield ""
        yield "| clause | what it says | evidence | severity |"
        yield "|---|---|---|---|"
        for clause in document.clauses:
            says = f"{clause.title.zh}<br>{clause.title.en}"
            severity = clause.severity if clause.when else ""
            yield f"| `{clause.id}` | {_cell(says)} | {clause.evidence} | {severity} |"


def _catalogue() -> Iterator[str]:
    companies = sorted(catalogue().companies, key=lambda each: each.company.casefold())
    sdks = [sdk for company in companies for sdk in company.sdks]
    hosts = sum(len(sdk.hosts) for sdk in sdks)
    yield "# Catalogue of SDKs"
    yield ""
    yield f"{len(companies):,} companies, {len(sdks):,} SDKs, {hosts:,} hosts. `leaktap sdk lookup HOST` says what is"
    yield "known of one of them, and where that was seen."
    yield ""
    yield "| kind | SDKs |"
    yield "|---|---|"
    for kind, count in sorted(Counter(sdk.kind for sdk in sdks).items()):
        yield f"| {kind} | {count:,} |"
    yield ""
    yield "| company | SDKs | hosts |"
    yield "|---|---|---|"
    for company in companies:
        names = ", ".join(dict.fromkeys(f"{sdk.name} ({sdk.kind})" for sdk in company.sdks))
        name = f"{company.company} {company.name_zh}".strip()
        yield f"| {_cell(name)} | {_cell(names)} | {sum(len(sdk.hosts) for sdk in company.sdks):,} |"


def _cell(text: object) -> str:
    return " ".join(str(text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    for name, text in pages().items():
        Path(sys.argv[1], name).write_text(text, encoding="utf-8")
