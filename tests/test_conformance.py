"""Every HTTP/1, HTTP/2 and WebSocket message that tshark sees is seen by leaktap, with the same bytes, and no other.

Once in the captures at hand, which are not part of the repository, and once in captures that are made here.
"""

import re
import shutil
from pathlib import Path

import pytest

from leaktap.discover import discover
from tests import conformance
from tests.conformance._compare import differences

CAPTURES = Path(__file__).parent.parent.parent / "shared" / "captures"
FILES = sorted(file for folder in ("pcap", "tls") for file in (CAPTURES / folder).glob("*") if ".pcap" in file.name)
MADE = [function for functions in discover(conformance, "CAPTURES") for function in functions]

pytestmark = [
    pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed"),
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning"),
]


def keys_of(file):
    """The key log that the folder's README pairs with a capture."""
    pairs = re.findall(r"`(\S+)` ↔ `(\S+)`", (CAPTURES / "README.md").read_text(encoding="utf-8"))
    return next((file.parent / keys for capture, keys in pairs if capture == file.name), None)


OPTIONS = {
    # Segments were lost: told to put segments in order, tshark waits for them until the end of the capture.
    "bro.org.pcap": ("-o", "tcp.reassemble_out_of_order:FALSE"),
}


def until_close_in_tls(table, who, row):
    """A response that ends with its connection is never shown by tshark within TLS, whose end it does not heed."""
    return table[0] == "answers" and who == "leaktap" and row[0][0] == b"HTTP/1.0"


def first_of_nghttp2(table, who, row):
    """A header block in seven frames, which tshark does not put together."""
    return table[0] == "http2" and {"tshark": row[2] == (None, None), "leaktap": row[2] == (b"GET", b"/")}[who]


FAULTS = {
    "tls_nss_example.pcap": (until_close_in_tls, 2),
    "scapy-nss-dsb.pcapng": (until_close_in_tls, 2),
    "http2-nghttp2.pcap": (first_of_nghttp2, 2),
}
"""Where tshark is wrong: which differences, and how many of them."""


@pytest.mark.skipif(not FILES, reason=f"there are no captures in {CAPTURES}")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_captures_at_hand(file):
    found = differences(file, keys_of(file), OPTIONS.get(file.name, ()))
    expected, count = FAULTS.get(file.name, (None, 0))
    assert [one for one in found if not (expected and expected(*one))] == []
    assert len(found) == count


@pytest.mark.parametrize("make", MADE, ids=lambda make: f"{make.__module__.rpartition('.')[2]}-{make.__name__}")
def test_captures_made_here(make, tmp_path):
    made = make()
    arguments = written(made, tmp_path, "capture")
    judges = [written(one, tmp_path, f"instead-{number}") for number, one in enumerate(made.instead)]
    assert differences(*arguments, judges=judges, least=1) == []
    assert not judges or differences(*arguments), f"tshark does better than that: {made.fault}"


def written(made, folder, name):
    file, keys = folder / (name + made.suffix), folder / f"{name}.keys"
    file.write_bytes(made.data)
    if made.keys:
        keys.write_text(made.keys, encoding="utf-8")
    return file, keys if made.keys else None, made.options


def test_they_are_many():
    assert len(MADE) >= 40
