"""EXIF by hand-made TIFFs in every container, and against Pillow, which writes it, where it is installed."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders import Limits, parts, walk
from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.exif import decode
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Leaf, Message


def tiff(order="<", south=False):
    """A TIFF with a model, a place (31°14'2.4" 121°28'25.32") and the owner's name."""

    def pack(layout, *values):
        return struct.pack(order + layout, *values)

    def entry(tag, kind, count, value):
        return pack("HHI", tag, kind, count) + value.ljust(4, b"\0")

    texts = b"Phone 9\0" + b"Mary Sample\0"
    rationals = pack("6I", 31, 1, 14, 1, 240, 100) + pack("6I", 121, 1, 28, 1, 2532, 100)
    first = 8
    gps = first + 2 + 3 * 12 + 4
    exif = gps + 2 + 4 * 12 + 4
    data = exif + 2 + 12 + 4
    return (
        (b"II*\0" if order == "<" else b"MM\0*")
        + pack("I", first)
        + pack("H", 3)
        + entry(0x0110, 2, 8, pack("I", data))
        + entry(0x8769, 4, 1, pack("I", exif))
        + entry(0x8825, 4, 1, pack("I", gps))
        + pack("I", 0)
        + pack("H", 4)
        + entry(1, 2, 2, b"S\0" if south else b"N\0")
        + entry(2, 5, 3, pack("I", data + 20))
        + entry(3, 2, 2, b"E\0")
        + entry(4, 5, 3, pack("I", data + 44))
        + pack("I", 0)
        + pack("H", 1)
        + entry(0xA430, 2, 12, pack("I", data + 8))
        + pack("I", 0)
        + texts
        + rationals
    )


def jpeg(block, before=b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"):
    head = b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block
    return b"\xff\xd8" + before + head + b"\xff\xda\0\x02" + bytes(64) + b"\xff\xd9"


def png(block):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + bytes(4)

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"eXIf", block) + chunk(b"IDAT", bytes(9))


def webp(block):
    def chunk(name, body):
        return name + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)

    return b"RIFF" + bytes(4) + b"WEBP" + chunk(b"VP8X", bytes(9)) + chunk(b"EXIF", block)


def heif(block):
    return b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x10infeExif" + bytes(40) + b"\0\0\0\x06Exif\0\0" + block


SAMPLE = (jpeg(tiff()), {})
WHOLE = {
    ".Model": b"Phone 9",
    ".GPSLatitude": b"31.2340000",
    ".GPSLongitude": b"121.4737000",
    ".CameraOwnerName": b"Mary Sample",
}


def values(data, **context):
    return {part.path: part.value for part in decode(data, Context(**context)) or ()}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("container", [jpeg, png, webp, heif])
def test_every_container(container, order):
    assert values(container(tiff(order))) == WHOLE


def test_signs_and_order_of_segments():
    assert values(jpeg(tiff(south=True)))[".GPSLatitude"] == b"-31.2340000"
    assert values(jpeg(tiff(), before=b"\xff\xe1\0\x1fhttp://ns.adobe.com/xap/1.0/\0")) == WHOLE
    assert values(jpeg(tiff(), before=b"")) == WHOLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100),
        b"\xff\xd8\xff\xda" + jpeg(tiff())[20:],
        png(b"")[:20],
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFF0) + b"IDAT" + bytes(50),
        b"RIFF\0\0\0\0WEBPVP8 \x09\0\0\0" + bytes(50),
        heif(tiff()).replace(b"Exif", b"mime"),
    ],
)
def test_pictures_without(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize(
    "block",
    [
        b"no TIFF at all",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 0x8825, 4, 1, 0xFFFFFF),
    ],
)
def test_broken(block):
    with pytest.raises(DecodeError):
        decode(jpeg(block), Context())


def test_cut_off():
    with pytest.raises(DecodeError) as broken:
        decode(jpeg(tiff(), before=b"")[:60], Context())
    assert broken.value.parts == ()
    with pytest.raises(DecodeError):
        decode(jpeg(tiff(), before=b"")[:20], Context())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (struct.pack("<6I", 31, 1, 14, 1, 240, 100), bytes(24)),  # never filled in
        (struct.pack("<6I", 31, 1, 14, 1, 240, 100), struct.pack("<6I", 31, 0, 14, 0, 240, 0)),
        (struct.pack("<6I", 31, 1, 14, 1, 240, 100), struct.pack("<6I", 310, 1, 14, 1, 240, 100)),
        (struct.pack("<HHI", 2, 5, 3), struct.pack("<HHI", 2, 5, 2)),
        (struct.pack("<HHI", 2, 5, 3), struct.pack("<HHI", 2, 3, 3)),
        (struct.pack("<HHI", 2, 5, 3), struct.pack("<HHI", 2, 5, 0xFFFFFFFF)),
    ],
)
def test_what_is_no_latitude(old, new):
    assert tiff().count(old) == 1
    assert ".GPSLatitude" not in values(jpeg(tiff().replace(old, new)))


def test_limits():
    with pytest.raises(LimitReached) as reached:
        decode(jpeg(tiff()), Context(most=2))
    assert len(reached.value.parts) == 2
    with pytest.raises(LimitReached):
        decode(jpeg(tiff()), Context(room=10))


@given(st.sampled_from([jpeg, png, webp, heif]), st.data())
def test_anything_within(container, data):
    block = bytearray(tiff(data.draw(st.sampled_from("<>"))))
    for at in data.draw(st.lists(st.integers(0, len(block) - 1), max_size=6)):
        block[at] = data.draw(st.integers(0, 255))
    whole = container(bytes(block))
    try:
        decode(whole[: data.draw(st.integers(0, len(whole)))], Context())
    except DecodeError as error:
        assert str(error)


@pytest.mark.parametrize("container", [jpeg, heif])
def test_an_uploaded_photograph_tells_the_place(container):
    picture = container(tiff()) + bytes(400)
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + picture + b"\r\n--xyz--\r\n"
    )
    message = Message(("POST", "/up", "HTTP/1.1"), ((b"Content-Type", b"multipart/form-data; boundary=xyz"),), body)
    matcher = Matcher()
    leaves = walk(parts(message, "request", sieve=matcher.sieve), Limits(), matcher.sieve)
    found = matcher.match([leaf for leaf in leaves if isinstance(leaf, Leaf)])
    assert [(m.identifier, m.value, m.leaf.path, m.confidence) for m in found] == [
        ("location", "31.2340000", "request.body|multipart.file|exif.GPSLatitude", 0.85),
        ("location", "121.4737000", "request.body|multipart.file|exif.GPSLongitude", 0.85),
    ]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@given(
    st.floats(-89, 89).filter(lambda number: abs(number) > 0.01),
    st.floats(-179, 179).filter(lambda number: abs(number) > 0.01),
)
def test_what_pillow_writes(kind, latitude, longitude):
    image = pytest.importorskip("PIL.Image")
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    exif = image.Exif()
    exif[0x010F] = "Example"
    exif[0x8825] = {
        1: "S" if latitude < 0 else "N",
        2: (abs(latitude), 0.0, 0.0),
        3: "W" if longitude < 0 else "E",
        4: (abs(longitude), 0.0, 0.0),
    }
    file = io.BytesIO()
    image.new("RGB", (16, 16)).save(file, kind, exif=exif)
    found = values(file.getvalue())
    assert found[".Make"] == b"Example"
    assert float(found[".GPSLatitude"]) == pytest.approx(latitude, abs=1e-5)
    assert float(found[".GPSLongitude"]) == pytest.approx(longitude, abs=1e-5)
