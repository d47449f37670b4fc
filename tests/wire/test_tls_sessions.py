"""How a session's secret is found: handshakes that are resumed or begin anew, and servers' RSA keys."""

import os
import shutil
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Blind, Exchange, Fault, Progress
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from leaktap.wire.tls import Tls
from tests.wire._packets import pcap
from tests.wire._relay import Relay
from tests.wire._traffic import Talk, blinds, captured, certificate, context, plain, segment, tls_contexts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TLS10, TLS11, TLS12, TLS13 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)
UP, DOWN = b"hello from the client", b"and from the server"
NO_EXTENDED_MASTER, NO_ENCRYPT_THEN_MAC = 0x1, 0x80000
"""Options of OpenSSL's ssl.h that Python has no name for."""


def through(layer, turns):
    made = []
    for number, (side, data) in enumerate(turns):
        made += layer.feed(side, segment(data, number))
    return made


def opened(keys, *talks):
    """What the layers of a capture's connections make of them, one after the other: the plaintext, why it is blind."""
    commons, found = {}, []
    for talk in talks:
        one = context(keys)
        one.commons = commons
        layer = Tls(one)
        made = through(layer, talk.turns if isinstance(talk, Talk) else talk)
        made += layer.close()
        found.append((plain(made), [blind.why for blind in blinds(made)]))
    return found


def said(talk):
    return talk.say(CLIENT, UP).say(SERVER, DOWN)


OPENED, CLOSED = ((UP, DOWN), []), ((b"", b""), ["no_key", "no_key"])


# Resumption


def contexts_for(version, tickets):
    contexts = tls_contexts(version, "ECDHE-RSA-AES128-SHA" if version < TLS12 else "")
    if not tickets:
        contexts[SERVER].options |= ssl.OP_NO_TICKET
    return contexts


def resumed(version, tickets):
    contexts = contexts_for(version, tickets)
    first = said(Talk(contexts=contexts))
    again = said(Talk(contexts=contexts, session=first.ends[CLIENT].session))
    third = said(Talk(contexts=contexts, session=again.ends[CLIENT].session))
    assert again.ends[CLIENT].session_reused
    assert third.ends[CLIENT].session_reused
    return first, again, third


@pytest.mark.parametrize("tickets", [True, False])
@pytest.mark.parametrize("version", [TLS10, TLS11, TLS12])
def test_a_resumed_session_has_the_key_of_the_first(version, tickets):
    talks = resumed(version, tickets)
    assert opened(talks[0].keys(), *talks) == [OPENED] * 3


@pytest.mark.parametrize("version", [TLS10, TLS12])
def test_a_resumed_session_needs_the_first(version):
    first, again, third = resumed(version, True)
    assert opened(KeyLog(), first, again) == [CLOSED] * 2
    assert opened(first.keys(), again, third) == [CLOSED] * 2
    assert opened(again.keys(), first, again, third) == [CLOSED, OPENED, OPENED]


def test_what_is_resumed_may_come_first():
    first, again, _ = resumed(TLS12, True)
    keys, commons = first.keys(), {}
    contexts = [context(keys), context(keys)]
    for one in contexts:
        one.commons = commons
    late, early = Tls(contexts[0]), Tls(contexts[1])
    made = through(late, again.turns)
    assert (plain(made), late.waiting > 0) == ((b"", b""), True)
    version = keys.version
    through(early, first.turns)
    assert keys.version > version
    made += late.feed(CLIENT, segment(b""))
    assert plain(made) == (UP, DOWN)


def test_a_ticket_that_is_declined_is_of_no_use():
    contexts = tls_contexts(TLS12)
    first = said(Talk(contexts=contexts))
    others = (contexts[CLIENT], tls_contexts(TLS12)[SERVER])
    again = said(Talk(contexts=others, session=first.ends[CLIENT].session))
    assert not again.ends[CLIENT].session_reused
    assert opened(first.keys(), first, again) == [OPENED, CLOSED]
    keys = first.keys()
    keys.add_file(again.keylog)
    assert opened(keys, first, again) == [OPENED, OPENED]


