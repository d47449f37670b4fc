"""TLS record protection: one object per direction and key, which opens one record per call.

AEAD for TLS 1.2 (RFC 5288 GCM, RFC 6655 CCM, RFC 7905 ChaCha20-Poly1305) and 1.3 (RFC 8446 section 5.2), CBC for TLS
1.0 to 1.2 (RFC 2246, 4346, 5246 section 6.2.3.2) with the MAC inside or, by RFC 7366, outside, and stream ciphers (RFC
5246 section 6.2.3.1), of which one is none.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag

Unopened = (InvalidTag, ValueError)
"""What `Opener.open` raises for a record that the key does not fit (or that is too short to be one)."""


class Opener(Protocol):
    """Opens the records of one direction, in order. `seq` is the number of the next one."""

    seq: int

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns what the record holds and counts it; raises one of `Unopened` and counts nothing."""

    def overhead(self) -> int:
        """Returns by how many bytes a record with its header is longer than what it holds, about."""


class Aead(Protocol):
    """A cipher that authenticates, with its key."""

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes:
        """Returns the text; raises one of `Unopened`."""


class Aead13:
    """TLS 1.3: the nonce is the IV and the number, the header is authenticated, the type stands behind the text."""

    def __init__(self, aead: Aead, iv: bytes, tag_bytes: int) -> None:
        """Begins at record 0."""
        self.seq = 0
        self._decrypt = aead.decrypt
        self._iv = int.from_bytes(iv)
        self._iv_bytes = len(iv)
        self._overhead = 5 + 1 + tag_bytes

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text with its padding and type."""
        text = self._decrypt((self._iv ^ self.seq).to_bytes(self._iv_bytes), fragment, header)
        self.seq += 1
        return text

    def overhead(self) -> int:
        """Header, type and tag."""
        return self._overhead


class Aead12:
    """TLS 1.2: number, type, version and length are authenticated; `explicit` bytes of the nonce are in the record."""

    def __init__(self, aead: Aead, iv: bytes, tag_bytes: int, explicit: int) -> None:
        """Begins at record 0."""
        self.seq = 0
        self._decrypt = aead.decrypt
        self._iv = iv
        self._number = int.from_bytes(iv)
        self._explicit = explicit
        self._shorter = explicit + tag_bytes

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text."""
        size = len(fragment) - self._shorter
        if size < 0:
            raise ValueError("shorter than its nonce and tag")
        seq = self.seq
        about = b"%b%b%b" % (seq.to_bytes(8), header[:3], size.to_bytes(2))
        if self._explicit:
            text = self._decrypt(self._iv + bytes(fragment[: self._explicit]), fragment[self._explicit :], about)
        else:
            text = self._decrypt((self._number ^ seq).to_bytes(12), fragment, about)
        self.seq = seq + 1
        return text

    def overhead(self) -> int:
        """Header, nonce and tag."""
        return 5 + self._shorter


class Cbc:
    """TLS 1.0 to 1.2 with a block cipher and HMAC.

    TLS 1.0 takes the last block before a record as its IV, later versions carry it. One decryptor serves all records,
    for the IV goes through it like ciphertext: it comes out as nonsense, and what follows it right. The MAC is verified
    until a record has passed and for each that is numbered by guess (`seq` was set); else the padding alone tells.
    """

    def __init__(self, decrypt: Callable[[bytes], bytes], keys: "MacKeys", iv: bytes, outside: bool) -> None:
        """`decrypt` deciphers chained blocks, of which the first may come out as nonsense.

        `iv` is that of TLS 1.0 (empty in later versions), `outside` is encrypt-then-MAC.
        """
        self._seq = 0
        self._verify = True
        self._block = keys.block
        self._decrypt = decrypt
        self._keys = keys
        self._mac_bytes = keys.mac_bytes
        self._iv = iv
        self._outside = outside

    @property
    def seq(self) -> int:
        """The number of the next record."""
        return self._seq

    @seq.setter
    def seq(self, number: int) -> None:
        self._seq = number
        self._verify = True

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text."""
        data = bytes(fragment)
        tag = b""
        if self._outside:
            data, tag = data[: -self._mac_bytes], data[-self._mac_bytes :]
        blocks = self._iv + data
        if len(blocks) <= self._block or len(blocks) % self._block:
            raise ValueError("no whole blocks")
        padded = self._decrypt(blocks)[self._block :]
        end = len(padded) - padded[-1] - 1
        if end < 0 or padded.count(padded[-1], end) != padded[-1] + 1:
            raise ValueError("no padding")
        if not self._outside:
            tag, end = padded[end - self._mac_bytes : end], end - self._mac_bytes
            if end < 0:
                raise ValueError("shorter than its MAC")
        text = padded[:end]
        if self._verify:
            self._keys.verify(self._seq, header, data if self._outside else text, tag)
        if self._iv:
            self._iv = blocks[-self._block :]
        self._seq += 1
        self._verify = False
        return text

    def overhead(self) -> int:
        """Header, IV, MAC and about half a block of padding."""
        return 5 + self._mac_bytes + (0 if self._iv else self._block) + self._block // 2


class Stream:
    """TLS 1.0 to 1.2 with a stream cipher and HMAC. `decrypt` goes on where it stopped; with none the text is open.

    What does not fit spoils a cipher's state, and so does a jump in the numbers: nothing is opened from then on.
    Without a cipher and without a key, the MAC is cut off unseen.
    """

    def __init__(self, decrypt: Callable[[bytes], bytes] | None, keys: "MacKeys") -> None:
        """Begins at record 0."""
        self._seq = 0
        self._decrypt = decrypt
        self._spoilt = False
        self._keys = keys

    @property
    def seq(self) -> int:
        """The number of the next record."""
        return self._seq

    @seq.setter
    def seq(self, number: int) -> None:
        self._spoilt |= self._decrypt is not None and number != self._seq
        self._seq = number

    def open(self, header: bytes, fragment: bytes | memoryview) -> bytes:
        """Returns the text."""
        size = len(fragment) - self._keys.mac_bytes
        if size < 0 or self._spoilt:
            raise ValueError("shorter than its MAC, or out of step")
        data = bytes(fragment)
        if self._decrypt is not None:
            self._spoilt = True
            data = self._decrypt(data)
        text = data[:size]
        if self._keys.mac_key:
            self._keys.verify(self._seq, header, text, data[size:])
        self._spoilt = False
        self._seq += 1
        return text

    def overhead(self) -> int:
        """Header and MAC."""
        return 5 + self._keys.mac_bytes


@dataclass(frozen=True, slots=True)
class MacKeys:
    """How one direction's records are authenticated, and how long the cipher's blocks are (0: it has none)."""

    mac_key: bytes
    digest: str
    mac_bytes: int
    block: int = 0

    def verify(self, seq: int, header: bytes, covered: bytes, tag: bytes) -> None:
        """Raises ValueError where `tag` is not the MAC of record number `seq`."""
        about = b"%b%b%b" % (seq.to_bytes(8), header[:3], len(covered).to_bytes(2))
        if not hmac.compare_digest(hmac.digest(self.mac_key, about + covered, self.digest), tag):
            raise ValueError("the MAC does not fit")
