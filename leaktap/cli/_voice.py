"""What leaktap says to a person beside results: hints, summaries and details, on standard error.

Errors are always said (`leaktap.cli.say`). A remark is for somebody who looks on: only a terminal gets it, and nobody
with --quiet. Details are for those who asked with --verbose, and go to a log as well.
"""

import sys
from typing import Annotated

import typer

from leaktap.cli import say


class Voice:
    """How much is said."""

    quiet = verbose = False

    @property
    def comfort(self) -> bool:
        """Tells whether remarks and progress are shown."""
        return not self.quiet and (self.verbose or sys.stderr.isatty())


VOICE = Voice()


def remark(line: str) -> None:
    """Says a line to somebody who looks on."""
    if VOICE.comfort:
        say(line)


def detail(line: str) -> None:
    """Says a line to somebody who asked for all."""
    if VOICE.verbose:
        say(line)


def _quiet(wanted: bool) -> bool:
    VOICE.quiet = VOICE.quiet or wanted
    return wanted


def _verbose(wanted: bool) -> bool:
    VOICE.verbose = VOICE.verbose or wanted
    return wanted


Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.", callback=_quiet)]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say what is done meanwhile.", callback=_verbose)]
