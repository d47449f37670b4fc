"""What a webhook is sent: the record's JSON, or a message that a template makes of several records.

A template is a YAML file: those of chat tools lie under `templates/`, a user's own is named by its path.

    body: |                            # JSON; {text} in its texts are the lines, {count} how many
      {"msgtype": "text", "text": {"content": "{text}"}}
    finding: "{severity}: {identifier} to {recipient}"       # a line; its fields are those of docs/records.md
    blind: "not inspected: {host}"                           # records of kinds without a line are not sent
    escape: {"<": "‹"}                 # what captured text may not say
    sign: standard                     # or dingtalk, feishu, none
    accepted: {errcode: 0}             # what the answer must hold
    most: 20                           # records in one message
    longest: 4000                      # bytes of its text
    pause: 3.5                         # seconds between messages
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from leaktap.config import ConfigError, load_yaml, validate
from leaktap.sinks._api import SinkError
from leaktap.sinks._table import BLIND, FAULT, FINDING, cell
from leaktap.sinks._words import disguise, harmless, phase_words, recipient_words
from leaktap.spool import Row

_FIELD = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")
_WORDS = {"recipient", "disguise", "phase_words"}
_KNOWN = {
    "finding": {*FINDING, *_WORDS},
    "blind": {*BLIND},
    "fault": {*FAULT},
    "summary": {"exchanges", "bytes", "inspected_share", "findings", "clauses", "blind", "faults", "seconds"},
}
_FOLDER = Path(str(files("leaktap.sinks"))) / "templates"


class Template(BaseModel):
    """A template, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    body: str
    finding: str = (
        "[{severity}] {identifier} {value} ({disguise}) → {recipient} ({destination.host}), {phase_words}. "
        "{clauses} {app.package} {time} #{id}"
    )
    blind: str = ""
    fault: str = ""
    summary: str = ""
    escape: dict[str, str] = {}
    sign: Literal["standard", "dingtalk", "feishu", "none"] = "standard"
    accepted: dict[str, str] = {}
    most: Annotated[int, Field(ge=1, le=1000)] = 1
    longest: Annotated[int, Field(ge=200, le=1_000_000)] = 4000
    pause: Annotated[float, Field(ge=0, le=3600)] = 0.0

    @field_validator("body")
    @classmethod
    def _json(cls, value: str) -> str:
        try:
            json.loads(value)
        except ValueError as error:
            raise ValueError(f"is no JSON: {error}") from None
        return value

    @field_validator("finding", "blind", "fault", "summary")
    @classmethod
    def _fields(cls, value: str, info: Any) -> str:
        for name in _FIELD.findall(value):
            if name not in _KNOWN[info.field_name]:
                raise ValueError(f"{{{name}}} is no field of it: use {', '.join(sorted(_KNOWN[info.field_name]))}")
        return value

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of records that it has a line for."""
        return tuple(name for name in _KNOWN if getattr(self, name))

    def message(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Returns the body of a message for some records."""
        most = self.longest // self.most
        text = "\n".join(_cut(self._line(orjson.loads(row.body)), most) for row in rows)
        made = _filled(json.loads(self.body), {"text": text, "count": str(len(rows))})
        return made if isinstance(made, dict) else {"text": text}

    def _line(self, fields: Mapping[str, Any]) -> str:
        kind = fields["schema"].removeprefix("leaktap.").partition("/")[0]
        line = getattr(self, kind, "") or f"{kind} {fields.get('id', '')}"
        return " ".join(_FIELD.sub(partial(self._said, fields), line).split())

    def _said(self, fields: Mapping[str, Any], found: re.Match[str]) -> str:
        name = found[1]
        if name in _WORDS:
            owner = fields["owner"]
            said = {
                "recipient": recipient_words(owner["sdk"], owner["company"], fields["destination"]["host"]),
                "disguise": disguise(fields["form"]),
                "phase_words": phase_words(fields["phase"]),
            }[name]
        else:
            value = cell(fields, name)
            said = "" if value is None else str(value)
        return "".join(self.escape.get(sign, sign) for sign in harmless(said))


def load_template(name: str, where: str) -> Template:
    """Returns a template by the name of its tool or by its path.

    Raises:
        SinkError: there is none, or it is wrong.
    """
    known = sorted(file.stem for file in _FOLDER.glob("*.yaml"))
    file = _FOLDER / f"{name}.yaml" if name in known else Path(name).expanduser()
    if name not in known and file.suffix not in (".yaml", ".yml"):
        raise SinkError(f"{where}: #template={name}: use {', '.join(known)}, or the path of a .yaml file")
    try:
        return validate(file, *load_yaml(file), Template)
    except ConfigError as error:
        raise SinkError(str(error)) from None


def _cut(text: str, most: int) -> str:
    """Cuts text to a number of bytes."""
    data = text.encode("utf-8", "replace")
    return data.decode() if len(data) < most else data[: most - 4].decode("utf-8", "ignore") + "…"


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    match value:
        case str():
            return re.sub(r"\{(text|count)\}", lambda found: words[found[1]], value)
        case dict():
            return {name: _filled(item, words) for name, item in value.items()}
        case list():
            return [_filled(item, words) for item in value]
        case _:
            return value
