import ast
import dataclasses
import sys
from pathlib import Path
from typing import get_args

import pytest

import leaktap.model as model
from leaktap.model import Leaf, Message
from tests.sinks.samples import finding

NOUNS = [noun for noun in vars(model).values() if dataclasses.is_dataclass(noun)]


def test_the_model_imports_nothing_else_of_ours():
    nodes = [
        node for file in Path(model.__file__).parent.glob("*.py") for node in ast.walk(ast.parse(file.read_text()))
    ]
    names = [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    others = [name for name in names if not name.startswith("leaktap.model.")]
    assert {name.partition(".")[0] for name in others} <= sys.stdlib_module_names


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_nouns_are_frozen_and_slotted(noun):
    assert noun.__dataclass_params__.frozen
    assert "__dict__" not in dir(noun)


def test_severities_are_all_and_from_the_worst():
    assert get_args(model.Severity.__value__) == model.SEVERITIES


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        (((b"Content-Type", b"a"),), b"a"),
        (((b"content-type", b"a"), (b"CONTENT-TYPE", b"b")), b"a"),
        (((b"content-type-x", b"a"),), b""),
        ((), b""),
    ],
)
def test_a_header_is_found_in_any_case(headers, value):
    assert Message(("GET", "/", "HTTP/1.1"), headers).header(b"content-type") == value


def test_the_innermost_key():
    assert Leaf("p", b"", ("a", "b")).key == "b"
    assert Leaf("p", b"").key == ""


def test_the_message_that_carried_a_finding():
    sent = finding()
    response = Message(("HTTP/1.1", "200", "OK"))
    exchange = dataclasses.replace(sent.exchange, response=response)
    assert sent.message is sent.exchange.request
    assert dataclasses.replace(sent, exchange=exchange).message is exchange.request
    assert dataclasses.replace(sent, exchange=exchange, direction="response").message is response
    assert dataclasses.replace(sent, direction="response").message is sent.exchange.request
