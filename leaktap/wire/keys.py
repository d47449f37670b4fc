"""TLS secrets by client random, as applications log them: the NSS key log format.

https://www.ietf.org/archive/id/draft-ietf-tls-keylogfile: one secret a line, `LABEL CLIENT_RANDOM SECRET`, both in hex.
The same text stands in the Decryption Secrets Blocks of a pcapng file. Older libraries wrote `RSA PREFIX SECRET`,
where the prefix is the first 8 bytes of the encrypted premaster secret.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from leaktap.config import ConfigError
from leaktap.model import Fault

_LINE = re.compile(r"([A-Z][A-Z0-9_]*) ([0-9A-Fa-f]+) ([0-9A-Fa-f]+)")
_TLS12 = frozenset({"CLIENT_RANDOM", "PMS_CLIENT_RANDOM"})
_SECRET_BYTES = (32, 48, 64)
_MOST_FAULTS = 20


@dataclass(slots=True, eq=False)
class _File:
    """Where secrets came from, how many there were, and whether one of them was ever of use."""

    where: str
    secrets: int = 0
    used: bool = False


@dataclass(slots=True)
class KeyLog:
    """The secrets that are known. `version` grows whenever there are new ones."""

    version: int = 0
    _secrets: dict[bytes, dict[str, bytes]] = field(default_factory=dict)
    _files: list[_File] = field(default_factory=list)
    _from: dict[bytes, list[_File]] = field(default_factory=dict)
    _faults: list[Fault] = field(default_factory=list)

    def add_file(self, path: Path) -> None:
        """Reads a key log file.

        Raises:
            ConfigError: it cannot be read, or has not one valid line.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigError(path, None, "", f"cannot be read: {error.strerror}") from None
        if not self.add_bytes(data, str(path)):
            raise ConfigError(path, None, "", "has no TLS secret: give an NSS key log (SSLKEYLOGFILE)")

    def add_bytes(self, data: bytes, where: str) -> int:
        """Takes the text of a key log that was found at `where`; returns how many secrets it has.

        Lines that are malformed become faults and the others count.
        """
        file = _File(where)
        bad = 0
        for number, raw in enumerate(data.splitlines(), 1):
            line = raw.decode("latin-1").strip()
            if not line or line.startswith("#"):
                continue
            why = self._add_line(line, file)
            if why:
                bad += 1
                if bad <= _MOST_FAULTS:
                    self._faults.append(Fault("keys", f"{where}:{number}", why))
        if bad > _MOST_FAULTS:
            self._faults.append(Fault("keys", where, f"{bad - _MOST_FAULTS} more lines are no secrets"))
        if file.secrets:
            self._files.append(file)
            self.version += 1
        return file.secrets

    def _add_line(self, line: str, file: _File) -> str:
        """Takes one line; returns what is wrong with it, or nothing."""
        match = _LINE.fullmatch(" ".join(line.split()))
        if not match:
            return "is no secret: LABEL CLIENT_RANDOM SECRET, in hex"
        label, name, value = match.groups()
        if len(name) % 2 or len(value) % 2:
            return "has an odd number of hex digits"
        key, secret = bytes.fromhex(name), bytes.fromhex(value)
        if label == "RSA":
            if len(key) != 8 or len(secret) != 48:
                return "RSA takes 8 bytes of the encrypted premaster secret and 48 bytes of secret"
        elif len(key) != 32:
            return f"the client random has {len(key)} bytes instead of 32"
        elif label == "CLIENT_RANDOM" and len(secret) != 48:
            return f"the master secret has {len(secret)} bytes instead of 48"
        elif label not in _TLS12 and len(secret) not in _SECRET_BYTES:
            return f"the secret has {len(secret)} bytes instead of 32 or 48"
        self._secrets.setdefault(key, {})[label] = secret
        sources = self._from.setdefault(key, [])
        if file not in sources:
            sources.append(file)
        file.secrets += 1
        return ""

    def secrets(self, client_random: bytes) -> dict[str, bytes]:
        """Returns the secrets of a connection by label (nothing where none is known).

        `client_random` may also be the first 8 bytes of an encrypted premaster secret: the label is then RSA.
        """
        found = self._secrets.get(client_random)
        if not found:
            return {}
        for file in self._from[client_random]:
            file.used = True
        return found

    def faults(self) -> Iterator[Fault]:
        """Yields what was wrong with the lines so far, each once."""
        faults, self._faults = self._faults, []
        yield from faults

    def unused(self, name: str) -> Iterator[Fault]:
        """Yields a fault for every file none of whose secrets belonged to a connection of the input `name`."""
        for file in self._files:
            if not file.used:
                yield Fault(
                    "keys",
                    file.where,
                    f"none of its {file.secrets} secrets belongs to a TLS connection of {name}: "
                    "was it written in the same run?",
                )
