import lzma
import shutil
import subprocess
import zlib

import pytest

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.xz import decode

TEXT = b"imei=867530912345678&mac=a4:50:46:12:34:56"
SAMPLE = (lzma.compress(TEXT), {})


@pytest.mark.parametrize("data", [b"\xfd7zXZ", b"\xfd7zYZ\0" + bytes(20), TEXT, bytes(40)])
def test_foreign(data):
    assert decode(data, Context()) is None
    with pytest.raises(DecodeError, match="said to be xz"):
        decode(data, Context(encoding=("xz",)))


@pytest.mark.parametrize("padding", [b"", bytes(4), bytes(400)])
def test_streams_with_padding(padding):
    parts = decode(lzma.compress(TEXT) + padding + lzma.compress(b"second") + padding + b"rest", Context())
    assert [(part.path, part.value) for part in parts] == [("", TEXT + b"second"), (".rest", b"rest")]


@pytest.mark.parametrize("check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256])
def test_checks(check):
    assert decode(lzma.compress(TEXT, check=check), Context())[0].value == TEXT


@pytest.mark.parametrize("preset", [0, 6, 9, 9 | lzma.PRESET_EXTREME])
def test_presets(preset):
    assert decode(lzma.compress(TEXT, preset=preset), Context())[0].value == TEXT


def test_window_too_large():
    """2 GB are asked for in the header of the block (section 5.3.1), whose CRC is right."""
    packed = bytearray(SAMPLE[0])
    begin, size = 12, (packed[12] + 1) * 4
    packed[begin + 4] = 38
    packed[begin + size - 4 : begin + size] = zlib.crc32(packed[begin : begin + size - 4]).to_bytes(4, "little")
    with pytest.raises(LimitReached, match="bytes"):
        decode(bytes(packed), Context())


@pytest.mark.skipif(shutil.which("xz") is None, reason="the program xz is not there")
@pytest.mark.parametrize("options", [["-9e"], ["-T2", "--block-size=1000"], ["--x86", "--lzma2"]])
def test_program(options):
    packed = subprocess.run(["xz", "-c", *options], input=TEXT * 3000, capture_output=True, check=True).stdout
    assert decode(packed, Context())[0].value == TEXT * 3000
