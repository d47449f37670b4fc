"""What the TLS connections of a capture tell each other: master secrets that are used again, and certificates.

A session up to TLS 1.2 is resumed by its id or by a ticket, and keeps its master secret under another client random
(RFC 5246 section 7.3, RFC 5077). Bounded: the ones that were learnt last are kept.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from leaktap.wire._api import Context
from leaktap.wire.keys import KeyLog

_MOST = 65_536
_MOST_CERTIFICATES = 4096


class Shared:
    """What is known of a capture's sessions."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._masters: OrderedDict[bytes, bytes] = OrderedDict()
        self._certificates: OrderedDict[bytes, bytes] = OrderedDict()

    @classmethod
    def of(cls, context: Context) -> "Shared":
        """Returns that of a connection's capture."""
        shared = context.commons.get("tls")
        if shared is None:
            shared = context.commons["tls"] = cls()
        assert isinstance(shared, cls)
        return shared

    def learn(self, keys: KeyLog, names: Iterable[bytes], master: bytes) -> None:
        """Notes by which names a session may be resumed. Whoever asked for one in vain is to ask again (`keys`)."""
        for name in names:
            if self._masters.get(name) == b"":
                keys.version += 1
            _put(self._masters, name, master, _MOST)

    def master(self, names: Iterable[bytes]) -> bytes:
        """Returns the master secret of a session that has one of these names, or nothing."""
        for name in names:
            if found := self._masters.get(name):
                return found
            _put(self._masters, name, b"", _MOST)
        return b""

    def certificate(self, data: bytes) -> bytes:
        """Returns the same bytes, as an object that all connections share that saw them."""
        known = self._certificates.get(data, data)
        _put(self._certificates, known, known, _MOST_CERTIFICATES)
        return known


def by_id(session_id: bytes) -> bytes:
    """Returns the name of a session that is resumed by its id."""
    return b"i" + session_id


def by_ticket(ticket: bytes) -> bytes:
    """Returns the name of a session that is resumed by a ticket."""
    return b"t" + blake2b(ticket, digest_size=16).digest()


def _put(into: OrderedDict[bytes, bytes], key: bytes, value: bytes, most: int) -> None:
    into[key] = value
    into.move_to_end(key)
    if len(into) > most:
        into.popitem(last=False)