# RSA keys


def private(kind="rsa"):
    keys = KeyLog()
    keys.add_file(Path(certificate(kind)))
    return keys


@pytest.mark.parametrize("extended", [True, False])
@pytest.mark.parametrize(
    ("version", "cipher"),
    [
        *((version, cipher) for version in (TLS10, TLS11, TLS12) for cipher in ("AES128-SHA", "NULL-SHA")),
        (TLS12, "AES256-GCM-SHA384"),
        (TLS12, "CAMELLIA256-SHA256"),
    ],
)
def test_the_key_of_the_server(version, cipher, extended):
    contexts = tls_contexts(version, cipher)
    if not extended:
        contexts[CLIENT].options |= NO_EXTENDED_MASTER
    talk = said(Talk(contexts=contexts))
    assert opened(private(), talk) == [OPENED]


def test_the_key_of_the_server_and_a_client_with_a_certificate():
    """Its messages count in the extended master secret."""
    contexts = tls_contexts(TLS12, "AES128-SHA256")
    contexts[CLIENT].load_cert_chain(certificate("ec"))
    contexts[SERVER].verify_mode = ssl.CERT_REQUIRED
    contexts[SERVER].load_verify_locations(certificate("ec"))
    talk = said(Talk(contexts=contexts))
    assert talk.ends[SERVER].getpeercert(True)
    assert opened(private(), talk) == [OPENED]


def test_a_session_by_the_key_of_the_server_is_resumed():
    contexts = tls_contexts(TLS12, "AES128-SHA256")
    first = said(Talk(contexts=contexts))
    again = said(Talk(contexts=contexts, session=first.ends[CLIENT].session))
    assert opened(private(), first, again) == [OPENED] * 2


def test_the_key_of_the_server_does_not_open_what_is_exchanged_otherwise():
    keys = private()
    assert opened(keys, said(Talk(TLS12, "ECDHE-RSA-AES128-SHA"))) == [CLOSED]
    assert opened(keys, said(Talk(TLS13))) == [CLOSED]
    (fault,) = keys.unused("a.pcap")
    assert "opened no TLS connection of a.pcap" in fault.why


