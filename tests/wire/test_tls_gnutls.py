"""Suites that OpenSSL no longer makes, by GnuTLS's own programs."""

import shutil

import pytest

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.tls import Tls
from tests.wire._relay import GnuRelay
from tests.wire._traffic import blinds, context, plain, segment

pytestmark = pytest.mark.skipif(not shutil.which("gnutls-serv"), reason="needs the programs of GnuTLS (gnutls-bin)")

LINE = b"abc" * 100 + b"\n"
ROWS = [
    ("TLS1.2", "CAMELLIA-128-GCM", "+AEAD", "CAMELLIA_128_GCM_SHA256"),
    ("TLS1.2", "CAMELLIA-256-GCM", "+AEAD", "CAMELLIA_256_GCM_SHA384"),
    ("TLS1.2", "CAMELLIA-256-CBC", "+SHA1", "CAMELLIA_256_CBC_SHA"),
    ("TLS1.2", "ARCFOUR-128", "+SHA1", "RC4_128_SHA"),
    ("TLS1.0", "ARCFOUR-128", "+MD5", "RC4_128_MD5"),
    ("TLS1.1", "3DES-CBC", "+SHA1", "3DES_EDE_CBC_SHA"),
    ("TLS1.2", "NULL", "+SHA256", "NULL_SHA256"),
    ("TLS1.3", "AES-128-CCM-8", "+AEAD", "AES_128_CCM_8_SHA256"),
]


def opened(keys, turns):
    layer, made = Tls(context(keys)), []
    for number, (side, data) in enumerate(turns):
        made += layer.feed(side, segment(data, number))
    name = layer._server.session.suite.name
    made += layer.close()
    return plain(made), blinds(made), name


def talked(folder, priority, server=(), client=()):
    relay = GnuRelay(folder, server, priority)
    relay.keylog.touch()
    try:
        done = lambda turns: opened(relay.keys(), turns)[0][SERVER] == LINE * 2  # noqa: E731
        turns = relay.connect(["--priority", priority, *client], [LINE, LINE], done)
        return opened(relay.keys(), turns)
    finally:
        relay.stop()


@pytest.mark.parametrize(("version", "cipher", "mac", "name"), ROWS)
def test_a_suite(tmp_path, version, cipher, mac, name):
    priority = f"NORMAL:+RSA:-VERS-ALL:+VERS-{version}:-CIPHER-ALL:+{cipher}:-MAC-ALL:{mac}"
    got, missing, called = talked(tmp_path, priority)
    assert (got, missing) == ((LINE * 2, LINE * 2), [])
    assert called.endswith(name)


def test_record_size_limits(tmp_path):
    """RFC 8449."""
    got, missing, _ = talked(tmp_path, "NORMAL", ["--recordsize", "600"], ["--recordsize", "600"])
    assert (got[CLIENT], got[SERVER], missing) == (LINE * 2, LINE * 2, [])
