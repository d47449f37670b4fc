import json
import random
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders.lzstring import DECODER, decode
from leaktap.identifiers._lzstring import lz_string
from tests._kept import KEPT

LZ_STRING = KEPT / "lz-string-1.5.0.js"
VECTORS = [  # as lz-string 1.5.0 writes them: base64, URI component, UTF-16 in UTF-8, bytes
    (
        '{"imei":"867530912345673"}',
        "N4IglgtgpmIFwgBwDYDsBWAzABgJwEYAmTAFnTUxAF8g",
        "N4IglgtgpmIFwgBwDYDsBWAzABgJwEYAmTAFnTUxAF8g",
        "e1afa1e0a185e4868ce0aa86e1818ee0a0a1e680bbc48ccb90e0b3a0cca1e1b0a4e380a4e693a0e0ad9ae395914fe4a0a020",
        "378220960b60a66205c200700d80ec056033001809c046009930059d3531005f2000",
    ),
    (
        "867530912345673",
        "BwNg7ArAzADAnARgExQCwXFIA===",
        "BwNg7ArAzADAnARgExQCwXFIA",
        "cea1e5a19bc5b8e0b3a0d8a4e780b1e48186e190a2e68398e588a020",
        "070360ec0ac0cc00c09c0460131402c171480000",
    ),
    (
        "张三丰 867530912345673",
        "gT6kg5QMcgBAHAbA7AVgMwAYCcBGATEgLA+JIA==",
        "gT6kg5QMcgBAHAbA7AVgMwAYCcBGATEgLA+JIA",
        "e482bfe2a580e78aa1e49d80c8a0e780bbc7b8d680e1a6a0d8a2e3a0a8e680b3e0a4a1e3819ee189a020",
        "813ea483940c7200401c06c0ec056033001809c0460131202c0f8920",
    ),
    (
        "a" * 110,
        "IY18ZXTt/DxA",
        "IY18ZXTt-DxA",
        "e183a6e5bcb9e2babde5bfa3e688a020",
        "218d7c6574edfc3c4000",
    ),
]  # fmt: skip
SAMPLE = (VECTORS[0][1].encode(), {})


def test_of_some_length_it_is_not_base64_as_well(follow):
    long = lz_string('{"imei":"867530912345673","page":"a view of the home page"}')
    assert follow(long).values["|lzstring|json.$.imei"] == b"867530912345673"
    assert not any(path.startswith("|base64") for path in follow(long).values)
    assert "" in follow(VECTORS[1][1].encode()).values


@pytest.mark.parametrize(("text", "base64", "uri", "utf16", "raw"), VECTORS)
def test_read(text, base64, uri, utf16, raw):
    for value in (
        base64.encode(),
        uri.encode(),
        uri.replace("+", " ").encode(),
        bytes.fromhex(utf16),
        bytes.fromhex(raw),
    ):
        assert [part.value for part in decode(value, Context()) or ()] == [text.encode()]


@pytest.mark.parametrize(
    "value",
    [
        b"hello",
        b"deviceId",
        b"867530912345673",
        b"5be1c07a92d4386f",
        b"a4:50:46:12:34:56",
        "张三丰李小龙".encode(),
        b"\x00" * 1000,
        b"Q===",
        b"\x89PNG\r\n\x1a\n",
        bytes(range(256)),
        b"T3BlbkFJ",
        b"N4IglgtgpmIFwgBwDYDsBWA",
    ],
)
def test_left_alone(value):
    assert decode(value, Context()) is None


def test_random_bytes_are_none():
    chance = random.Random(7)
    assert not any(decode(chance.randbytes(24), Context()) for _ in range(5000))


def test_what_is_read_is_tried():
    """By chance and not, in bytes, in UTF-8 and in letters."""
    chance = random.Random(1)
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-"
    values = [chance.randbytes(chance.randrange(4, 9)) for _ in range(8000)]
    values += [bytes(chance.choices(letters, k=chance.randrange(8, 16))) for _ in range(8000)]
    values += ["".join(chr(chance.randrange(0x20, 0xD800)) for _ in range(3)).encode() for _ in range(8000)]
    read = [value for value in values if decode(value, Context())]
    assert len(read) > 30
    read += [
        form for _, *texts, utf16, raw in VECTORS for form in (texts[0].encode(), *map(bytes.fromhex, (utf16, raw)))
    ]
    assert DECODER.shape and not [value for value in read if not DECODER.shape.match(value)]


def test_a_stream_that_repeats_without_end_is_bounded():
    # The literal `a`, then the code that is not in the dictionary yet, over and over: each one longer by a letter.
    bits = "00" + f"{ord('a'):08b}"[::-1]
    code, width, left = 4, 3, 4
    for _ in range(20_000):
        bits += f"{code:0{width}b}"[::-1]
        code, left = code + 1, left - 1
        if not left:
            left, width = 1 << width, width + 1
    value = int(bits.ljust(-(-len(bits) // 16) * 16, "0"), 2).to_bytes(-(-len(bits) // 16) * 2)
    with pytest.raises(LimitReached):
        decode(value, Context(room=1 << 20))


@given(st.integers(0, 60), st.sampled_from(VECTORS))
def test_cut_anywhere(cut, vector):
    for value in (vector[1].encode(), bytes.fromhex(vector[3]), bytes.fromhex(vector[4])):
        decode(value[:cut], Context())


@pytest.mark.skipif(shutil.which("node") is None, reason="the program node is not there")
@pytest.mark.skipif(not LZ_STRING.is_file(), reason=f"there is no {LZ_STRING}: see .ci/run")
def test_what_javascript_writes():
    texts = [
        json.dumps({"events": [{"n": n, "e": f"page_{n}", "name": "张三丰"} for n in range(m)]}) for m in range(40)
    ]
    script = (
        "const z=require(process.argv[1]);const t=JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(t.map(x=>[z.compressToBase64(x),z.compressToEncodedURIComponent(x),"
        "z.compressToUTF16(x)])))"
    )
    made = subprocess.run(
        ["node", "-e", script, LZ_STRING], input=json.dumps(texts).encode(), capture_output=True, check=True
    )
    for text, written in zip(texts, json.loads(made.stdout), strict=True):
        for value in written:
            assert [part.value for part in decode(value.encode(), Context()) or ()] == [text.encode()]


@pytest.mark.parametrize("data", [b"click0=\n", b"abcd\n", b"abcde-\n"])
def test_a_line_is_none(data):
    assert decode(data, Context()) is None
