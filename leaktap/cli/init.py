"""`leaktap init [FOLDER]`: a case and a device file to fill in, with every key explained."""

import re
from pathlib import Path
from typing import Annotated

import typer

from leaktap.cli import CommandError, examples

_TEMPLATE = Path(__file__).parent / "_templates" / "case.yaml"
_PACKAGE = re.compile(r"[A-Za-z][\w-]*(\.[\w-]+)+")


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Begin a case: case.yaml and device.yaml.",
        epilog=examples(
            "leaktap init",
            "leaktap init shop-test --package com.example.shop",
        ),
    )(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to; made if it is not there.")] = Path(),
    package: Annotated[str, typer.Option(metavar="NAME", help="The app's package: com.example.shop.")] = "",
) -> None:
    """Write a commented case.yaml and device.yaml to begin a test with; what is there already is kept."""
    if package and not _PACKAGE.fullmatch(package):
        raise CommandError(f"--package {package}: is no package name: it looks like com.example.shop")
    from leaktap.cli._profile import parse, save, written

    case = _TEMPLATE.read_text(encoding="utf-8").replace("PACKAGE", package or '""', 1)
    about = "A phone under test: what leaktap looks for. Personal data: keep it to yourself."
    files = {"case.yaml": case, "device.yaml": written("lab-phone-1", parse(()), about)}
    there = [name for name in files if (folder / name).exists()]
    if len(there) == len(files):
        raise CommandError(f"{folder}: has {' and '.join(there)} already, and nothing was written: name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{folder}: cannot be made ({error.strerror}): name another folder") from None
    for name, text in files.items():
        if name not in there:
            save(folder / name, text, force=False)
        print(f"{folder / name}" + (": is there already and was kept" if name in there else ""))
    print(f"Fill them in, then: leaktap scan CAPTURE --case {folder / 'case.yaml'}")
