"""The command line: one file per command, each with `command(app)`, found by where it lies.

Help must come at once, so nothing heavy is imported here or at the top of a command's file. Every error that a user can
cause is one line on standard error.
"""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.discover import discover

if TYPE_CHECKING:
    from leaktap.cli._defaults import Defaults

OK, FOUND, USAGE, UNREADABLE, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 130, 141
"""Exit codes. The last two are 128 plus the signal that would have ended the process: SIGINT and SIGPIPE."""

_WHAT = (
    "Taps phone traffic and says which personal information left, to whom, in what disguise, before or after the "
    "user's consent, and which rule that breaks."
)


def examples(*lines: str) -> str:
    """Returns what stands at the end of a command's help: commands that run as they are printed."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def severities() -> list[str]:
    """Returns what a severity can be, from the worst to the mildest, without importing what judges."""
    return ["critical", "high", "medium", "low", "info"]


_EXAMPLES = examples(
    "leaktap scan capture.pcapng --case case.yaml",
    "leaktap live --case case.yaml -o findings.jsonl",
    "leaktap init shop-test --package com.example.shop",
)

_UsageError: type[Exception] = typer.BadParameter.__mro__[2]


class CommandError(Exception):
    """Something that the user must change: `str()` is one line. `code` is the exit code."""

    def __init__(self, why: str, code: int = USAGE) -> None:
        """Keeps both."""
        super().__init__(why)
        self.code = code


def main() -> None:
    """Runs the command line and exits."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and returns the exit code; errors are said on standard error, one line each."""
    from leaktap.cli._voice import VOICE

    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would ask every installed package for some
    VOICE.quiet = VOICE.verbose = False
    given = _Given(arguments)
    try:
        code = tree()(arguments or ["--help"], prog_name="leaktap", standalone_mode=False, obj=given)
    except CommandError as error:
        say(given.place(str(error)))
        return error.code
    except _UsageError as error:
        asked = getattr(getattr(error, "ctx", None), "command_path", "leaktap")
        say(given.place(f"{error.format_message()} ({asked} --help shows what there is)"))  # type: ignore[attr-defined]
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return READER_GONE
    return code if isinstance(code, int) else OK


def tree() -> typer.core.TyperGroup:
    """Returns all commands."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_WHAT, epilog=_EXAMPLES)(_options)
    for command in discover(sys.modules[__name__], "command"):
        command(app)
    made = typer.main.get_command(app)
    assert isinstance(made, typer.core.TyperGroup)
    return made


class _Given:
    """What a run was given: its arguments, and the defaults of a file."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments
        self.defaults: Defaults | None = None

    def place(self, error: str) -> str:
        """Says where an option stands that an error is about, where that is not the command line."""
        for option, place in self.defaults.places.items() if self.defaults else ():
            on_line = any(each.partition("=")[0] == option for each in self.arguments)
            if not on_line and (error.startswith((f"{option}:", f"{option} ")) or f"'{option}'" in error):
                return f"{place}: {error}"
        return error


def say(line: str) -> None:
    """Says one line on standard error; line breaks and control characters in it cannot leave it."""
    text = "".join(c if c.isprintable() else "�" for c in " ".join(line.split("\n")))
    print(f"leaktap: {text}", file=sys.stderr, flush=True)


def _version(wanted: bool) -> None:
    if wanted:
        from leaktap import __version__

        print(f"leaktap {__version__}")
        raise typer.Exit


def _options(
    context: typer.Context,
    no_config: Annotated[
        bool, typer.Option("--no-config", help="Leave leaktap.toml and the user's config.toml alone.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say what is done meanwhile.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Holds the options that stand before a command, and takes defaults from a file."""
    from leaktap.cli._voice import VOICE, detail

    given = context.obj
    if not no_config and not {"-h", "--help"} & set(given.arguments):
        from leaktap.cli._defaults import find, read

        file = find()
        if file:
            given.defaults = read(file, context.command)
            context.default_map = given.defaults.values
    said = context.default_map or {}
    VOICE.quiet, VOICE.verbose = quiet or said.get("quiet", False), verbose or said.get("verbose", False)
    if given.defaults:
        detail(f"{given.defaults.file}: defaults of {', '.join(given.defaults.places)}")
