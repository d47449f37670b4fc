import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.tls_aria import Aria

PLAIN = "00112233445566778899aabbccddeeff"

RFC5794 = [
    ("000102030405060708090a0b0c0d0e0f", "d718fbd6ab644c739da95f3be6451778"),
    ("000102030405060708090a0b0c0d0e0f1011121314151617", "26449c1805dbe7aa25a468ce263a9e79"),
    ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "f92bd7c79fb72e2f2b8f80c1972d24fc"),
]


@pytest.mark.parametrize(("key", "cipher"), RFC5794)
def test_the_vectors_of_the_rfc(key, cipher):
    one = Aria(bytes.fromhex(key))
    assert one.encrypt(bytes.fromhex(PLAIN) * 3).hex() == cipher * 3
    assert one.decrypt(bytes.fromhex(cipher) * 3).hex() == PLAIN * 3


@given(key=st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)), data=st.data())
def test_what_is_enciphered_can_be_deciphered(key, data):
    blocks = data.draw(st.binary(min_size=0, max_size=10).map(lambda some: some * 16))
    one = Aria(key)
    assert one.decrypt(one.encrypt(blocks)) == blocks


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl program")
@pytest.mark.parametrize("bits", [128, 192, 256])
def test_openssl_agrees(bits):
    key, data = bytes(range(7, 7 + bits // 8)), bytes(number * 37 & 255 for number in range(4096))

    def openssl(mode):
        command = ["openssl", "enc", f"-aria-{bits}-{mode}", "-nopad", "-K", key.hex()]
        command += ["-iv", data[:16].hex()] * (mode == "cbc")
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    assert Aria(key).encrypt(data) == openssl("ecb")
    assert Aria(key).chained()(data[:16] + openssl("cbc"))[16:] == data
