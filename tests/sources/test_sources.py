"""Opening by content: every way an input can come in, and every way it can be broken."""

import gzip
import io
import json
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Exchange, Fault, Progress
from leaktap.sources import InputError, Reading, read
from leaktap.sources._open import PACKINGS, Stream, unpack
from tests._waiting import PATIENCE


def entry(number: int = 0, **request) -> dict:
    return {
        "startedDateTime": "2026-11-21T10:00:03.000Z",
        "time": 12,
        "request": {
            "method": "GET",
            "url": f"https://api.example.com/{number}",
            "httpVersion": "HTTP/1.1",
            "headers": [],
            "bodySize": 0,
            **request,
        },
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "content": {}},
    }


HAR = json.dumps({"log": {"version": "1.2", "entries": [entry(n) for n in range(3)]}}).encode()


def seen(path: Path | str) -> tuple[list[str], list[Fault]]:
    items = list(read(str(path), Reading()))
    return [item.id for item in items if isinstance(item, Exchange)], [i for i in items if isinstance(i, Fault)]


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(HAR, id="plain"),
        pytest.param(gzip.compress(HAR), id="gzip"),
        pytest.param(gzip.compress(HAR[:100]) + gzip.compress(HAR[100:]), id="gzip of two members"),
        pytest.param(gzip.compress(HAR) + bytes(512), id="gzip padded with zeros"),
        pytest.param(zlib.compress(HAR), id="zlib"),
        pytest.param(zstandard.compress(HAR), id="zstd"),
        pytest.param(zstandard.compress(HAR[:100]) + zstandard.compress(HAR[100:]), id="zstd of two frames"),
    ],
)
def test_compression_is_undone_by_content(tmp_path, packed):
    file = tmp_path / "misleading.pcap"
    file.write_bytes(packed)
    assert seen(file) == (["har:0", "har:1", "har:2"], [])


@pytest.mark.parametrize(
    ("content", "exchanges", "why"),
    [
        pytest.param(b"", 0, "is empty", id="empty"),
        pytest.param(b"nothing of the kind", 0, "is neither", id="garbage"),
        pytest.param(bytes(5000), 0, "is neither", id="zeros"),
        pytest.param(b"{" + b" " * 9000, 0, "is neither", id="a brace"),
        pytest.param(gzip.compress(b"nothing of the kind"), 0, "is neither", id="garbage in gzip"),
        pytest.param(gzip.compress(b""), 0, "is empty", id="nothing in gzip"),
        pytest.param(gzip.compress(HAR)[:-20], None, "gzip stream has no end", id="gzip cut off"),
        pytest.param(zstandard.compress(HAR)[:-20], None, "zstd stream has no end", id="zstd cut off"),
        pytest.param(gzip.compress(HAR) + b"garbage", 3, "compression is broken", id="garbage behind gzip"),
        pytest.param(b"\x1f\x8b\x08garbage in the header", 0, "compression is broken", id="no gzip at all"),
    ],
)
def test_what_is_broken_is_said(tmp_path, content, exchanges, why):
    file = tmp_path / "input"
    file.write_bytes(content)
    found, faults = seen(file)
    assert exchanges is None or len(found) == exchanges
    assert why in faults[-1].why
    assert faults[-1].stage == "source" and faults[-1].where == "input"


def test_a_compressed_file_gives_what_lies_before_its_damage(tmp_path):
    chance = Random(1)
    lines = json.dumps(
        {"log": {"entries": [entry(n, comment=chance.randbytes(300).hex()) for n in range(400)]}}
    ).encode()
    file = tmp_path / "cut.har.gz"
    file.write_bytes(gzip.compress(lines)[:-20_000])
    found, faults = seen(file)
    assert 100 < len(found) < 400
    assert any("gzip stream has no end" in fault.why for fault in faults)


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing.pcap", "no such file"), (".", "is a directory"), ("a\0b", "cannot be opened")],
)
def test_what_cannot_be_opened_is_an_input_error_at_once(tmp_path, name, why):
    with pytest.raises(InputError) as caught:
        read(str(tmp_path / name), Reading())
    assert why in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_without_permission_is_an_input_error(tmp_path):
    file = tmp_path / "locked.har"
    file.write_bytes(HAR)
    file.chmod(0)
    root = os.geteuid() == 0
    if root:  # who may read everything: asks as nobody
        os.seteuid(65534)
    try:
        with pytest.raises(InputError, match="permission denied"):
            read(str(file), Reading())
    finally:
        if root:
            os.seteuid(0)


