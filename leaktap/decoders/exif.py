"""EXIF of photographs: where and when they were taken, with what, and by whom; from JPEG, PNG, WebP and HEIF.

The tags are a TIFF of up to three directories (EXIF 3.0, CIPA DC-008, sections 4.5 and 4.6): the first one, and those
for EXIF and GPS that it points to. A container only says where that TIFF begins: JPEG's APP1 segment (section 4.7),
PNG's chunk eXIf (PNG 3, section 11.3.3.4), WebP's chunk EXIF (RFC 9649, section 2.7.1.5), HEIF's item of that kind
(ISO/IEC 23008-12, annex A). Coordinates are put out in degrees, moments and names as they stand; the picture stays a
leaf.
"""

import re
import struct
from collections.abc import Iterator, Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part

_SHAPE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|\x00\x00.{2}ftyp(?:hei[cxms]|hev[cxm]|mif1|msf1|avif)", re.DOTALL
)
_EXIF = b"Exif\0\0"
_TIFF = re.compile(rb"II\x2a\x00|MM\x00\x2a")
_MOST_SEGMENTS = 1000
_MOST_ENTRIES = 512
_LONGEST = 1024
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
"""Bytes of a value by the number of its type."""

_EXIF_DIRECTORY, _GPS_DIRECTORY = 0x8769, 0x8825
_TEXTS = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x9003: "DateTimeOriginal",
    0x9011: "OffsetTimeOriginal",
    0x9286: "UserComment",
    0xA420: "ImageUniqueID",
    0xA430: "CameraOwnerName",
    0xA431: "BodySerialNumber",
    0xA435: "LensSerialNumber",
}
_GPS_TEXTS = {0x001C: "GPSAreaInformation", 0x001D: "GPSDateStamp"}
_COORDINATES = {0x0002: ("GPSLatitude", 0x0001, b"S", 90.0), 0x0004: ("GPSLongitude", 0x0003, b"W", 180.0)}
_GPS_NUMBERS = {0x0006: "GPSAltitude", 0x001F: "GPSHPositioningError"}

type _Values = dict[int, tuple[int, bytes]]
"""The type and the bytes of each tag."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the tags as text, each under its name in the standard (`.GPSLatitude`)."""
    start = _tiff(data)
    if start is None:
        return None
    parts: list[Part] = []
    why = ""
    try:
        for name, text in _tags(data[start : start + (1 << 20)]):
            if len(parts) >= context.most:
                raise LimitReached("parts", parts)
            parts.append(Part(text, f".{name}", (name,), final=True))
    except (struct.error, ValueError) as error:
        why = str(error)
    if sum(len(part.value) for part in parts) > context.room:
        raise LimitReached("bytes")
    if why:
        raise DecodeError(why, parts)
    return parts


def _tiff(data: bytes) -> int | None:
    """Returns the offset at which the TIFF begins, or None for a picture without one."""
    if data.startswith(b"\xff\xd8"):
        return _in_jpeg(data)
    if data.startswith(b"\x89PNG"):
        return _in_chunks(data, 8, ">I4s", b"eXIf", 4)
    if data.startswith(b"RIFF"):
        return _in_chunks(data, 12, "<4sI", b"EXIF", 0)
    at = data.find(_EXIF)
    found = _TIFF.search(data, at + len(_EXIF) if at >= 0 else 12)
    return found.start() if found and (at >= 0 or data.find(b"Exif", 0, 4096) >= 0) else None


def _in_jpeg(data: bytes) -> int | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] in (0xD9, 0xDA):
            return None
        if data[at + 1] == 0xE1 and data.startswith(_EXIF, at + 4):
            return at + 10
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _in_chunks(data: bytes, at: int, layout: str, wanted: bytes, check: int) -> int | None:
    """Returns where the chunk `wanted` has its TIFF; a chunk's head has `layout`, behind it are `check` bytes."""
    for _ in range(_MOST_SEGMENTS):
        if len(data) < at + 8:
            return None
        first, second = struct.unpack_from(layout, data, at)
        name, size = (second, first) if check else (first, second)
        if name == wanted:
            return at + 8 + (len(_EXIF) if data.startswith(_EXIF, at + 8) else 0)
        at += 8 + size + check + (0 if check else size & 1)
    return None


def _tags(tiff: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields names and texts.

    Raises:
        ValueError, struct.error: the TIFF is broken; what was yielded before is right.
    """
    if not _TIFF.match(tiff):
        raise ValueError("no TIFF behind the name of EXIF")
    order = "<" if tiff.startswith(b"II") else ">"
    first = _directory(tiff, order, struct.unpack_from(f"{order}I", tiff, 4)[0])
    yield from _texts(first, _TEXTS)
    gps = _inner(tiff, order, first, _GPS_DIRECTORY)
    for tag, (name, reference, negative, most) in _COORDINATES.items():
        if tag in gps:
            degrees = _degrees(_rationals(gps[tag], order))
            if degrees is not None and degrees <= most:
                sign = -1 if gps.get(reference, (2, b""))[1][:1].upper() == negative else 1
                yield name, f"{sign * degrees:.7f}".encode()
    for tag, name in _GPS_NUMBERS.items():
        if tag in gps and (numbers := _rationals(gps[tag], order)):
            yield name, f"{numbers[0]:.2f}".encode()
    yield from _texts(gps, _GPS_TEXTS)
    yield from _texts(_inner(tiff, order, first, _EXIF_DIRECTORY), _TEXTS)


def _inner(tiff: bytes, order: str, first: _Values, tag: int) -> _Values:
    """Returns the directory that a tag of the first one points to; an empty one where it does not."""
    kind, value = first.get(tag, (0, b""))
    return _directory(tiff, order, struct.unpack(f"{order}I", value)[0]) if kind == 4 and len(value) == 4 else {}


def _directory(tiff: bytes, order: str, at: int) -> _Values:
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    if count > _MOST_ENTRIES:
        raise ValueError(f"a directory of {count} entries at offset {at}")
    found: _Values = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number, offset = struct.unpack_from(f"{order}HHII", tiff, entry)
        size = _SIZES.get(kind, 0) * number
        if not 0 < size <= _LONGEST:
            continue
        start = entry + 8 if size <= 4 else offset
        if start + size <= len(tiff):
            found[tag] = (kind, tiff[start : start + size])
    return found


def _texts(values: _Values, names: dict[int, str]) -> Iterator[tuple[str, bytes]]:
    for tag, name in names.items():
        kind, value = values.get(tag, (0, b""))
        if name == "UserComment" and kind == 7:
            value = value[8:] if value.startswith(b"ASCII\0\0\0") else b""
        text = value.split(b"\0", 1)[0].strip()
        if kind in (2, 7) and text:
            yield name, text


def _rationals(value: tuple[int, bytes], order: str) -> list[float]:
    """Returns the numbers of a tag; none if it has another type or one of them is no number."""
    kind, data = value
    if kind not in (5, 10):
        return []
    pairs = struct.iter_unpack(f"{order}{'II' if kind == 5 else 'ii'}", data)
    numbers = [above / below if below else None for above, below in pairs]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else []


def _degrees(numbers: Sequence[float]) -> float | None:
    """Returns degrees from degrees, minutes and seconds; None for what is no place or was never filled in."""
    if len(numbers) != 3 or not any(numbers):
        return None
    return numbers[0] + numbers[1] / 60 + numbers[2] / 3600


DECODER = Decoder(
    "exif",
    decode,
    rank=30,
    binary=True,
    minimum=20,
    starts=b"\xff\x89R\0",
    shape=_SHAPE,
    strain=0,
)
