"""SHA-256 of the inputs, computed beside the run by a thread of its own, so that a result tells what it is of.

OpenSSL hashes some ten times as fast as captures are inspected, and lets go of the interpreter meanwhile.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

_PIECE = 1 << 20


class Hashes:
    """Begins at once with the regular files among the inputs; pipes can be read only once, and not by this."""

    def __init__(self, inputs: Mapping[str, str]) -> None:
        """Takes the inputs' names by path."""
        self._found: dict[str, str] = {}
        self._inputs = {path: name for path, name in inputs.items() if Path(path).is_file()}
        self._over = Event()
        self._thread = Thread(target=self._hash, name="leaktap-hashes", daemon=True)
        self._thread.start()

    def result(self, wait: bool) -> dict[str, str]:
        """Returns the digests in hex by name; without `wait`, or after Ctrl-C, those that are there already."""
        if wait:
            with suppress(KeyboardInterrupt):
                self._thread.join()
        self._over.set()
        self._thread.join()
        return self._found

    def _hash(self) -> None:
        buffer = bytearray(_PIECE)
        view = memoryview(buffer)
        for path, name in self._inputs.items():
            digest = hashlib.sha256()
            with suppress(OSError), Path(path).open("rb", buffering=0) as stream:
                while (count := stream.readinto(buffer)) and not self._over.is_set():
                    digest.update(view[:count])
                if not self._over.is_set():
                    self._found[name] = digest.hexdigest()