def test_the_key_of_another_server(tmp_path):
    file = tmp_path / "other.pem"
    other = rsa.generate_private_key(65537, 2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(other.private_bytes(*form))
    keys = KeyLog()
    keys.add_file(file)
    talk = said(Talk(TLS12, "AES128-SHA"))
    assert opened(keys, talk) == [CLOSED]
    keys.add_file(Path(certificate("rsa")))
    assert opened(keys, talk) == [OPENED]


@pytest.mark.parametrize("extended", [True, False])
def test_premaster_secrets_in_a_key_log(extended):
    contexts = tls_contexts(TLS12, "AES128-GCM-SHA256")
    if not extended:
        contexts[CLIENT].options |= NO_EXTENDED_MASTER
    talk = said(Talk(contexts=contexts))
    flight = [data for side, data in talk.turns if side == CLIENT][1]
    encrypted = flight[5 + 4 + 2 : 5 + 4 + 2 + 256]
    key = serialization.load_pem_private_key(Path(certificate("rsa")).read_bytes(), None)
    premaster = key.decrypt(encrypted, padding.PKCS1v15()).hex()
    for line in (
        f"RSA {encrypted[:8].hex()} {premaster}",
        f"PMS_CLIENT_RANDOM {talk.turns[0][1][11:43].hex()} {premaster}",
    ):
        keys = KeyLog()
        assert keys.add_bytes(line.encode(), "keys.txt") == 1
        assert opened(keys, talk) == [OPENED]


_TALKS = []


def _talks():
    if not _TALKS:
        _TALKS.extend([*resumed(TLS12, True), said(Talk(TLS12, "AES128-SHA")), said(Talk(TLS10, "CAMELLIA128-SHA"))])
    return _TALKS


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_damage_never_raises(data):
    keys = private()
    keys.add_file(_talks()[0].keylog)
    damaged = []
    for talk in data.draw(st.lists(st.sampled_from(_talks()), min_size=1, max_size=3)):
        turns = []
        for side, stream in talk.turns:
            one = bytearray(stream)
            for place in data.draw(st.lists(st.integers(0, len(stream) - 1), max_size=2)):
                one[place] ^= data.draw(st.integers(1, 255))
            turns.append((side, bytes(one)))
        damaged.append(turns)
    for got, _ in opened(keys, *damaged):
        assert all(len(one) <= len(whole) for one, whole in zip(got, (UP, DOWN), strict=True))


# Key logs that grow


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_key_log_that_is_written_behind_the_packets(version, tmp_path):
    request = b"GET /late HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    talk = Talk(version).say(CLIENT, request).say(SERVER, b"HTTP/1.1 204 No Content\r\n\r\n")
    packets, file, keys = list(captured(talk.turns)), tmp_path / "keys.txt", KeyLog()
    file.write_bytes(b"")
    keys.add_file(file)
    secrets = talk.keylog.read_bytes()
    half = len(secrets) // 2
    after = list(captured([(CLIENT, b"GET / HTTP/1.1\r\n\r\n")], 40_001))
    reading, writing = os.pipe()
    steps = [
        lambda: os.write(writing, pcap(packets)),
        lambda: (file.write_bytes(secrets[:half]), os.write(writing, pcap(after[:1])[24:])),
        lambda: (file.write_bytes(secrets), os.write(writing, pcap(after[1:])[24:])),
        lambda: os.close(writing),
    ]
    steps.pop(0)()
    seen = []
    with os.fdopen(reading, "rb", buffering=0) as stream:
        for one in exchanges(stream, "a.pcap", keys):
            seen.append(one)
            if isinstance(one, Progress) and steps:
                steps.pop(0)()
    assert sorted(one.request.start[1] for one in seen if isinstance(one, Exchange)) == ["/", "/late"]
    assert [one for one in seen if isinstance(one, Fault | Blind)] == []
    assert keys.version >= 2 - (version == TLS12)


# Suites that do not encipher


def test_what_is_not_enciphered_needs_no_key():
    assert opened(KeyLog(), said(Talk(TLS12, "NULL-SHA256"))) == [OPENED]
    assert opened(KeyLog(), said(Talk(TLS10, "ECDHE-RSA-NULL-SHA"))) == [OPENED]


# OpenSSL's own programs, for what Python's ssl cannot be asked to do


@pytest.fixture
def relay(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl program")
    relays = []

    def start(*server):
        relays.append(Relay(tmp_path, server, "-tls1_2"))
        return relays[-1]

    yield start
    for one in relays:
        one.stop()


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"])
def test_renegotiation(relay, cipher):
    one = relay("-rev", "-client_renegotiation", "-cipher", cipher)
    lines, done = [b"before\n", b"R\n", b"after\n"], ((b"before\nafter\n", b"erofeb\nretfa\n"), [])
    turns = one.connect(["-tls1_2"], lines, lambda turns: opened(one.keys(), turns)[0] == done)
    assert one.keylog.read_text().count("CLIENT_RANDOM") == 2
    assert opened(one.keys(), turns) == [done]
    if cipher == "AES128-SHA":
        assert opened(private(), turns) == [done]


@pytest.mark.parametrize(
    "options", [["-maxfraglen", "512"], ["-max_send_frag", "512"], ["-no_etm"], ["-legacy_renegotiation"]]
)
def test_options_of_the_client(relay, options):
    one = relay("-rev", "-cipher", "AES128-SHA256")
    line = b"x" * 3000 + b"\n"
    turns = one.connect(
        ["-tls1_2", *options], [line], lambda turns: len(opened(one.keys(), turns)[0][0][SERVER]) > 3000
    )
    assert opened(one.keys(), turns) == [((line, line[-2::-1] + b"\n"), [])]
