"""Makes one self-contained HTML file of a template: no host is asked for anything, nothing captured is markup.

Styles and script are in the page, allowed by their hashes; the content security policy forbids everything else
(https://www.w3.org/TR/CSP3/). The page is the same byte for byte for the same results, language and time zone.
"""

import base64
import hashlib
import re
import shlex
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leaktap.model import SEVERITIES
from leaktap.records import ClauseFields, EventFields, InventoryRecord
from leaktap.report._collect import Recipient
from leaktap.report._evidence import steps
from leaktap.report._hostile import finalize
from leaktap.report._rules import said
from leaktap.report._texts import Texts

_HERE = Path(__file__).parent
_STARS = re.compile(r"\*{12,}")


def render(template: str, texts: Texts, title: str, values: dict[str, Any]) -> bytes:
    """Returns a page in UTF-8."""
    style, script = _source("style.css"), _source("script.js")
    allowed = f"style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    page = (
        _environment(texts)
        .get_template(template)
        .render(
            T=texts,
            t=texts.say,
            title=title,
            policy=Markup(policy),
            style=Markup(style),
            script=Markup(script),
            severities=SEVERITIES,
            **values,
        )
    )
    return page.encode("utf-8", "replace")


@cache
def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@lru_cache(maxsize=8)
def _environment(texts: Texts) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def disguises(forms: Iterable[tuple[str, ...]]) -> list[str]:
        return list(dict.fromkeys(map(texts.disguise, forms)))

    def title(clause: ClauseFields) -> str:
        return said(clause, texts.name).title

    def changed(sides: tuple[Sequence[str], Sequence[str]], table: str) -> str:
        """Says how forms or phases changed; once where they did not."""
        said = [texts.several(sorted(_said(name, table) for name in side)) for side in sides if side]
        return " → ".join(dict.fromkeys(said))

    def _said(name: str, table: str) -> str:
        return texts.disguise(name.split()) if table == "form" else texts.word(table, name)

    def happened(event: EventFields) -> str:
        rights = (f"{name}{texts.colon}{answer}" for name, answer in event["permission"].items())
        return texts.some(filter(None, (texts.word("event", event["event"]), event["action"], *rights)))

    environment.filters |= {
        "anchor": _anchor,
        "changed": changed,
        "disguises": disguises,
        "documents": _documents,
        "happened": happened,
        "identifier": texts.identifier,
        "receiver": _receiver,
        "shell": shlex.quote,
        "short": _short,
        "steps": steps,
        "title": title,
    }
    return environment


def _documents(ids: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Returns clauses by document: (document, [(number, id), ...])."""
    documents: dict[str, list[tuple[str, str]]] = {}
    for id_ in ids:
        document, _, number = id_.rpartition("/")
        documents.setdefault(document, []).append((number, id_))
    return list(documents.items())


def _anchor(id_: str) -> str:
    """Returns a name for a clause's place in the page; ids that no rule book of ours has get a digest."""
    name = id_.replace("/", "-")
    if re.fullmatch(r"[A-Za-z0-9.-]{1,80}", name):
        return f"c-{name}"
    return f"x-{hashlib.sha256(id_.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _short(masked: str) -> str:
    """Returns a masked value with its stars in a number that fits a column."""
    return _STARS.sub("*" * 11, masked)


def _receiver(row: InventoryRecord) -> Recipient:
    return Recipient.of(row["owner"], next(iter(row["hosts"]), ""))
