"""What opens TLS: secrets by client random, as applications log them, and servers' RSA keys.

NSS key log format, https://www.ietf.org/archive/id/draft-ietf-tls-keylogfile: one secret a line, `LABEL CLIENT_RANDOM
SECRET`, both in hex. The same text stands in the Decryption Secrets Blocks of a pcapng file. Older libraries wrote `RSA
PREFIX SECRET`, where the prefix is the first 8 bytes of the encrypted premaster secret. A file may still be written:
`refresh` reads on where it ended, and a last line without its end waits for the rest.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leaktap.config import ConfigError
from leaktap.model import Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LINE = re.compile(r"([A-Z][A-Z0-9_]*) ([0-9A-Fa-f]+) ([0-9A-Fa-f]+)")
_BEGUN = re.compile(rb"\s*(#.*|[A-Z][A-Z0-9_]*(\s+[0-9A-Fa-f]*){,2})?")
_TLS12 = frozenset({"CLIENT_RANDOM", "PMS_CLIENT_RANDOM"})
_SECRET_BYTES = (32, 48, 64)
_MOST_FAULTS = 20
_NO_SECRET = "has no TLS secret: give an NSS key log (SSLKEYLOGFILE)"


@dataclass(slots=True, eq=False)
class _Source:
    """Where secrets came from, how many there were, and whether one of them was ever of use.

    Of a regular file, `path` is where to look again, `stamp` what it looked like, `position` how far it was read,
    `lines` how many lines that were, and `tail` a line that was begun; `settled` if it was taken as it is.
    """

    where: str
    secrets: int = 0
    used: bool = False
    bad: int = 0
    lines: int = 0
    path: Path | None = None
    stamp: tuple[int, int, int] = (0, 0, 0)
    position: int = 0
    tail: bytes = b""
    settled: bool = False


@dataclass(slots=True)
class KeyLog:
    """The secrets that are known. `version` grows whenever there are new ones.

    `premasters` tells whether some of them need the handshake to become a master secret.
    """

    version: int = 0
    premasters: bool = False
    _secrets: dict[bytes, dict[str, bytes]] = field(default_factory=dict)
    _sources: list[_Source] = field(default_factory=list)
    _from: dict[bytes, list[_Source]] = field(default_factory=dict)
    _private: list[tuple["RSAPrivateKey", _Source]] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)

    @classmethod
    def check(cls, path: Path, growing: bool = False) -> None:
        """Refuses what `add_file` would refuse, and an empty file unless it may be `growing`; takes one secret at most.

        Raises:
            ConfigError: it cannot be read, or has no key.
        """
        one = cls()
        one._add(path, most=1)
        if not (growing or one.version or one.premasters):
            raise ConfigError(path, None, "", _NO_SECRET)

    def add_file(self, path: Path) -> None:
        """Reads a key log, or the private key of a server in PEM. A file may be empty, for it may grow.

        Raises:
            ConfigError: it cannot be read, or what it has is neither.
        """
        self._add(path)

    def _add(self, path: Path, most: int | None = None) -> None:
        source = _Source(str(path))
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read()
        except OSError as error:
            raise ConfigError(path, None, "", f"cannot be read ({error.strerror}): check the path") from None
        if stat.S_ISREG(status.st_mode):
            source.path, source.stamp, source.position = path, _stamp(status), len(data)
        if not self._add_private(path, data, source):
            self._add_lines(data, source, source.path is not None, most)
            if not source.secrets and (source.bad or not _BEGUN.fullmatch(source.tail)):
                raise ConfigError(path, None, "", _NO_SECRET)
        self._sources.append(source)

    def _add_private(self, path: Path, data: bytes, source: _Source) -> bool:
        """Takes the private key in a PEM file; returns whether it is one."""
        from leaktap.wire import tls_rsa

        if not tls_rsa.is_pem(data):
            return False
        try:
            self._private.append((tls_rsa.load(data), source))
        except ValueError as error:
            raise ConfigError(path, None, "", str(error)) from None
        source.path, self.premasters = None, True
        self.version += 1
        return True

    def add_bytes(self, data: bytes, where: str) -> int:
        """Takes the text of a key log that was found at `where`; returns how many secrets it has.

        Lines that are malformed become faults and the others count.
        """
        source = _Source(where)
        self._add_lines(data, source)
        if source.secrets:
            self._sources.append(source)
        return source.secrets

    def refresh(self) -> None:
        """Looks whether files have grown, and reads on. One that begins anew is read from its beginning."""
        for source in self._sources:
            if source.path is None:
                continue
            try:
                stamp = _stamp(source.path.stat())
                if stamp == source.stamp:
                    self._settle(source)
                    continue
                if stamp[0] != source.stamp[0] or stamp[1] < source.position:
                    source.position, source.lines, source.tail, source.settled = 0, 0, b"", False
                with source.path.open("rb") as file:
                    file.seek(source.position)
                    data = file.read()
            except OSError:
                continue  # it was moved away, and may come again; what it had is known
            source.stamp = stamp
            source.position += len(data)
            source.secrets -= source.settled
            source.settled = False
            self._add_lines(source.tail + data, source, growing=True)

    def _settle(self, source: _Source) -> None:
        """Takes a last line without an end that did not grow, if it is whole. Should it grow yet, it counts anew."""
        if source.tail and not source.settled and not self._add_line(_text(source.tail), source):
            source.settled = True
            self.version += 1

    def _add_lines(self, data: bytes, source: _Source, growing: bool = False, most: int | None = None) -> None:
        """Takes lines, up to `most` secrets; where the file is `growing`, the last one only with its end."""
        if growing:
            data, source.tail = data[: data.rfind(b"\n") + 1], data[data.rfind(b"\n") + 1 :]
        before = source.secrets
        for raw in data.splitlines():
            source.lines += 1
            line = _text(raw)
            if not line or line.startswith("#"):
                continue
            why = self._add_line(line, source)
            if why:
                source.bad += 1
                if source.bad <= _MOST_FAULTS:
                    self._faults.append(Fault("keys", f"{source.where}:{source.lines}", why))
            elif source.secrets == most:
                break
        if source.bad > _MOST_FAULTS:
            self._faults.append(Fault("keys", source.where, f"{source.bad - _MOST_FAULTS} more lines are no secrets"))
            source.bad = _MOST_FAULTS
        if source.secrets > before:
            self.version += 1
        if growing and not source.secrets and source.tail and _LINE.fullmatch(_text(source.tail)):
            self._settle(source)

    def _add_line(self, line: str, source: _Source) -> str:
        """Takes one line; returns what is wrong with it, or nothing."""
        match = _LINE.fullmatch(line)
        if not match:
            return "is no secret: LABEL CLIENT_RANDOM SECRET, in hex"
        label, name, value = match.groups()
        if label.startswith("ECH_"):
            return ""  # opens hellos, not what is said
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
        self.premasters |= label in ("RSA", "PMS_CLIENT_RANDOM")
        self._secrets.setdefault(key, {})[label] = secret
        sources = self._from.setdefault(key, [])
        if source not in sources:
            sources.append(source)
        source.secrets += 1
        return ""

    def secrets(self, client_random: bytes) -> dict[str, bytes]:
        """Returns the secrets of a connection by label (nothing where none is known).

        `client_random` may also be the first 8 bytes of an encrypted premaster secret: the label is then RSA.
        """
        found = self._secrets.get(client_random)
        if not found:
            return {}
        for source in self._from[client_random]:
            source.used = True
        return found

    def premaster(self, encrypted: bytes, versions: Sequence[bytes]) -> bytes:
        """Returns a premaster secret by its encrypted form, nothing where it is not known.

        `versions` are those that it may begin with.
        """
        found = self.secrets(encrypted[:8]).get("RSA", b"")
        if found or not self._private:
            return found
        from leaktap.wire.tls_rsa import premaster

        for key, source in self._private:
            if found := premaster(key, encrypted, versions):
                source.used = True
                return found
        return b""

    def text(self) -> bytes:
        """Returns all secrets that are known as one key log."""
        lines = [
            f"{label} {random.hex()} {secret.hex()}\n"
            for random, secrets in self._secrets.items()
            for label, secret in secrets.items()
        ]
        return "".join(lines).encode()

    def faults(self) -> Iterator[Fault]:
        """Yields what was wrong with the lines so far, each once."""
        faults, self._faults = self._faults, []
        yield from faults

    def unused(self, name: str) -> Iterator[Fault]:
        """Yields a fault for every file that was of no use to the TLS connections of the input `name`."""
        private = {id(source) for _, source in self._private}
        for source in self._sources:
            if source.tail.strip() and not source.settled:
                yield Fault("keys", f"{source.where}:{source.lines + 1}", "is cut off: its last line has no end")
            if source.used:
                continue
            if id(source) in private:
                why = f"opened no TLS connection of {name}: it opens those that exchanged their secret by this RSA key"
            elif not source.secrets:
                why = _NO_SECRET
            else:
                why = (
                    f"none of its {source.secrets} secrets belongs to a TLS connection of {name}: "
                    "was it written in the same run?"
                )
            yield Fault("keys", source.where, why)


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    """Returns what changes when a file does: which one it is, its length and when it was written."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _text(line: bytes) -> str:
    return " ".join(line.decode("latin-1").split())
