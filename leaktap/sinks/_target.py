"""What stands in a target that is far away: an address, and behind `#` what leaktap is to know about it.

    syslog+tls://logs.example:6514#format=cef&ca=ca.pem
    webhook:env:HOOK_URL#template=slack
    mqtts://broker.example/leaktap#user=tap&password=file:/run/secrets/mqtt

Secrets are named, never given: `env:NAME` is an environment variable, `file:PATH` the first line of a file. The address
itself may be such a name, for those of chat tools are secrets. What is kept, logged or told holds only the names.
"""

import os
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from leaktap.sinks._api import SinkError

_SECRET = frozenset({"secret", "password", "token"})
_TELLING = ("token", "key", "secret", "sig", "passw", "auth")


TLS = ("ca", "cert", "key")
"""Settings that name files: the authorities to trust, our certificate, its key."""


@dataclass(frozen=True, slots=True)
class Target:
    """`whole` opens it again, wherever its queue lies; `identity` names its queue; `shown` is for people.

    None of them holds a secret.

    `url` is the address with the secrets that are in it.
    """

    whole: str
    identity: str
    shown: str
    url: SplitResult
    settings: Mapping[str, str]

    @property
    def host(self) -> str:
        """The host, without the brackets of an IPv6 address."""
        return self.url.hostname or ""

    def port(self, default: int) -> int:
        """Returns the port."""
        return self.url.port or default

    def secret(self, name: str) -> str:
        """Returns the secret that a setting names, or nothing."""
        return _named(self.settings[name], f"{self.shown}: #{name}") if name in self.settings else ""

    def number(self, name: str, default: float) -> float:
        """Returns a setting that is a number.

        Raises:
            SinkError: it is none.
        """
        text = self.settings.get(name, "")
        try:
            value = float(text) if text else default
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e9:
            raise SinkError(f"{self.shown}: #{name}={text}: must be a number from 0")
        return value


def parse(kind: str, target: str, schemes: Set[str], known: Set[str]) -> Target:
    """Reads a target of the sink `kind`, whose address has one of `schemes`, with settings among `known`.

    Raises:
        SinkError: it cannot be understood, or holds a secret.
    """
    address, _, fragment = target.partition("#")
    hidden = address.startswith(("env:", "file:"))
    prefix = "" if "://" in address and not hidden else f"{kind}:"
    settings = dict(parse_qsl(fragment, keep_blank_values=True))
    url, scheme = _split(_named(address, kind) if hidden else address, f"{kind}:{address}" if hidden else "")
    if scheme not in schemes or not url.hostname:
        ways = " or ".join(f"{name}://HOST" for name in sorted(schemes))
        raise SinkError(f"{kind}:{address if hidden else ''}: is no address for it: write {ways}")
    shown = f"{scheme}://{url.netloc.rpartition('@')[2]}"
    for name, value in settings.items():
        if name not in known | COMMON:
            raise SinkError(f"{shown}: #{name}: is no setting of it: use {', '.join(sorted(known | COMMON))}")
        if name in _SECRET and not value.startswith(("env:", "file:")):
            raise SinkError(
                f"{shown}: #{name}: a secret must not stand here: write {name}=env:NAME or {name}=file:PATH"
            )
    if not hidden and (url.password is not None or _telling(url.query)):
        raise SinkError(f"{shown}: a secret must not stand here: put the address into a variable, {kind}:env:NAME")
    kept = "&".join(part for part in fragment.split("&") if part and not part.startswith("spool="))
    return Target(f"{prefix}{address}{kept and '#'}{kept}", f"{prefix}{address}", shown, url, settings)


COMMON = frozenset({"spool", "limit", "records", "severity"})
"""Settings that all have."""


def _split(address: str, name: str) -> tuple[SplitResult, str]:
    try:
        url = urlsplit(address)
        _ = url.port, url.hostname
    except ValueError as error:
        raise SinkError(f"{name or address}: is no address ({error})") from None
    if not address.isprintable() or " " in address:
        raise SinkError(f"{name or address}: is no address: it has blanks or control characters")
    return url, url.scheme.lower()


def _telling(query: str) -> bool:
    return any(word in name.lower() for name, _ in parse_qsl(query, keep_blank_values=True) for word in _TELLING)


def _named(name: str, where: str) -> str:
    """Returns what a variable or the first line of a file holds."""
    how, _, what = name.partition(":")
    if how == "env":
        if not (value := os.environ.get(what, "").strip()):
            raise SinkError(f"{where}: the environment variable {what} is not set")
        return value
    try:
        lines = Path(what).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SinkError(f"{where}: {what}: cannot be read ({reason})") from None
    if not lines or not lines[0].strip():
        raise SinkError(f"{where}: {what}: its first line is empty")
    return lines[0].strip()
