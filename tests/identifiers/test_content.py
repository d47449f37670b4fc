"""Content codings are undone as servers make them, within bounds; what is none is left as it came."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._content import codings, head, whole
from leaktap.model import Message

FILE = b"__d((function(g,r){" + b"let a=1;" * 30_000
RAW = zlib.compressobj(wbits=-15)
MADE = {
    "gzip": gzip.compress(FILE),
    "deflate": zlib.compress(FILE),
    "br": brotli.compress(FILE),
    "zstd": zstandard.compress(FILE),
}


def said(*values):
    headers = tuple((b"Content-Encoding", value.encode()) for value in values)
    return codings(Message(("HTTP/1.1", "200", "OK"), headers))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ((), ()),
        (("gzip",), ("gzip",)),
        (("GZIP",), ("gzip",)),
        (("gzip, br",), ("br", "gzip")),
        (("gzip", "br"), ("br", "gzip")),
        (("identity",), ()),
        (("",), ()),
        (("aes128gcm",), ()),
        (("gzip, aes128gcm",), ()),
        (("gzip, gzip, gzip, gzip, gzip",), ()),
    ],
)
def test_codings_are_undone_from_the_last_to_the_first(values, names):
    assert said(*values) == names


@pytest.mark.parametrize(
    ("names", "body"),
    [
        *(((name,), body) for name, body in MADE.items()),
        (("deflate",), RAW.compress(FILE) + RAW.flush()),
        (("gzip",), gzip.compress(FILE[:1000]) + gzip.compress(FILE[1000:])),
        (("zstd",), zstandard.compress(FILE[:1000]) + zstandard.compress(FILE[1000:])),
        (("br", "gzip"), brotli.compress(gzip.compress(FILE))),
        ((), FILE),
    ],
)
def test_what_was_coded_comes_back(names, body):
    assert whole(body, names) == FILE
    assert head(body, names, 4096).startswith(FILE[:4096])
    assert whole(body, names, len(FILE)) == FILE
    assert whole(body, names, len(FILE) - 1) is None


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_cut_short_is_not_whole_and_no_coding_is_no_content(name):
    assert whole(MADE[name][:-5], (name,)) is None
    assert head(b"just text, and no coding at all", (name,), 4096) == b""
    assert whole(b"just text, and no coding at all", (name,)) is None


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("gzip", gzip.compress(bytes(200 << 20), 1)),
        ("br", brotli.compress(bytes(100 << 20), quality=1)),
        ("zstd", zstandard.compress(bytes(100 << 20))),
    ],
)
def test_a_bomb_gives_no_more_than_was_asked_for(name, bomb):
    assert len(head(bomb, (name,), 4096)) < 64 << 20
    assert whole(bomb, (name,), 1 << 20) is None


@given(st.sampled_from([*sorted(MADE), "x-gzip"]), st.binary(max_size=300), st.booleans())
def test_any_bytes_are_undone_or_not(name, data, begun):
    body = MADE.get(name, MADE["gzip"])[:40] + data if begun else data
    content = whole(body, (name,), 1 << 20)
    assert content is None or len(content) <= 1 << 20
