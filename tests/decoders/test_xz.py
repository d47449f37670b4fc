import lzma
import shutil
import subprocess

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
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    packed = lzma.LZMACompressor(filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]).compress(b"")
    assert packed == b"" or packed  # the encoder may keep its header back
    raw = bytearray(lzma.compress(TEXT, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]))
    del filters
    # Block header: size, flags, filter id, size of properties, dictionary size (spec 5.3.1), padding, CRC32.
    begin = 12
    size = (raw[begin] + 1) * 4
    raw[begin + 4] = 38  # 2 GB
    import zlib

    raw[begin + size - 4 : begin + size] = zlib.crc32(raw[begin : begin + size - 4]).to_bytes(4, "little")
    with pytest.raises(LimitReached, match="bytes"):
        decode(bytes(raw), Context())


@pytest.mark.skipif(shutil.which("xz") is None, reason="the program xz is not there")
@pytest.mark.parametrize("options", [["-9e"], ["-T2", "--block-size=1000"], ["--x86", "--lzma2"]])
def test_program(options):
    packed = subprocess.run(["xz", "-c", *options], input=TEXT * 3000, capture_output=True, check=True).stdout
    assert decode(packed, Context())[0].value == TEXT * 3000
