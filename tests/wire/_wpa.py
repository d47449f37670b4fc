"""Writes a WPA2 network's air by hand: the four-way handshake, then data frames under CCMP.

IEEE 802.11-2020: 12.5.3 (CCMP), 12.7.1 and 12.7.2 (keys and key frames), 9.3.2.2 (A-MSDU).
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

AP, STATION, ROUTER = (bytes.fromhex("02000000000" + digit) for digit in "123")
_LLC = bytes.fromhex("aaaa03000000")
_RSN = bytes.fromhex("30140100000fac040100000fac040100000fac020000")
_PAIRWISE, _INSTALL, _ACK, _MIC, _SECURE, _ENCRYPTED = 0x08, 0x40, 0x80, 0x100, 0x200, 0x1000


class Network:
    """A station's keys: `handshake` gives the four frames that agree on them, `data` a frame under them."""

    def __init__(self, ssid, passphrase):
        self._pmk = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid.encode(), 4096, 32)
        self._nonces = [bytes(range(32)), bytes(range(100, 132))]
        seed = min(AP, STATION) + max(AP, STATION) + min(self._nonces) + max(self._nonces)
        ptk = b"".join(
            hmac.digest(self._pmk, b"Pairwise key expansion\0" + seed + bytes([i]), "sha1") for i in range(3)
        )
        self._kck, self._kek, self._tk = ptk[:16], ptk[16:32], ptk[32:48]
        self._packet = self._sequence = 0

    def handshake(self):
        gtk = bytes.fromhex("dd16000fac010100") + bytes(range(16))
        wrapped = aes_key_wrap(self._kek, _RSN + gtk + b"\xdd\0")
        return [
            self._eapol(True, 1, _PAIRWISE | _ACK, self._nonces[0]),
            self._eapol(False, 1, _PAIRWISE | _MIC, self._nonces[1], _RSN),
            self._eapol(True, 2, _PAIRWISE | _INSTALL | _ACK | _MIC | _SECURE | _ENCRYPTED, self._nonces[0], wrapped),
            self._eapol(False, 2, _PAIRWISE | _MIC | _SECURE, bytes(32)),
        ]

    def _eapol(self, down, replay, info, nonce, data=b""):
        """A key frame (12.7.2): version 2 is HMAC-SHA1-128 and AES key wrap."""
        head = struct.pack(">BHHQ", 2, info | 2, 16 if info & _ACK else 0, replay) + nonce + bytes(16 + 8 + 8)
        tail = struct.pack(">H", len(data)) + data
        frame = struct.pack(">BBH", 2, 3, len(head) + 16 + len(tail)) + head
        mic = hmac.digest(self._kck, frame + bytes(16) + tail, "sha1")[:16] if info & _MIC else bytes(16)
        return self._header(down) + _LLC + b"\x88\x8e" + frame + mic + tail

    def _header(self, down, protected=False, control=0x88):
        self._sequence += 1
        flags = (2 if down else 1) | (0x40 if protected else 0)
        ends = STATION + AP + ROUTER if down else AP + STATION + ROUTER
        return bytes([control, flags, 0, 0]) + ends + struct.pack("<H", self._sequence % 4096 << 4) + b"\0\0"

    def plain(self, packet, down=False, amsdu=False):
        """A frame before it is protected: header, payload."""
        packets = packet if isinstance(packet, list) else [packet]
        payloads = [_LLC + (b"\x86\xdd" if one[0] >> 4 == 6 else b"\x08\x00") + one for one in packets]
        header = self._header(down, protected=True)
        if not amsdu:
            return header, payloads[0]
        ends = STATION + ROUTER if down else ROUTER + STATION
        parts = [ends + struct.pack(">H", len(one)) + one for one in payloads]
        return header[:-2] + b"\x80\0", b"".join(part + bytes(-len(part) % 4) for part in parts)

    def data(self, packet, down=False, amsdu=False):
        """An IP packet (with `amsdu` several of them) as a protected QoS data frame."""
        header, payload = self.plain(packet, down, amsdu)
        self._packet += 1
        number = self._packet.to_bytes(6)
        ccmp = bytes([number[5], number[4], 0, 0x20, number[3], number[2], number[1], number[0]])
        aad = bytes([header[0] & 0x8F, header[1] & 0xC7]) + header[4:22] + b"\0\0" + bytes([header[24] & 0x0F, 0])
        sealed = AESCCM(self._tk, tag_length=8).encrypt(b"\0" + header[10:16] + number, payload, aad)
        return header + ccmp + sealed


def radiotap(frame):
    return bytes([0, 0, 8, 0, 0, 0, 0, 0]) + frame
