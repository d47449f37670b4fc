import pytest
from aioquic.quic.crypto import CryptoContext
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import CipherSuite, hkdf_expand_label
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.quic_keys import Keys, _number, candidates, initial_keys
from leaktap.wire.quic_packets import APPLICATION, INITIAL, VERSIONS, Packet, packets
from leaktap.wire.tls_ciphers import Unopened
from leaktap.wire.tls_suites import suite
from tests.wire._quic_talks import recorded

V1, V2 = VERSIONS[1], VERSIONS[0x6B3343CF]
SECRET = bytes.fromhex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (V1, "4cfe4189655e5cd55c41f69080575d7999c25a5bfb"),  # RFC 9001 appendix A.5
        (V2, "5558b1c60ae7b6b932bc27d786f4bc2bb20f2162ba"),  # RFC 9369 appendix A.5
    ],
)
def test_the_packet_of_the_standards(version, text):
    data = bytes.fromhex(text)
    packet = Packet(APPLICATION, 0, 0, len(data))
    keys = Keys(suite(0x1303), SECRET, version)
    keys.largest = 654360563
    assert keys.open(data, packet, 1) == b"\x01"
    assert keys.largest == 654360564
    for other in (V1, V2):
        for number in (0x1301, 0x1303, 0x1304):
            if (other, number) != (version, 0x1303):
                with pytest.raises(Unopened):
                    Keys(suite(number), SECRET, other).open(data, packet, 1)


@pytest.mark.parametrize(
    ("expected", "low", "bits", "number"),
    [
        (0xA82F30EB, 0x9B32, 16, 0xA82F9B32),  # RFC 9000 appendix A.3
        (0, 0, 8, 0),
        (1, 0xFF, 8, 255),
        (300, 0x2B, 8, 299),
        (256, 0xFF, 8, 255),
        (255, 0x00, 8, 256),
        (384, 0x00, 8, 512),
        (383, 0x00, 8, 256),
        ((1 << 62) - 1, 0, 8, (1 << 62) - 256),
    ],
)
def test_packet_numbers(expected, low, bits, number):
    assert _number(expected, low, bits) == number


@given(st.integers(0, (1 << 62) - 1), st.sampled_from([8, 16, 24, 32]), st.integers(-100, 100))
def test_a_number_that_is_near_is_found(expected, bits, step):
    number = min(max(expected + step, 0), (1 << 62) - 1)
    assert _number(expected, number & (1 << bits) - 1, bits) == number


def test_initial_packets_need_no_secret():
    record = recorded("simple")
    _, _, _, data = record.datagrams[0]
    packet = next(packets(data))
    text = initial_keys(V1, packet.target, CLIENT).open(data, packet, packet.number_at)
    assert packet.kind == INITIAL and b"api.example-shop.cn" in text
    for keys in (initial_keys(V1, packet.target, SERVER), initial_keys(V2, packet.target, CLIENT)):
        with pytest.raises(Unopened):
            keys.open(data, packet, packet.number_at)


@pytest.mark.parametrize(
    ("number", "size", "names"),
    [
        (None, 32, {0x1301, 0x1303, 0x1304}),
        (None, 48, {0x1302}),
        (0x1303, 32, {0x1303}),
        (0x1302, 32, set()),
        (0x1305, 32, {0x1301, 0x1303, 0x1304}),
        (None, 20, set()),
    ],
)
def test_what_a_secret_may_mean(number, size, names):
    chosen = None if number is None else suite(number)
    assert {keys.suite.number for keys in candidates(chosen, bytes(size), V1)} == names


@given(st.binary(max_size=60), st.integers(0, 30))
def test_any_bytes(data, at):
    keys = Keys(suite(0x1301), bytes(32), V1)
    with pytest.raises(Unopened):
        keys.open(data or b"\0", Packet(APPLICATION, 0, 0, len(data)), at)


def sealed(version, generation, number, size=1):
    """A packet that aioquic protects, after so many key updates; labels by RFC 9369 section 3.3.2."""
    label = b"quicv2 ku" if version is V2 else b"quic ku"
    secret = SECRET
    for _ in range(generation):
        secret = hkdf_expand_label(hashes.SHA256(), secret, label, b"", 32)
    writer, first = CryptoContext(), CryptoContext()
    code = QuicProtocolVersion.VERSION_2 if version is V2 else QuicProtocolVersion.VERSION_1
    writer.setup(cipher_suite=CipherSuite.AES_128_GCM_SHA256, secret=secret, version=code)
    first.setup(cipher_suite=CipherSuite.AES_128_GCM_SHA256, secret=SECRET, version=code)
    writer.hp = first.hp
    header = bytes([0x40 | (generation & 1) << 2 | size - 1]) + b"id" + (number % (1 << 8 * size)).to_bytes(size)
    return writer.encrypt_packet(header, b"packet %d" % number + bytes(20), number)


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize(
    ("steps", "opened"),
    [
        ([(0, 0), (0, 1), (1, 2), (1, 3), (2, 4)], 5),
        ([(0, 0), (1, 2), (0, 1), (1, 3)], 4),
        ([(0, 0), (2, 9), (1, 5), (0, 1), (3, 12)], 5),
        ([(0, 0), (0, 700), (0, 701)], 3),
        ([(0, 0), (1, 700), (1, 701)], 3),
        ([(0, 0), (0, 100_000)], 1),
        ([(0, 0), (5, 9)], 1),
    ],
)
def test_key_updates_and_long_gaps(version, steps, opened):
    keys, good = Keys(suite(0x1301), SECRET, version), 0
    for generation, number in steps:
        data = sealed(version, generation, number)
        try:
            text = keys.open(data, Packet(APPLICATION, 0, 0, len(data)), 3)
        except Unopened:
            continue
        good += text.startswith(b"packet %d" % number)
    assert good == opened


def test_what_never_opens_is_not_tried_for_ever():
    keys = Keys(suite(0x1301), SECRET, V1)
    data = sealed(V1, 0, 0)
    keys.open(data, Packet(APPLICATION, 0, 0, len(data)), 3)
    broken = bytearray(sealed(V1, 0, 1))
    broken[-1] ^= 1
    for _ in range(100):
        with pytest.raises(Unopened):
            keys.open(bytes(broken), Packet(APPLICATION, 0, 0, len(broken)), 3)
    assert keys._tries == 0
    data = sealed(V1, 1, 2)
    assert keys.open(data, Packet(APPLICATION, 0, 0, len(data)), 3)
