"""What a capture tells about who is who: hosts behind addresses, phones' own names, the apps behind user ids.

Layers that read naming protocols (DNS, mDNS, DHCP ...) and capture formats that carry names write here; an exchange or
a `Blind` that has no name of its own asks. Bounded: of each kind the names that were learnt last are kept.

Names are `shared` that every process reads which has a share of the capture. The others, such as those of DNS within
TLS, are known only to the process that read them: no alias is made of these, so that all processes tell the same.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from leaktap.model import Alias, App

MOST_NAMES = 65_536
"""How many names of each kind are kept."""

_MOST_CHAIN = 16


class _Latest[K, V](OrderedDict[K, V]):
    """A dictionary that keeps what was put into it last."""

    def learn(self, key: K, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > MOST_NAMES:
            self.popitem(last=False)


@dataclass(slots=True)
class Names:
    """The names of one capture."""

    _hosts: _Latest[str, str] = field(default_factory=_Latest)
    _aliases: _Latest[str, str] = field(default_factory=_Latest)
    _shared_hosts: _Latest[str, str] = field(default_factory=_Latest)
    _shared_aliases: _Latest[str, str] = field(default_factory=_Latest)
    _phones: _Latest[str, str] = field(default_factory=_Latest)
    _apps: _Latest[int, App] = field(default_factory=_Latest)

    def learn_host(self, address: str, host: str, shared: bool = True) -> None:
        """Notes that `host` was asked for and `address` answered, whatever aliases lay between."""
        host = host.lower().rstrip(".")
        self._hosts.learn(address, host)
        if shared:
            self._shared_hosts.learn(address, host)

    def learn_alias(self, host: str, canonical: str, shared: bool = True) -> None:
        """Notes a CNAME: `host` is another name of `canonical`."""
        host, canonical = host.lower().rstrip("."), canonical.lower().rstrip(".")
        self._aliases.learn(host, canonical)
        if shared:
            self._shared_aliases.learn(host, canonical)

    def learn_phone(self, address: str, name: str) -> None:
        """Notes what the machine with a hardware or network address calls itself."""
        self._phones.learn(address, name)

    def learn_app(self, uid: int, app: App) -> None:
        """Notes which app a user id of the phone's system belongs to."""
        self._apps.learn(uid, app)

    def host(self, address: str) -> str:
        """Returns the host that was last asked for and answered with `address`, or nothing."""
        return self._hosts.get(address, "")

    def chain(self, host: str) -> tuple[str, ...]:
        """Returns the canonical names behind `host`, one after the other."""
        return _chain(self._aliases, host)

    def aliases(self, host: str, address: str) -> tuple[Alias, ...]:
        """Returns the names behind `host`, and the one that was last asked for and answered with `address`.

        Those behind the latter are told where `host` is nothing but the address: else they may be another server's.
        """
        asked = self._shared_hosts.get(address, "")
        chain = _chain(self._shared_aliases, asked if host == address else host)
        found = [Alias("dns", asked)] if asked not in ("", host) else []
        return (*found, *(Alias("cname", name) for name in chain if name != host))

    def phone(self, mac: str, ip: str) -> str:
        """Returns what the machine with these addresses calls itself, or nothing."""
        return self._phones.get(mac) or self._phones.get(ip) or ""

    def app(self, uid: int) -> App | None:
        """Returns the app of a user id, where it is known."""
        return self._apps.get(uid)


def _chain(aliases: Mapping[str, str], host: str) -> tuple[str, ...]:
    found: list[str] = []
    name = aliases.get(host)
    while name and name not in found and len(found) < _MOST_CHAIN:
        found.append(name)
        name = aliases.get(name)
    return tuple(found)
