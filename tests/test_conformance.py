"""Every HTTP/1 request that tshark sees in the captures at hand is an Exchange of ours, with the same bytes.

The captures are not part of the repository; where they or tshark are absent, this skips itself.
"""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from leaktap.model import Exchange
from leaktap.sources import Reading, read

CAPTURES = Path(__file__).parent.parent.parent / "shared" / "captures"
FILES = sorted(file for folder in ("pcap", "tls") for file in (CAPTURES / folder).glob("*") if ".pcap" in file.name)

pytestmark = [
    pytest.mark.skipif(not FILES, reason=f"there are no captures in {CAPTURES}"),
    pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed"),
]


def keys_of(file):
    """The key logs that the folder's README pairs with a capture."""
    pairs = re.findall(r"`(\S+)` ↔ `(\S+)`", (CAPTURES / "README.md").read_text(encoding="utf-8"))
    return [file.parent / keys for capture, keys in pairs if capture == file.name]


def tshark_requests(file):
    """What tshark sees: (stream, frame, method, host, path, body) of each request over TCP."""
    command = ["tshark", "-r", str(file), "-o", "http.decompress_body:FALSE", "-T", "pdml", "-J", "frame tcp http"]
    for keys in keys_of(file):
        command += ["-o", f"tls.keylog_file:{keys}"]
    done = subprocess.run([*command, "-Y", "http.request && tcp"], capture_output=True, check=True)
    for packet in ElementTree.fromstring(done.stdout).iter("packet"):
        frame = int(packet.find("./proto[@name='frame']/field[@name='frame.number']").get("show"))
        stream = int(packet.find("./proto[@name='tcp']/field[@name='tcp.stream']").get("show"))
        for message in packet.iterfind("./proto[@name='http']"):
            fields = {field.get("name"): field for field in reversed(message.findall(".//field"))}
            if "http.request.method" in fields:
                names = ("http.request.method", "http.host", "http.request.uri")
                texts = [fields[name].get("show") if name in fields else "" for name in names]
                body = bytes.fromhex(fields["http.file_data"].get("value")) if "http.file_data" in fields else b""
                yield stream, frame, *texts, body


def ours(file):
    """The same of our exchanges."""
    seen = list(read(str(file), Reading(keys=tuple(keys_of(file)))))
    return [item for item in seen if isinstance(item, Exchange) and item.origin.protocol == "http/1.1"]


def host_of(authority):
    return re.sub(r":\d+$", "", authority.strip().lower())


def origin_form(uri, method):
    """A target in origin form, and the host that it names."""
    if method == "CONNECT" or "://" not in uri.partition("?")[0]:
        return uri, ""
    parts = urlsplit(uri)
    return (parts.path or "/") + ("?" + parts.query if parts.query else ""), parts.netloc


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_requests_are_those_of_tshark(file):
    exchanges = ours(file)
    left = list(exchanges)
    expected = []
    for stream, frame, method, host, uri, body in tshark_requests(file):
        path, named = origin_form(uri, method)
        row = (stream, method, path, body)
        expected.append(row)
        same = [one for one in left if shape(one) == row and frame in one.request.frames]
        assert same, f"frame {frame}: {row} is none of {[(shape(one), one.request.frames) for one in left]}"
        left.remove(same[0])
        asked = host_of(named or (uri if method == "CONNECT" else host))
        assert same[0].host == (asked or same[0].server.ip)
    assert len(exchanges) >= len(expected)
    assert [shape(one) for one in left] == [], "requests that tshark does not see"


def shape(exchange):
    method, target, _ = exchange.request.start
    return exchange.origin.stream, method, target, exchange.request.body
