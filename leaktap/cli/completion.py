"""`leaktap completion SHELL`: prints a script that completes commands, options and their values.

The script holds everything: nothing of leaktap runs while a person presses Tab.
"""

from enum import StrEnum
from typing import Annotated

import typer

from leaktap.cli import examples


class Shell(StrEnum):
    """The shells that a script can be made for."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Print a completion script for a shell.",
        epilog=examples("leaktap completion bash", "leaktap completion zsh", "leaktap completion fish"),
    )(completion)


def completion(
    context: typer.Context, shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")]
) -> None:
    """Print a script that completes leaktap's commands, options and values.

    bash: leaktap completion bash > ~/.local/share/bash-completion/completions/leaktap

    zsh: leaktap completion zsh > _leaktap, in a folder of $fpath

    fish: leaktap completion fish > ~/.config/fish/completions/leaktap.fish
    """
    from leaktap.cli import _shells

    print(getattr(_shells, shell.value)(context.find_root().command), end="")
