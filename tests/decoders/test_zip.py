"""ZIP: `zipfile` and the program zip write the archives; what they cannot write is put together by hand."""

import io
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders._walk import Limits
from leaktap.decoders.zip import decode

TEXT = b'{"imei": "867530912345678", "mac": "a4:50:46:12:34:56"}' * 3


class Pipe(io.RawIOBase):
    """Cannot be rewound: sizes come in data descriptors."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, piece):
        self.data += piece
        return len(piece)


def zipped(members, method=zipfile.ZIP_DEFLATED, comment=b"", piped=False):
    file = Pipe() if piped else io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
        archive.comment = comment
    return bytes(file.data) if piped else file.getvalue()


def local(name, data, method=0, flags=0, packed=None, size=None):
    packed = data if packed is None else packed
    size = len(packed) if size is None else size
    return (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 0, 0, size, len(data), len(name), 0)
        + name
        + packed
    )


SAMPLE = (zipped([("META/x.txt", TEXT)]), {})
METHODS = {zipfile.ZIP_STORED: "", zipfile.ZIP_DEFLATED: "", zipfile.ZIP_BZIP2: "|bzip2", zipfile.ZIP_LZMA: "|lzma"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("piped", [False, True])
def test_members(follow, method, piped):
    members = [("META/x.txt", TEXT), ("empty", b""), ("a.bin", bytes(range(256)) * 9), ("\u5f20\u4e09.txt", b"phone")]
    followed = follow(zipped(members, method, piped=piped))
    inner = METHODS[method]
    assert followed.at(f"|zip.META/x.txt{inner}") == [TEXT] or followed.at(f"|zip.META/x.txt{inner}|json[0].$.imei")
    assert bytes(range(256)) * 9 in followed.at(f"|zip.a.bin{inner}")
    assert followed.at(f"|zip.\u5f20\u4e09.txt{inner}") == [b"phone"]
    assert followed.at("|zip.META/x.txt#key") == [b"META/x.txt"]
    assert not followed.faults


def test_names_are_keys(follow):
    (leaf,) = [
        leaf for leaf in follow(zipped([("a/imei.txt", b"867530912345678")])).leaves if not leaf.path.endswith("#key")
    ]
    assert (leaf.keys, leaf.via) == (("a/imei.txt",), ("zip",))


@settings(max_examples=100, deadline=None)
@given(
    members=st.lists(st.tuples(st.text("ab/.\u5f20|'[", min_size=1, max_size=6), st.binary(max_size=300)), max_size=6),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    piped=st.booleans(),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_everything_comes_out(members, method, piped):
    members = [(name, data) for name, data in members if b"PK" not in data]
    packed = zipped(members, method, piped=piped)
    if members:
        parts = [part for part in decode(packed, Context()) if not part.path.endswith("#key")]
        assert [(part.keys[0], part.value) for part in parts] == [(name, data) for name, data in members if data]
        assert len({part.path for part in parts}) == len(parts)


def test_archive_in_archive(follow):
    data = zipped(
        [("inner.zip", zipped([("x", b"867530912345678")], zipfile.ZIP_STORED))], zipfile.ZIP_STORED, piped=True
    )
    assert follow(data).at("|zip.inner.zip|zip.x") == [b"867530912345678"]


def test_comment(follow):
    assert follow(zipped([("x", b"y")], comment=b"channel=867530912345678")).values["|zip.comment|pair.channel"]


def test_odd_names(follow):
    paths = {
        leaf.path for leaf in follow(zipped([("a|b", b"1"), ("../../etc/passwd", b"2"), ("\x1b[2J", b"3")])).leaves
    }
    assert "body|zip['a|b']" in paths
    assert "body|zip['../../etc/passwd']" in paths
    assert all(path.isprintable() for path in paths)


def test_name_in_gbk(follow):
    data = local("\u5f20\u4e09.txt".encode("gbk"), b"phone") + b"PK\x05\x06" + bytes(18)
    assert follow(data).at("|zip.\u5f20\u4e09.txt") == [b"phone"]


@pytest.mark.parametrize(("flags", "method", "why"), [(1, 8, "encrypted"), (0, 9, "method 9"), (1, 99, "encrypted")])
def test_what_is_not_read_is_said_and_the_rest_is_read(follow, flags, method, why):
    data = local(b"secret", b"x" * 20, method, flags) + zipped([("plain", b"867530912345678")])
    followed = follow(data)
    assert followed.at("|zip.plain") == [b"867530912345678"]
    (fault,) = followed.faults
    assert "secret" in fault.why and why in fault.why


def test_encrypted_in_a_pipe(follow):
    descriptor = b"PK\x07\x08" + bytes(4) + (20).to_bytes(4, "little") * 2
    data = local(b"secret", b"x" * 20, 8, 9, size=0) + descriptor + zipped([("plain", b"867530912345678")])
    assert follow(data).at("|zip.plain") == [b"867530912345678"]


@pytest.mark.parametrize("size", [12, 16, 20, 24])
@pytest.mark.parametrize("method", [0, 8])
def test_descriptors(follow, size, method):
    stream = zlib.compressobj(wbits=-15)
    packed = stream.compress(TEXT) + stream.flush() if method else TEXT
    width = 4 if size < 20 else 8
    lengths = len(packed).to_bytes(width, "little") + len(TEXT).to_bytes(width, "little")
    descriptor = (b"PK\x07\x08" if size in (16, 24) else b"") + bytes(4) + lengths
    data = local(b"a", TEXT, method, 8, packed, 0) + descriptor + zipped([("b", b"867530912345678")])
    if method or size in (12, 16, 24):
        assert follow(data).at("|zip.b") == [b"867530912345678"]


def test_zip64():
    extra = struct.pack("<HHQQ", 1, 16, len(TEXT), len(TEXT))
    head = struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, 0, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 1, len(extra))
    data = head + b"a" + extra + TEXT + b"PK\x05\x06" + bytes(18)
    assert [part.value for part in decode(data, Context())] == [TEXT]


@pytest.mark.parametrize("cut", [10, 30, 60, 90, 120, 150])
def test_cut_off(cut):
    chance = Random(1)
    data = zipped([("a", b"first"), ("b", chance.randbytes(200))])
    with pytest.raises(DecodeError) as caught:
        decode(data[:cut], Context())
    if cut > 40:
        assert caught.value.parts[0].value == b"first"


@settings(max_examples=200, deadline=None)
@given(change=st.data())
def test_cut_and_changed(change):
    packed = bytearray(zipped([("a.txt", TEXT), ("b", b"x" * 40)], piped=change.draw(st.booleans())))
    del packed[change.draw(st.integers(4, len(packed))) :]
    for at in change.draw(st.lists(st.integers(4, max(len(packed) - 1, 4)), max_size=4)):
        if at < len(packed):
            packed[at] = change.draw(st.integers(0, 255))
    context = Context(room=500, most=3)
    try:
        parts = decode(bytes(packed), context)
    except (DecodeError, LimitReached) as error:
        assert str(error)
        parts = error.parts
    assert len(parts) <= 3 and sum(len(part.value) for part in parts) <= 500


def test_bomb(follow):
    packed = zipped([(f"{i}", bytes(8 << 20)) for i in range(12)])
    follow(packed, Limits(bytes=16 << 20, seconds=30))  # what is made once is made
    tracemalloc.start()
    try:
        followed = follow(packed, Limits(bytes=16 << 20, seconds=30))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "bytes" in [limited.which for limited in followed.limits]
    assert peak < 48 << 20


def test_many_members():
    with pytest.raises(LimitReached, match="parts"):
        decode(zipped([(f"{i}", b"x") for i in range(50)]), Context(most=20))


def test_members_that_overlap():
    """Forty directory entries for one member, as in a bomb of overlapping files: it is read once."""
    data = zipped([("a", bytes(1000))])
    at = data.index(b"PK\x01\x02")
    central, end = data[at : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    assert len(decode(data[:at] + central * 40 + end, Context())) == 1


@pytest.mark.parametrize("data", [b"PK", b"PK\x05\x06" + bytes(18), b"PKzip" + bytes(40), TEXT])
def test_foreign(data):
    assert decode(data, Context()) is None


@pytest.mark.skipif(shutil.which("zip") is None, reason="the program zip is not there")
@pytest.mark.parametrize("options", [[], ["-0"], ["-9"], ["-Z", "bzip2"], ["-P", "secret"]])
def test_program(follow, tmp_path, options):
    (tmp_path / "imei.txt").write_bytes(b"867530912345678" * 9)
    subprocess.run(["zip", "-q", *options, "x.zip", "imei.txt"], cwd=tmp_path, check=True)
    followed = follow((tmp_path / "x.zip").read_bytes())
    if "-P" in options:
        assert "imei.txt is encrypted" in followed.faults[0].why
    else:
        inner = "|bzip2" if "bzip2" in options else ""
        assert followed.at(f"|zip.imei.txt{inner}") == [b"867530912345678" * 9]
