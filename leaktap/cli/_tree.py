"""The tree of commands, as completion, the file of defaults and the reference read it."""

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

type Words = tuple[str, ...]
"""How a command is called: (), ("scan",), ("sdk", "list")."""

FOLDERS = ("DIR", "FOLDER", "[FOLDER]")
"""Metavars of what is a folder."""

_FILES = ("FILE", "[FILE]", "FILE...", "INPUT", "OLD", "NEW", "RUN_A", "RUN_B", "SINK", "[RESULTS]", "RESULTS")
"""Metavars of what is a file although it is typed as text: `-` stands for standard input or output there."""


def commands(root: Any, words: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Yields a command and all below it, in the order of their names."""
    yield words, root
    for name, below in sorted(getattr(root, "commands", {}).items()):
        yield from commands(below, (*words, name))


def options(command: Any) -> dict[str, Any]:
    """Returns a command's options by their long names, without dashes."""
    return {
        name.removeprefix("--"): param
        for param in command.params
        if param.param_type_name == "option"
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    }


def kind(command: Any, param: Any) -> type:
    """Returns the type of a parameter: of one of its values, where it takes several."""
    annotation = inspect.signature(command.callback).parameters[param.name].annotation
    found: list[type] = []
    waiting = [annotation]
    while waiting:
        one = waiting.pop()
        if inspect.isclass(one) and not get_args(one):
            found.append(one)
        else:
            waiting += get_args(one)[:1] if hasattr(one, "__metadata__") else get_args(one)
    return next((one for one in found if one is not type(None)), str)


def choices(command: Any, param: Any) -> list[str]:
    """Returns what a parameter's values are, where these are few."""
    what = kind(command, param)
    if issubclass(what, Enum):
        return [str(each.value) for each in what]
    if re.fullmatch(r"[a-z]+(\|[a-z]+)+", param.metavar or ""):
        return str(param.metavar).split("|")
    complete = getattr(param, "_custom_shell_complete", None)
    return [str(getattr(each, "value", each)) for each in complete(None, param, "")] if complete else []


def is_path(command: Any, param: Any) -> bool:
    """Tells whether a parameter is a file or a folder."""
    return issubclass(kind(command, param), Path) or param.metavar in (*_FILES, *FOLDERS)
