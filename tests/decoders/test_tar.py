"""tar: `tarfile` and the program tar write the archives."""

import io
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.tar import DECODER, decode

TEXT = b'{"imei": "867530912345678", "mac": "a4:50:46:12:34:56"}' * 3
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def tarred(members, layout=tarfile.PAX_FORMAT):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=layout) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


SAMPLE = (tarred([("META/x.txt", TEXT)]), {})
LONG = "a/" * 60 + "imei.txt"


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("names", [["META/x.txt"], [LONG, "b"], ["\u5f20\u4e09.txt", "c.bin"]])
def test_members(layout, names):
    members = [(name, TEXT * index) for index, name in enumerate(names, 1)]
    data = tarred(members, layout)
    assert DECODER.shape.match(data)
    parts = [part for part in decode(data, Context()) if not part.path.endswith("#key")]
    assert [(part.keys, part.value) for part in parts] == [((name,), content) for name, content in members]


def test_path(follow):
    followed = follow(tarred([("META/imei.txt", b"867530912345678"), ("META/imei.txt", b"again")]))
    assert followed.at("|tar.META/imei.txt") == [b"867530912345678"]
    assert followed.at("|tar.META/imei.txt[1]") == [b"again"]
    assert not followed.faults


@settings(max_examples=60, deadline=None)
@given(
    members=st.lists(
        st.tuples(st.text("ab/\u5f20", min_size=1, max_size=130), st.binary(max_size=1500)), min_size=1, max_size=4
    ),
    layout=st.sampled_from(FORMATS),
    cut=st.integers(0, 8000),
)
def test_everything_comes_out(members, layout, cut):
    members = [(name.strip("/") or "x", data) for name, data in members]
    try:
        packed = tarred(members, layout)
    except ValueError:  # ustar has no room for the name
        return
    parts = [part for part in decode(packed, Context()) if not part.path.endswith("#key")]
    assert [(part.keys[0], part.value) for part in parts] == [(name, data) for name, data in members if data]
    try:
        decode(packed[:cut], Context(most=3, room=2000))
    except (DecodeError, LimitReached) as error:
        assert len(error.parts) <= 3 and sum(len(part.value) for part in error.parts) <= 2000


def test_links_and_folders():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind, target in [
            ("folder", tarfile.DIRTYPE, ""),
            ("link", tarfile.SYMTYPE, "../imei-867530912345678"),
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    parts = decode(file.getvalue(), Context())
    assert [(part.path, part.value) for part in parts] == [
        (".folder/#key", b"folder/"),
        (".link#link", b"../imei-867530912345678"),
    ]


def test_without_magic():
    """As tar wrote before POSIX: the checksum is all there is."""
    data = bytearray(tarred([("x", TEXT)], tarfile.USTAR_FORMAT))
    data[257:512] = bytes(255)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert decode(bytes(data), Context())[0].value == TEXT


def test_large_size_in_bytes():
    """A size that lies behind GNU's bit: what is there comes out."""
    data = bytearray(tarred([("x", TEXT)], tarfile.GNU_FORMAT))
    data[124:136] = b"\x80" + (1 << 60).to_bytes(11)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    with pytest.raises(DecodeError, match="cut off") as caught:
        decode(bytes(data), Context())
    assert caught.value.parts[0].value.startswith(TEXT)


@pytest.mark.parametrize("data", [bytes(1024), b"x" * 1024, TEXT * 9, tarred([("x", TEXT)])[:511], b"x" + bytes(1023)])
def test_foreign(data):
    assert decode(data, Context()) is None


def test_wrong_checksum():
    data = bytearray(SAMPLE[0])
    data[0] ^= 1
    assert decode(bytes(data), Context()) is None


def test_too_many_members():
    with pytest.raises(LimitReached, match="parts"):
        decode(tarred([(f"{i}", b"x") for i in range(30)]), Context(most=10))


@pytest.mark.skipif(shutil.which("tar") is None, reason="the program tar is not there")
@pytest.mark.parametrize("layout", ["v7", "oldgnu", "gnu", "ustar", "pax"])
def test_program(follow, tmp_path, layout):
    (tmp_path / "imei.txt").write_bytes(b"867530912345678")
    run = subprocess.run(["tar", "-c", f"--format={layout}", "imei.txt"], cwd=tmp_path, check=True, capture_output=True)
    followed = follow(run.stdout)
    assert followed.at("|tar.imei.txt") == [b"867530912345678"] and not followed.faults
