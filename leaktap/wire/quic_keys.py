"""QUIC packet protection: one object per direction and level, which opens packets in whatever order they come.

RFC 9001 sections 5 (keys, nonce, header protection) and 6 (key update), RFC 9000 section 17.1 and appendix A.3 (packet
numbers), RFC 9369 section 3.3.2 (labels of version 2). Whether a key fits is known when a packet opens: so what was not
captured (the ServerHello, thousands of packets, a key update) is found by trying.
"""

import hmac
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20

from leaktap.wire._bytes import CLIENT
from leaktap.wire.quic_packets import APPLICATION, Packet, Version
from leaktap.wire.tls_ciphers import Unopened, aead_of, expand_label
from leaktap.wire.tls_suites import Suite, suite

_SAMPLE = 16
_INITIAL_SUITE = suite(0x1301)
_SUITES = {32: (suite(0x1301), suite(0x1303), suite(0x1304)), 48: (suite(0x1302),)}
_QUIC_SUITES = frozenset(one.number for some in _SUITES.values() for one in some)
_FAR = 16
_MOST_TRIES = 32

type _Open = tuple[Callable[[bytes, bytes, bytes], bytes], int]


class Keys:
    """The keys of one direction and level. `largest` is the highest number of a packet that was opened, or -1."""

    def __init__(self, chosen: Suite, secret: bytes, version: Version) -> None:
        """Derives them from a traffic secret."""
        self.suite = chosen
        self.largest = -1
        self._version = version
        self._secrets = [secret]
        self._opens: dict[int, _Open] = {}
        self._generation = self._begins = 0
        self._tries = _MOST_TRIES
        self._mask = _mask(chosen, expand_label(chosen.hash, secret, version.labels + b"hp", chosen.key_bytes))

    def open(self, data: bytes, packet: Packet, number_at: int) -> bytes:
        """Returns what a packet holds; raises one of `Unopened` where these keys do not fit it."""
        start = packet.start
        sample = data[number_at + 4 : min(number_at + 4 + _SAMPLE, packet.end)]
        if len(sample) < _SAMPLE:
            raise ValueError("too short to be sampled")
        mask = self._mask(sample)
        short = packet.kind == APPLICATION
        first = data[start] ^ mask[0] & (0x1F if short else 0x0F)
        if first & (0x18 if short else 0x0C):
            raise ValueError("reserved bits are set")
        size = (first & 3) + 1
        after = number_at + size
        low = int.from_bytes(data[number_at:after]) ^ int.from_bytes(mask[1 : 1 + size])
        header = b"%c%b%b" % (first, data[start + 1 : number_at], low.to_bytes(size))
        number = _number(self.largest + 1, low, 8 * size)
        cipher = data[after : packet.end]
        phase = first >> 2 & 1 if short else 0
        if phase == self._generation & 1:
            try:
                return self._opened(number, self._generation, cipher, header)
            except Unopened:
                if not short:
                    raise
        return self._search(number, 1 << 8 * size, phase, cipher, header)

    def _opened(self, number: int, generation: int, cipher: bytes, header: bytes) -> bytes:
        known = self._opens.get(generation)
        decrypt, vector = known if known is not None else self._derive(generation)
        text = decrypt((vector ^ number).to_bytes(12), cipher, header)
        if number > self.largest:
            self.largest = number
        if generation > self._generation:
            self._generation, self._begins = generation, number
            for old in [old for old in self._opens if old < generation - 2]:
                del self._opens[old]
        return text

    def _search(self, number: int, window: int, phase: int, cipher: bytes, header: bytes) -> bytes:
        """Tries the keys before and behind, then numbers further on; not for ever, where nothing opens."""
        now = self._generation
        if phase == now & 1:
            tries = [(number, now + 2), (number, now - 2)]
        elif number < self._begins:
            tries = [(number, now - 1), (number, now + 1)]
        else:
            tries = [(number, now + 1), (number, now - 1)]
        if self.largest >= 0 and self._tries:
            self._tries -= 1
            ahead = now if phase == now & 1 else now + 1
            tries += [(number + step * window, ahead) for step in range(1, _FAR)]
        for candidate, generation in tries:
            if generation < 0 or candidate >> 62:
                continue
            try:
                text = self._opened(candidate, generation, cipher, header)
            except Unopened:
                continue
            self._tries = _MOST_TRIES
            return text
        raise ValueError("no key fits")

    def _derive(self, generation: int) -> _Open:
        """Returns the keys after so many key updates."""
        chosen, labels = self.suite, self._version.labels
        while len(self._secrets) <= generation:
            self._secrets.append(expand_label(chosen.hash, self._secrets[-1], labels + b"ku", len(self._secrets[-1])))
        secret = self._secrets[generation]
        cipher, _ = aead_of(chosen, expand_label(chosen.hash, secret, labels + b"key", chosen.key_bytes))
        made = cipher.decrypt, int.from_bytes(expand_label(chosen.hash, secret, labels + b"iv", 12))
        self._opens[generation] = made
        return made


def _number(expected: int, low: int, bits: int) -> int:
    """Returns the packet number that ends in the `bits` of `low` and lies nearest to `expected`."""
    window = 1 << bits
    number = expected & -window | low
    if number + window // 2 <= expected and number + window < 1 << 62:
        return number + window
    if number > expected + window // 2 and number >= window:
        return number - window
    return number


def _mask(chosen: Suite, key: bytes) -> Callable[[bytes], bytes]:
    """Returns what makes the mask of a sample (RFC 9001 sections 5.4.3 and 5.4.4)."""
    if chosen.cipher == "AES":
        return Cipher(AES(key), modes.ECB()).encryptor().update
    return lambda sample: Cipher(ChaCha20(key, sample), None).encryptor().update(bytes(5))


def initial_keys(version: Version, first_id: bytes, side: int) -> Keys:
    """Returns the keys of a side's Initial packets; `first_id` is the id that the client chose for the server."""
    secret = hmac.digest(version.salt, first_id, "sha256")
    label = b"client in" if side == CLIENT else b"server in"
    return Keys(_INITIAL_SUITE, expand_label("sha256", secret, label, 32), version)


def candidates(chosen: Suite | None, secret: bytes, version: Version) -> list[Keys]:
    """Returns the keys that a secret may mean: of the suite that was `chosen`, or of all where that is not known."""
    suites = _SUITES.get(len(secret), ())
    if chosen is not None and chosen.number in _QUIC_SUITES:
        suites = tuple(one for one in suites if one.number == chosen.number)
    return [Keys(one, secret, version) for one in suites]
