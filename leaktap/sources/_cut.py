"""Cuts the connection of an exchange out of the capture that it is in."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from leaktap.model import Exchange
from leaktap.sources._api import InputError, Stop
from leaktap.sources._open import open_input
from leaktap.sources._raw import open_raw
from leaktap.sources.pcap import SOURCE
from leaktap.wire.cut import Connection, Cut, cut
from leaktap.wire.keys import KeyLog


def cut_connection(path: str, keys: Sequence[Path], exchange: Exchange, frames: Collection[int], target: Path) -> Cut:
    """Writes the packets of an exchange's connection to `target` (mode 0600), with those secrets that open them.

    `keys` are key log files beside the secrets in the capture.

    Raises:
        InputError: the input is no capture, or cannot be opened.
        ConfigError: a key log cannot be used.
        OSError: `target` cannot be written.
    """
    known = KeyLog()
    for file in keys:
        known.add_file(file)
    connection = Connection(exchange.origin.transport, exchange.client, exchange.server, frames)
    with open_raw(path, Stop()) as raw:
        opened = open_input(raw, Path(path).name, SOURCE.sniff)
        if not SOURCE.sniff(opened.head):
            raise InputError(f"{path}: is no capture: only of captures packets can be cut out")
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            return cut(opened.file, opened.name, known, connection, out)
