"""A folder as inputs: what in it a source recognises by content, in the order of the names, folders within included."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from leaktap.sources._api import InputError, Stop
from leaktap.sources._open import open_input
from leaktap.sources._raw import open_raw


def recognised(folder: Path, known: Callable[[bytes], bool]) -> Iterator[Path]:
    """Yields the plain files of a folder whose first bytes, decompressed, are `known`.

    Hidden files and folders, links to folders, and what may not be read are passed over.

    Raises:
        InputError: the folder itself may not be read.
    """

    def refuse(error: OSError) -> None:
        if error.filename == str(folder):
            raise InputError(f"{folder}: cannot be read ({error.strerror})") from None

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(place, name)
            if not name.startswith(".") and file.is_file() and _is_known(file, known):
                yield file


def _is_known(file: Path, known: Callable[[bytes], bool]) -> bool:
    try:
        with open_raw(str(file), Stop()) as raw:
            return known(open_input(raw, file.name, known).head)
    except (InputError, OSError):
        return False
