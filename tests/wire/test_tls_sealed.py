"""Connections that no program here makes: TLS 1.3 sealed by hand, in a real handshake's hellos, and tshark's word."""

import hmac
import shutil
import ssl
import zlib

import brotli
import pytest
import zstandard
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.keys import KeyLog
from leaktap.wire.tls import Tls
from leaktap.wire.tls_hello import client_hello
from tests.wire import _packets
from tests.wire._traffic import Talk, blinds, captured, context, plain, segment
from tests.wire.test_tls_certificates import made, vector

UP, DOWN = b"GET /sealed HTTP/1.1\r\nHost: shop.example\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"


def sm4_gcm(key, nonce, text, about):
    encryptor = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(about)
    return encryptor.update(text) + encryptor.finalize() + encryptor.tag


def sm4_ccm(key, nonce, text, about):
    """RFC 3610, with the lengths that TLS has."""
    about = len(about).to_bytes(2) + about
    blocks = [b"\x7a" + nonce + len(text).to_bytes(3), about + bytes(-len(about) % 16), text + bytes(-len(text) % 16)]
    mac = Cipher(SM4(key), modes.CBC(bytes(16))).encryptor().update(b"".join(blocks))[-16:]
    both = Cipher(SM4(key), modes.CTR(b"\2" + nonce + bytes(3))).encryptor().update(mac + text)
    return both[16:] + both[:16]


def integrity(key, nonce, text, about):
    """RFC 9150: the tag alone."""
    return text + hmac.digest(key, nonce + about + text, "sha256")


SUITES = {
    0xC0B4: (integrity, hashes.SHA256()),
    0x00C6: (sm4_gcm, hashes.SM3()),
    0x00C7: (sm4_ccm, hashes.SM3()),
    0x1301: (lambda key, nonce, text, about: AESGCM(key).encrypt(nonce, text, about), hashes.SHA256()),
}


class Sealed:
    """A connection of a suite whose server shows its certificate in the message `shown`."""

    def __init__(self, suite, shown):
        talk = Talk(ssl.TLSVersion.TLSv1_3)
        asked = talk.turns[0][1]
        answered = bytearray(talk.turns[1][1][: 5 + int.from_bytes(talk.turns[1][1][3:5])])
        place = 5 + 4 + 2 + 32 + 1 + answered[5 + 4 + 2 + 32]
        answered[place : place + 2] = suite.to_bytes(2)
        random = client_hello(asked[9:]).random
        self.log, self._suite, self.turns = b"", suite, [(CLIENT, asked), (SERVER, bytes(answered))]
        keys = {}
        for side, who in ((CLIENT, b"CLIENT"), (SERVER, b"SERVER")):
            for number, label in enumerate((b"%b_HANDSHAKE_TRAFFIC_SECRET", b"%b_TRAFFIC_SECRET_0")):
                secret = bytes(range(side * 64 + number * 32, side * 64 + number * 32 + 32))
                self.log += b"%b %b %b\n" % (label % who, random.hex().encode(), secret.hex().encode())
                keys[side, number] = secret
        finished = b"\x14" + vector(3, bytes(32))
        self._say(SERVER, keys[SERVER, 0], [(22, b"\x08\0\0\x02\0\0" + shown), (22, finished)])
        self._say(CLIENT, keys[CLIENT, 0], [(22, finished)])
        self._say(CLIENT, keys[CLIENT, 1], [(23, UP)])
        self._say(SERVER, keys[SERVER, 1], [(23, DOWN)])

    def _expand(self, secret, label, size):
        info = size.to_bytes(2) + vector(1, b"tls13 " + label) + b"\0"
        return HKDFExpand(SUITES[self._suite][1], size, info).derive(secret)

    def _say(self, side, secret, records):
        tag = 32 if self._suite == 0xC0B4 else 16
        key, iv = self._expand(secret, b"key", tag), self._expand(secret, b"iv", 32 if tag == 32 else 12)
        for number, (kind, text) in enumerate(records):
            nonce = (int.from_bytes(iv) ^ number).to_bytes(len(iv))
            header = b"\x17\3\3" + (len(text) + 1 + tag).to_bytes(2)
            self.turns.append((side, header + SUITES[self._suite][0](key, nonce, text + bytes([kind]), header)))

    def keys(self):
        keys = KeyLog()
        assert keys.add_bytes(self.log, "keys.txt") == 4
        return keys


CERTIFICATE = b"\0" + vector(3, vector(3, made("shop.example", "a.shop.example")) + b"\0\0")
PLAIN = b"\x0b" + vector(3, CERTIFICATE)
PACKERS = {1: zlib.compress, 2: brotli.compress, 3: zstandard.compress}


def compressed(algorithm):
    packed = PACKERS[algorithm](CERTIFICATE)
    return b"\x19" + vector(3, algorithm.to_bytes(2) + len(CERTIFICATE).to_bytes(3) + vector(3, packed))


ROWS = [(0x00C6, PLAIN), (0x00C7, PLAIN), (0x1301, PLAIN), (0xC0B4, PLAIN)]
ROWS += [(0x1301, compressed(algorithm)) for algorithm in PACKERS]


@pytest.mark.parametrize("size", [1 << 20, 1])
@pytest.mark.parametrize(("suite", "shown"), ROWS)
def test_what_was_sealed(suite, shown, size):
    talk, frame = Sealed(suite, shown), 0
    layer, made = Tls(context(talk.keys())), []
    for side, data in talk.turns:
        for at in range(0, len(data), size):
            frame += 1
            made += layer.feed(side, segment(data[at : at + size], frame))
    made += layer.close()
    assert (plain(made), blinds(made)) == ((UP, DOWN), [])
    assert layer._server.session.names == ("shop.example", "a.shop.example")


def test_a_certificate_that_cannot_be_read_stops_nothing():
    for shown in (b"\x0b" + vector(3, b"broken"), b"\x19" + vector(3, b"\0\x09" + bytes(9))):
        talk = Sealed(0x1301, shown)
        layer, made = Tls(context(talk.keys())), []
        for side, data in talk.turns:
            made += layer.feed(side, segment(data))
        assert plain(made) == (UP, DOWN)
        assert layer._server.session.names == ()


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.parametrize("suite", [0x1301, 0x00C6])
def test_tshark_opens_it_too(suite, tmp_path):
    """It does not know SM4 with CCM (0x00C7), for which there are the vectors of RFC 8998."""
    talk = Sealed(suite, PLAIN)
    file, keys = tmp_path / "a.pcap", tmp_path / "keys.txt"
    keys.write_bytes(talk.log)
    file.write_bytes(_packets.pcap(captured(talk.turns)))
    rows = _packets.tshark(file, "http.request.uri", "http.response.code", options=["-o", f"tls.keylog_file:{keys}"])
    assert "/sealed" in str(rows)
    assert "204" in str(rows)
