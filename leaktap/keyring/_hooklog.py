"""Logs of hooks on the phone, which write down what an app encrypts: keys, IVs, and the bytes before and after.

The format is that of PiRogue's `log_aes_info`, saved as `aes_info.json`
(https://github.com/PiRogueToolSuite/pirogue-cli, pirogue_cli/frida-scripts/log_aes_info.js): a JSON list of records,
each `{"type": "aes_info_log", "timestamp": MILLISECONDS, "data": {"alg", "iv", "key", "in", "out"}}`, bytes in
hexadecimal. A key is logged when it is made (`in` and `out` are empty then), a cipher when it is done (`key` is empty
then), `alg` as `AES/CBC/PKCS5Padding`. JSON lines of such records are read as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from leaktap._yaml import ConfigError

MOST_BYTES = 256 << 20
"""How large a log may be."""

_BEGINS = re.compile(rb"\s*(?:\[\s*)?\{")
_TYPE = b'"aes_info_log"'
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Operation:
    """What was logged at once: a key, or what a cipher took in and put out. `algorithm` is Java's name for it."""

    algorithm: str
    key: bytes = b""
    iv: bytes = b""
    taken: bytes = b""
    given: bytes = b""


def read_log(file: Path) -> tuple[Operation, ...] | None:
    """Returns what a log holds, each thing once; None where the file is no log.

    Raises:
        ConfigError: it is one, but broken.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
            if not _BEGINS.match(head) or _TYPE not in head:
                return None
            data = head + stream.read(MOST_BYTES + 1 - len(head))
    except OSError:
        return None
    if len(data) > MOST_BYTES:
        raise ConfigError(file, None, "", f"is larger than {MOST_BYTES >> 20} MB")
    return tuple(dict.fromkeys(_operations(file, data)))


def _operations(file: Path, data: bytes) -> Iterator[Operation]:
    for number, record in _records(file, data):
        try:
            said = record["data"]
            parts = [bytes.fromhex(said.get(name) or "") for name in ("key", "iv", "in", "out")]
            yield Operation(str(said.get("alg") or ""), *parts)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise ConfigError(file, None, f"[{number}]", f"is no record of a hook ({error})") from None


def _records(file: Path, data: bytes) -> Iterator[tuple[int, Any]]:
    try:
        whole = orjson.loads(data)
        yield from enumerate(whole if isinstance(whole, list) else [whole])
        return
    except orjson.JSONDecodeError as error:
        lines = data.splitlines()
        if len(lines) < 2 or lines[0].lstrip().startswith(b"["):
            raise ConfigError(file, error.lineno, "", f"is no JSON: {error.msg}") from None
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ConfigError(file, number + 1, "", f"is no JSON: {error.msg}") from None
