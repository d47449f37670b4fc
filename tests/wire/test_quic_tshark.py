"""What tshark makes of the same captures: which packets carry each stream, what the handshake says."""

import io
import shutil

import pytest

from leaktap.model import Exchange
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from tests.wire._packets import tshark
from tests.wire._quic_talks import recorded
from tests.wire._traffic import HOST, blinds

pytestmark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")

TALKS = ["aes128", "aes256", "chacha20", "version 2", "early data", "key updates", "moves", "many streams", "long ids"]


def saved(folder, name):
    """The capture and the key log of a talk as files."""
    record = recorded(name)
    capture, log = folder / "a.pcap", folder / "keys.txt"
    capture.write_bytes(record.pcap())
    log.write_text(record.log)
    return record, capture, ("-o", f"tls.keylog_file:{log}")


def read(capture, keys):
    return list(exchanges(io.BytesIO(capture.read_bytes()), "a.pcap", keys))


@pytest.mark.parametrize("name", TALKS)
def test_the_packets_of_each_stream(tmp_path, name):
    record, capture, options = saved(tmp_path, name)
    fields = ("frame.number", "udp.stream", "udp.srcport", "quic.stream.stream_id")
    first = {}
    for number, stream, source, ids in tshark(capture, *fields, options=options):
        side = SERVER if source == "443" else CLIENT
        for one in ids.split(","):
            if one and not int(one) & 3:
                key = int(stream) if name == "early data" else 0, int(one)
                first.setdefault(key, {}).setdefault(side, int(number))
    ours = [item for item in read(capture, record.keys()) if isinstance(item, Exchange)]
    assert len(ours) == len(record.said) == len(first)
    pairs = [(one.request.frames[0], one.response.frames[0]) for one in ours]
    assert sorted(pairs) == sorted((sides[CLIENT], sides[SERVER]) for sides in first.values())


@pytest.mark.parametrize("name", ["simple", "version 2"])
def test_what_an_onlooker_without_keys_is_told(tmp_path, name):
    _, capture, _ = saved(tmp_path, name)
    fields = ("tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str", "tls.handshake.ciphersuite")
    rows = tshark(capture, *fields, options=("-Y", "tls.handshake.type == 1 || tls.handshake.type == 2"))
    (blind,) = blinds(read(capture, KeyLog()))
    assert rows[0][0] == HOST == blind.host and f"ALPN {rows[0][1]}" in blind.detail
    suites = {"0x1301": "TLS_AES_128_GCM_SHA256", "0x1302": "TLS_AES_256_GCM_SHA384"}
    assert suites[rows[1][2]] in blind.detail