def test_progress_of_a_compressed_file_counts_its_own_bytes(tmp_path):
    file = tmp_path / "big.har.gz"
    file.write_bytes(gzip.compress(json.dumps({"log": {"entries": [entry(n) for n in range(9000)]}}).encode()))
    progress = [item.bytes for item in read(str(file), Reading()) if isinstance(item, Progress)]
    assert progress and progress[-1] <= file.stat().st_size


def test_standard_input_is_read():
    code = (
        "from leaktap.sources import read, Reading\n"
        "from leaktap.model import Exchange\n"
        "print([i.id for i in read('-', Reading()) if isinstance(i, Exchange)])"
    )
    for content in (HAR, zstandard.compress(HAR)):
        done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=True)
        assert done.stdout.strip() == b"['har:0', 'har:1', 'har:2']"


def test_recognising_does_not_wait_for_more_than_it_needs(tmp_path):
    """A pipe that brings one mitmproxy flow and then stays open gives its exchange at once."""
    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow

    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    dump = io.BytesIO()
    FlowWriter(dump).add(tflow.tflow(resp=True))
    enough = threading.Event()

    def write() -> None:
        with fifo.open("wb", buffering=0) as pipe:
            for piece in (dump.getvalue()[:7], dump.getvalue()[7:]):
                pipe.write(piece)
            enough.wait(PATIENCE)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        first = next(iter(read(str(fifo), Reading())))
        assert isinstance(first, Exchange) and not enough.is_set() and writer.is_alive()
    finally:
        enough.set()
        writer.join()


def test_recognising_loads_neither_mitmproxy_nor_a_packet_library(tmp_path):
    file = tmp_path / "plain.har"
    file.write_bytes(HAR)
    code = (
        "import sys\nfrom leaktap.sources import read, Reading\n"
        f"list(read({str(file)!r}, Reading()))\nprint([m for m in ('mitmproxy', 'scapy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("packing", PACKINGS, ids=lambda packing: packing.name)
def test_a_bomb_is_unpacked_in_small_pieces(packing):
    bomb = {
        "gzip": lambda data: gzip.compress(data),
        "zlib": zlib.compress,
        "zstd": zstandard.ZstdCompressor(level=19).compress,
    }[packing.name](bytes(1 << 26))
    largest = max(len(piece) for piece in unpack(iter([bomb]), packing))
    assert largest <= 1 << 25


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.lists(st.integers(1, 50), min_size=1), st.sampled_from(["gzip", "zlib", "zstd"]))
def test_a_stream_gives_the_same_however_it_is_cut(data, cuts, name):
    packing = next(packing for packing in PACKINGS if packing.name == name)
    packed = {"gzip": gzip.compress, "zlib": zlib.compress, "zstd": zstandard.compress}[name](data)
    pieces, at = [], 0
    while at < len(packed):
        cut = cuts[len(pieces) % len(cuts)]
        pieces.append(packed[at : at + cut])
        at += cut
    always = SimpleNamespace(ready=lambda seconds: True)
    stream = Stream(unpack(iter(pieces), packing), always)
    assert stream.read() == data and stream.fault == ""
    if len(pieces) > 1:
        short = Stream(unpack(iter(pieces[:-1]), packing), always)
        assert data.startswith(short.readall()) and "cut off" in short.fault


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400), prefix=st.sampled_from([b"", b'{"log":', b"12:3:a", b"\x1f\x8b\x08", b"\x78\x9c"]))
def test_no_content_raises(tmp_path_factory, data, prefix):
    file = tmp_path_factory.mktemp("any") / "input"
    file.write_bytes(prefix + data)
    for item in read(str(file), Reading()):
        assert isinstance(item, Exchange | Fault | Progress) or item
