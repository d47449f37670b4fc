import lzma
import shutil
import subprocess
from random import Random

import pytest

from leaktap.decoders._api import Context, DecodeError
from leaktap.decoders.lzma import DECODER, decode

TEXT = b"imei=867530912345678&mac=a4:50:46:12:34:56"


def alone(data, **options):
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 6, **options}]
    return lzma.compress(data, lzma.FORMAT_ALONE, filters=filters)


SAMPLE = (alone(TEXT), {})


@pytest.mark.parametrize(
    "options",
    [{}, {"dict_size": 1 << 12}, {"dict_size": 3 << 20}, {"lc": 0, "lp": 2, "pb": 0}, {"dict_size": 64 << 20}],
)
def test_properties(options):
    packed = alone(TEXT, **options)
    assert DECODER.shape.match(packed)
    assert decode(packed, Context())[0].value == TEXT


def test_size_known():
    """As LZMA SDK writes it, without a mark at the end."""
    packed = alone(TEXT)
    sized = packed[:5] + len(TEXT).to_bytes(8, "little") + packed[13:]
    assert decode(sized, Context())[0].value == TEXT


@pytest.mark.parametrize(
    "data", [TEXT, bytes(40), b"\x5d\0\0\x80\0" + b"\xff" * 40, b"\xff\0\0\x80\0" + b"\xff" * 8 + bytes(9)]
)
def test_foreign(data):
    assert decode(data, Context()) is None
    if not DECODER.shape.match(data):
        with pytest.raises(DecodeError, match="said to be lzma"):
            decode(data, Context(encoding=("lzma",)))


def test_random_bytes_behind_a_likely_header():
    chance = Random(1)
    for _ in range(300):
        assert decode(b"\x5d\0\0\x80\0" + b"\xff" * 8 + b"\0" + chance.randbytes(60), Context()) is None


@pytest.mark.skipif(shutil.which("xz") is None, reason="the program xz is not there")
def test_program():
    packed = subprocess.run(["xz", "-c", "--format=lzma"], input=TEXT * 300, capture_output=True, check=True).stdout
    assert decode(packed, Context())[0].value == TEXT * 300
