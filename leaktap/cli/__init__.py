"""The command line: one file per command, each with `command(app)`, found by where it lies.

Help must come at once, so nothing heavy is imported here or at the top of a command's file. Every error that a user can
cause is one line on standard error.
"""

import sys
from typing import Annotated

import typer

from leaktap.discover import discover

OK, FOUND, USAGE, UNREADABLE, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 130, 141
"""Exit codes. The last two are 128 plus the signal that would have ended the process: SIGINT and SIGPIPE."""

_WHAT = (
    "Taps phone traffic and says which personal information left, to whom, in what disguise, before or after the "
    "user's consent, and which rule that breaks."
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
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_WHAT)(_options)
    for command in discover(sys.modules[__name__], "command"):
        command(app)
    try:
        code = app(arguments or ["--help"], prog_name="leaktap", standalone_mode=False)
    except CommandError as error:
        say(str(error))
        return error.code
    except _UsageError as error:
        say(f"{error.format_message()} (leaktap --help shows what there is)")  # type: ignore[attr-defined]
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return READER_GONE
    return code if isinstance(code, int) else OK


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
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Holds the options that stand before a command."""
