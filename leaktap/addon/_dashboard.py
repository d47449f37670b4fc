"""The dashboard as one HTML file: its style, script and texts are in it, allowed by their hashes; nothing captured is.

What is captured comes by events and is put into the page as text by the script, which the policy keeps from doing
anything else (https://www.w3.org/TR/trusted-types/). The words for what is in records are the report's.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from leaktap._yaml import load_yaml
from leaktap.addon._board import Board, Update
from leaktap.report import languages, words
from leaktap.rulebook import rule_book

_HERE = Path(__file__).with_name("board")
_SCRIPTS = ("words.js", "table.js", "timeline.js", "main.js")
_TABLES = ("severity", "phase", "party", "event", "blind_why", "class", "form", "unit", "tongue")
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>leaktap</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
)


def source_hash(text: str) -> str:
    """Returns what a content security policy calls a script or style by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Dashboard:
    """The page and the portions it is told."""

    def __init__(self, board: Board, state: Callable[[], Mapping[str, Any]]) -> None:
        """`state` is what is told whole in each portion."""
        self.board, self.state = board, state
        self.html, self.policy = _made()

    def known(self, said: str) -> int:
        """Returns up to which change a page knows all, by the name of the last event that it heard."""
        run, _, number = said.rpartition(".")
        known = int(number) if run == self.board.run and number.isdecimal() and len(number) < 19 else 0
        return known if known <= self.board.changed else 0

    def since(self, number: int) -> Update:
        """Returns the next portion for a page that knows all up to a change."""
        return self.board.since(number, self.state())


@cache
def _made() -> tuple[str, str]:
    """Returns the page and its policy."""
    style = _source("style.css")
    script = "\n".join(['"use strict";', "(() => {", *map(_source, _SCRIPTS), "})();"])
    policy = (
        f"default-src 'none'; script-src {source_hash(script)}; style-src {source_hash(style)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    texts = json.dumps(_texts(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    html = (
        f"{_HEAD}<style>{style}</style></head><body>{_source('body.html')}"
        f'<script type="application/json" id="texts">{texts}</script><script>{script}</script></body></html>'
    )
    return html, policy


def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").strip()


def _texts() -> dict[str, dict[str, Any]]:
    """Returns the texts of every language: the page's own, the report's for what is in records, the rule book's."""
    texts = {}
    for name in languages():
        own: dict[str, Any] = load_yaml(_HERE / f"{name}.yaml")[0]
        clauses = {
            f"{document.document}/{clause.id}": getattr(clause.title, name)
            for document in rule_book()
            for clause in document.clauses
        }
        texts[name] = own | {table: words(name)[table] for table in _TABLES} | {"clause": clauses}
    return texts
