import bz2
from random import Random

import pytest

from leaktap.decoders._api import Context, DecodeError
from leaktap.decoders.bzip2 import decode

SAMPLE = (bz2.compress(b"imei=867530912345678&mac=a4:50:46:12:34:56"), {})


@pytest.mark.parametrize("data", [b"BZh", b"BZh9 is how it begins", b"BZh01AY&SY" + bytes(9), b"BZ0" + bytes(20)])
def test_foreign(data):
    assert decode(data, Context()) is None
    with pytest.raises(DecodeError, match="said to be bzip2"):
        decode(data, Context(encoding=("bzip2",)))


def test_nothing_packed(follow):
    assert not follow(bz2.compress(b"")).faults


def test_streams_and_what_follows():
    parts = decode(bz2.compress(b"first,") + bz2.compress(b"second") + b"rest", Context())
    assert [(part.path, part.value) for part in parts] == [("", b"first,second"), (".rest", b"rest")]


def test_whole_blocks_before_a_broken_one():
    chance = Random(1)
    data = chance.randbytes(150_000).hex().encode()
    packed = bytearray(bz2.compress(data, 1))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(DecodeError) as caught:
        decode(bytes(packed), Context())
    kept = caught.value.parts[0].value
    assert len(kept) >= 99_000 and data.startswith(kept[:99_000])
