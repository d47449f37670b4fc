"""Pictures as phones make and apps send them: with the place in their EXIF, and of a face under a name that says so.

EXIF after CIPA DC-008, sections 4.5 to 4.7: a TIFF in the segment APP1, with a directory of its own for the place.
"""

import base64
import json
import struct
from collections.abc import Iterator
from random import Random

import cbor2
import msgpack

from benchmarks._writing import Writing

_ASCII, _LONG, _RATIONAL = 2, 4, 5
_GPS = 0x8825
_FACES = ("face_image", "faceImg", "livenessImage", "selfie", "人脸照片")

type _Entry = tuple[int, int, int, bytes]
"""Tag, type, count and value."""


def photos(latitude: float, longitude: float, random: Random) -> Iterator[Writing]:
    """Yields photographs from within some hundred metres of a place, and images of faces."""
    for order in "<>":
        for _ in range(3):
            north, east = (degrees + random.uniform(-0.0009, 0.0009) for degrees in (latitude, longitude))
            data = _picture(random, _exif(order, north, east))
            yield Writing("location", "", data, (), "EXIF of a photograph", "|exif.GPSLatitude")
    for name in _FACES:
        text = base64.b64encode(_picture(random, b"")).decode()
        for head in ("", "data:image/jpeg;base64,"):
            document = json.dumps({"v": 3, name: head + text}, ensure_ascii=False).encode()
            step = f"|json.$.{name}" + "|data" * bool(head)
            yield Writing("biometric", "", document, (), "image under its name", step, "key")
        picture = _picture(random, b"")
        for kind, pack in (("messagepack", msgpack.packb), ("cbor", cbor2.dumps)):
            document = pack({"v": 3, name: picture})
            yield Writing("biometric", "", document, (), "image under its name", f"|{kind}.$.{name}", "key")


def _picture(random: Random, exif: bytes) -> bytes:
    """Returns a JPEG's marks around noise in place of a scan."""
    segment = b"\xff\xe1" + (len(exif) + 8).to_bytes(2) + b"Exif\0\0" + exif if exif else b""
    scan = random.randbytes(random.randint(1200, 3000)).replace(b"\xff", b"\xfe")
    jfif = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    return b"\xff\xd8" + jfif + segment + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + scan + b"\xff\xd9"


def _exif(order: str, north: float, east: float) -> bytes:
    make = b"Drawn Devices\0"
    first = [(0x010F, _ASCII, len(make), make), (_GPS, _LONG, 1, b"")]
    inner = 8 + len(_directory(order, 8, first))
    first[1] = (_GPS, _LONG, 1, struct.pack(f"{order}I", inner))
    place = [
        (0x0001, _ASCII, 2, b"N\0"),
        (0x0002, _RATIONAL, 3, _angle(order, north)),
        (0x0003, _ASCII, 2, b"E\0"),
        (0x0004, _RATIONAL, 3, _angle(order, east)),
    ]
    begin = b"II*\0" if order == "<" else b"MM\0*"
    return begin + struct.pack(f"{order}I", 8) + _directory(order, 8, first) + _directory(order, inner, place)


def _directory(order: str, at: int, entries: list[_Entry]) -> bytes:
    """Returns a directory that stands at the offset `at`, with the values that do not fit into it behind."""
    out, behind = struct.pack(f"{order}H", len(entries)), b""
    end = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        out += struct.pack(f"{order}HHI", tag, kind, count)
        if len(value) <= 4:
            out += value.ljust(4, b"\0")
        else:
            out += struct.pack(f"{order}I", end + len(behind))
            behind += value
    return out + bytes(4) + behind


def _angle(order: str, degrees: float) -> bytes:
    """Returns degrees, minutes, and seconds in ten thousandths, as rational numbers."""
    minutes, seconds = divmod(round(degrees * 3600 * 10_000), 600_000)
    return struct.pack(f"{order}6I", minutes // 60, 1, minutes % 60, 1, seconds, 10_000)
