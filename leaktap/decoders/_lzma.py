"""Decompressors of the LZMA family, with bounded memory. They need as much for their window as they put out."""

import lzma

MOST = 32 << 20
"""How much is put out at most, so that it fits twice into what a message may take."""

_WINDOW = 72 << 20
"""Enough for the strongest preset, which asks for 64 MB even for little data; only what is put out is really used."""


def xz_stream() -> lzma.LZMADecompressor:
    """Returns a decompressor of one xz stream."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _WINDOW)


def alone_stream() -> lzma.LZMADecompressor:
    """Returns a decompressor of the format that came before xz."""
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, _WINDOW)
