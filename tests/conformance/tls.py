"""TLS of all versions and families of ciphers, by OpenSSL on both ends, with HTTP/1 in it."""

import ssl

from captures.make.tls import Link
from tests.conformance._network import (
    CLIENT,
    SERVER,
    Ends,
    capture,
    overlapping,
    overtaken,
    repeated,
    segments,
    without,
)
from tests.conformance.http1 import JSON, ask, connect, sized, talk, tell, wordy
from tests.wire._traffic import HOST, Talk, tls_contexts

TLS10, TLS11 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
HTTPS = Ends(ports=(40000, 443))


def spoken(tls, turns=None):
    for side, data in turns or talk():
        tls.say(side, data)
    return tls


def recorded(tls, turns=None, change=lambda made: made, **more):
    spoken(tls, turns)
    return capture(change(segments(tls.turns, **more)), tls.keylog.read_text(), ends=HTTPS)


def with_cipher(version, cipher):
    def make():
        return recorded(Talk(version, cipher))

    make.__name__ = f"{version.name}_{cipher}"
    return make


def of_tls13(cipher):
    """A suite of TLS 1.3, of which Python's ssl cannot be asked."""

    def make():
        link = Link(HOST, "1.3", cipher)
        turns = link.handshake()
        turns += [(side, link.send(side, data)) for side, data in talk()]
        turns += [(side, link.close(side)) for side in (CLIENT, SERVER)]
        return capture(segments(turns), "\n".join(line.decode() for line in link.keylog), ends=HTTPS)

    make.__name__ = cipher
    return make


def mac_before_encryption():
    """CBC without encrypt-then-MAC."""
    contexts = tls_contexts(TLS12, "AES128-SHA256")
    contexts[CLIENT].options |= 0x80000  # SSL_OP_NO_ENCRYPT_THEN_MAC
    return recorded(Talk(contexts=contexts))


def no_extended_master_secret():
    contexts = tls_contexts(TLS12)
    contexts[CLIENT].options |= 0x1  # SSL_OP_NO_EXTENDED_MASTER_SECRET
    return recorded(Talk(contexts=contexts))


def alpn():
    return recorded(Talk(alpn=("http/1.1",)))


def resumed(version):
    contexts = tls_contexts(version)
    first = spoken(Talk(contexts=contexts))
    again = spoken(Talk(contexts=contexts, session=first.ends[CLIENT].session))
    assert again.ends[CLIENT].session_reused
    keys = first.keylog.read_text() + again.keylog.read_text()
    return capture(segments(again.turns), keys, ends=HTTPS)


def resumed_12():
    return resumed(TLS12)


def resumed_13():
    return resumed(TLS13)


def hello_retry():
    contexts = tls_contexts(TLS13)
    contexts[SERVER].set_ecdh_curve("secp521r1")
    return recorded(Talk(contexts=contexts))


def one_byte_segments():
    return recorded(Talk(), talk()[:4], mss=1)


def many_records_in_a_segment():
    turns = [ask("GET /many"), *[(SERVER, bytes((byte,))) for byte in tell("200 OK", sized(JSON), body=JSON)[1]]]
    tls = spoken(Talk(), turns)
    joined = b"".join(data for _, data in tls.turns[-len(turns) + 1 :])
    return capture(segments([*tls.turns[: -len(turns) + 1], (SERVER, joined)]), tls.keylog.read_text(), ends=HTTPS)


def bad_network():
    return recorded(Talk(), change=lambda made: overtaken(repeated(overlapping(made))), mss=400)


def in_a_tunnel():
    tls = spoken(Talk())
    return capture(segments([*connect(443), *tls.turns]), tls.keylog.read_text())


def lost_segment():
    """Records are lost within a body."""
    body = wordy(3000)
    tls = spoken(Talk(), [*talk()[:2], ask("GET /lost"), tell("200 OK", sized(body), body=body), *talk()[2:4]])
    made = segments(tls.turns)
    long = [number for number, one in enumerate([one for one in made if one.data]) if len(one.data) == 1400]
    whole = capture(made, tls.keylog.read_text(), ends=HTTPS)
    lost = capture(without(made, long[30]), tls.keylog.read_text(), ends=HTTPS)
    return lost.but("tshark does not find the next record behind a gap", whole)


def until_close():
    """tshark does not show a response that ends with its connection, if that is TLS: HTTP/1.0 without TLS instead."""
    turns = [(CLIENT, b"GET /old HTTP/1.0\r\nHost: a.cn\r\n\r\n"), tell("200 OK", body=wordy(100), version="HTTP/1.0")]
    fault = "tshark does not heed the end of TLS"
    return recorded(Talk(), turns).but(fault, capture(segments(turns)))


CIPHERS = (
    (TLS10, "AES128-SHA"),
    (TLS10, "ECDHE-RSA-AES256-SHA"),
    (TLS11, "AES256-SHA"),
    (TLS11, "ECDHE-ECDSA-AES128-SHA"),
    (TLS12, "AES128-SHA"),
    (TLS12, "AES256-SHA256"),
    (TLS12, "ECDHE-RSA-AES256-SHA384"),
    (TLS12, "AES128-GCM-SHA256"),
    (TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (TLS12, "ECDHE-RSA-CHACHA20-POLY1305"),
    (TLS12, "AES128-CCM"),
    (TLS12, "AES256-CCM8"),
)
SUITES = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
)

CAPTURES = (
    *(with_cipher(*pair) for pair in CIPHERS),
    *map(of_tls13, SUITES),
    mac_before_encryption,
    no_extended_master_secret,
    alpn,
    resumed_12,
    resumed_13,
    hello_retry,
    one_byte_segments,
    many_records_in_a_segment,
    bad_network,
    in_a_tunnel,
    lost_segment,
    until_close,
)
