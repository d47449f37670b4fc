"""Files, folders and zip files as documents: JSON where it is JSON, text else, with an end to size and number."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from leaktap.attribution.imports._api import Document
from leaktap.config import ConfigError

MOST_BYTES = 512 << 20
MOST_FILES = 200_000
_ENDINGS = frozenset({".json", ".txt", ".hosts", ".list", ""})
"""Endings of files that are looked at where there are many; a file that is named is looked at in any case."""


def documents(path: Path) -> Iterator[Document]:
    """Yields what a file, a folder or a zip file holds; in the latter two only JSON and text.

    Raises:
        ConfigError: it cannot be read, is no JSON although it begins so, or is larger than any database.
    """
    room = MOST_BYTES
    number = 0
    for number, (name, data) in enumerate(_files(path)):
        room -= len(data)
        if room < 0 or number >= MOST_FILES:
            raise ConfigError(
                path, None, "", f"is larger than {MOST_BYTES >> 20} MB or {MOST_FILES} files: no database is"
            )
        document = _document(path, name, data)
        if document is not None:
            yield document


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.suffix.lower() in _ENDINGS and file.is_file():
                    yield str(file.relative_to(path)), _bytes(file)
        elif zipfile.is_zipfile(path):
            yield from _members(path)
        else:
            yield path.name, _bytes(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ConfigError(path, None, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _bytes(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields what a zip file holds; what unpacks to more than it says it is larger than any database."""
    room = MOST_BYTES
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir() and PurePosixPath(member.filename).suffix.lower() in _ENDINGS:
                with archive.open(member) as stream:
                    data = stream.read(room + 1)
                room -= len(data)
                yield member.filename, data
                if room < 0:
                    return


def _document(path: Path, name: str, data: bytes) -> Document | None:
    file = path if name == path.name else f"{path}: {name}"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if name != path.name:
            return None
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, line, "", f"is neither JSON nor text in UTF-8 (byte {error.start})") from None
    if text[:64].lstrip()[:1] not in ("{", "["):
        return Document(name, text=text)
    try:
        return Document(name, json.loads(text))
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] == "[" and "\n" in text:
            return Document(name, text=text)
        raise ConfigError(file, error.lineno, "", f"is no JSON: {error.msg}", error.colno) from None
    except RecursionError:
        raise ConfigError(file, None, "", "is nested too deeply for a database") from None
