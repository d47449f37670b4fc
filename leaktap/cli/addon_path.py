"""`leaktap addon-path`: where the file lies that mitmproxy loads, for `mitmproxy -s "$(leaktap addon-path)"`."""

from pathlib import Path

import typer

import leaktap
from leaktap.cli import examples


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        "addon-path",
        short_help="Print where the mitmproxy addon lies.",
        epilog=examples(
            "leaktap addon-path",
        ),
    )(addon_path)


def addon_path() -> None:
    """Print the path of the mitmproxy addon, for mitmproxy -s."""
    print(script())


def script() -> Path:
    """Returns the file that mitmproxy loads."""
    return Path(leaktap.__file__).resolve().parent / "addon" / "script.py"
