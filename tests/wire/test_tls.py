import shutil
import ssl
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.keys import KeyLog
from leaktap.wire.tls import PROTOCOL, Tls
from tests.wire._relay import Relay
from tests.wire._traffic import HOST, Talk, blinds, certificate, context, exchanges, plain, run, segment, tls_contexts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TLS10, TLS11, TLS12, TLS13 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)
VERSIONS = [TLS10, TLS11, TLS12, TLS13]
UP, DOWN = b"hello from the client", b"and from the server"


def opened(turns, keys, size=1 << 20, patient=True):
    """What one TLS layer makes of the turns: the plaintext of both sides, and what is blind."""
    one = context(keys)
    one.budget.patient = patient
    layer, made, frame = Tls(one), [], 0
    for side, data in turns:
        for at in range(0, len(data), size):
            frame += 1
            made += layer.feed(side, segment(data[at : at + size], frame))
    made += layer.close()
    return plain(made), blinds(made)


@pytest.mark.parametrize("size", [1 << 20, 1])
@pytest.mark.parametrize("version", VERSIONS)
def test_versions(version, size):
    talk = Talk(version).say(CLIENT, UP).say(SERVER, DOWN).say(CLIENT, b"more")
    assert opened(talk.turns, talk.keys(), size) == ((UP + b"more", DOWN), [])


def offered():
    """The cipher suites up to TLS 1.2 that OpenSSL offers here, that need nothing but a certificate."""
    one = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    one.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    for cipher in one.get_ciphers():
        anybody = cipher["auth"] in ("auth-rsa", "auth-ecdsa", "auth-null")
        if cipher["protocol"] != "TLSv1.3" and anybody and cipher["kea"] in ("kx-rsa", "kx-ecdhe"):
            yield cipher["name"]


@pytest.mark.parametrize("cipher", sorted(offered()))
def test_every_cipher_up_to_tls12(cipher):
    talk = Talk(TLS12, cipher).say(CLIENT, UP).say(SERVER, DOWN * 3000).say(CLIENT, b"x").say(CLIENT, b"y" * 40_000)
    assert opened(talk.turns, talk.keys(), 1460) == ((UP + b"x" + b"y" * 40_000, DOWN * 3000), [])


def test_the_ciphers_tried_are_many():
    names = sorted(offered())
    assert {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "AES128-CCM8", "AES256-SHA256"} < {*names}
    assert {"ECDHE-ARIA256-GCM-SHA384", "ECDHE-RSA-CAMELLIA256-SHA384", "CAMELLIA128-SHA", "NULL-MD5"} < {*names}


@pytest.mark.parametrize("version", [TLS10, TLS11, TLS12])
@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-RSA-AES256-SHA", "CAMELLIA256-SHA", "NULL-SHA"])
def test_macs_of_every_version(version, cipher):
    talk = Talk(version, cipher)
    for count in range(40):
        talk.say(CLIENT, b"x" * count or b"-")
    assert opened(talk.turns, talk.keys())[0][0] == b"-" + b"".join(b"x" * count for count in range(1, 40))


def test_cbc_with_the_mac_inside():
    """Without encrypt-then-MAC, which OpenSSL offers by itself but the option can switch off."""
    contexts = tls_contexts(TLS12, "AES128-SHA256")
    contexts[0].options |= 0x80000  # SSL_OP_NO_ENCRYPT_THEN_MAC
    talk = Talk(contexts=contexts).say(CLIENT, UP).say(SERVER, DOWN)
    assert opened(talk.turns, talk.keys()) == ((UP, DOWN), [])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_cut_gives_the_same(data):
    talk = _talks()[data.draw(st.integers(0, len(_talks()) - 1))]
    layer, made, frame = Tls(context(talk.keys())), [], 0
    for side, stream in talk.turns:
        cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=6)) | {0, len(stream)})
        for start, end in pairwise(cuts):
            frame += 1
            made += layer.feed(side, segment(stream[start:end], frame))
    made += layer.close()
    assert (plain(made), blinds(made)) == ((UP * 2, DOWN), [])


_TALKS = []
_CIPHERS = ["AES128-CCM8", "ECDHE-ARIA128-GCM-SHA256", "CAMELLIA128-SHA256", "NULL-SHA256"]


def _talks():
    if not _TALKS:
        talks = [Talk(version) for version in VERSIONS] + [Talk(TLS12, cipher) for cipher in _CIPHERS]
        _TALKS.extend(talk.say(CLIENT, UP).say(SERVER, DOWN).say(CLIENT, UP) for talk in talks)
    return _TALKS


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_never_raises(data):
    talk = data.draw(st.sampled_from(_talks()))
    layer, made = Tls(context(talk.keys())), []
    for side, stream in talk.turns:
        damaged = bytearray(stream)
        for place in data.draw(st.lists(st.integers(0, len(stream) - 1), max_size=3)):
            damaged[place] ^= data.draw(st.integers(1, 255))
        lost = data.draw(st.sampled_from([0, 0, 0, 1, 2000]))
        made += layer.feed(side, segment(bytes(damaged[: data.draw(st.integers(0, len(stream)))]), 1, lost))
    made += layer.close()
    got = plain(made)
    assert all(len(one) <= len(whole) for one, whole in zip(got, (UP * 2, DOWN), strict=True))


@pytest.mark.parametrize("version", VERSIONS)
def test_one_side_may_run_ahead(version):
    """All of a window's client bytes come before the server's."""
    talk = Talk(version).say(CLIENT, UP).say(SERVER, DOWN)
    turns = [turn for turn in talk.turns if turn[0] == CLIENT] + [turn for turn in talk.turns if turn[0] == SERVER]
    assert opened(turns, talk.keys()) == ((UP, DOWN), [])


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_resumption(version):
    contexts = tls_contexts(version)
    first = Talk(contexts=contexts).say(SERVER, DOWN).say(CLIENT, UP)
    again = Talk(contexts=contexts, session=first.ends[CLIENT].session).say(CLIENT, UP).say(SERVER, DOWN)
    assert again.ends[CLIENT].session_reused
    assert opened(again.turns, again.keys()) == ((UP, DOWN), [])


def test_retry():
    """A server that wants another curve answers with a HelloRetryRequest."""
    contexts = tls_contexts(TLS13)
    contexts[SERVER].set_ecdh_curve("secp521r1")
    talk = Talk(contexts=contexts).say(CLIENT, UP).say(SERVER, DOWN)
    assert len([turn for turn in talk.turns if turn[0] == SERVER]) >= 3
    assert opened(talk.turns, talk.keys()) == ((UP, DOWN), [])


def test_hellos_without_end():
    hello = Talk(TLS12).turns[0][1]
    layer = Tls(context())
    made = [one for _ in range(100) for one in layer.feed(CLIENT, segment(hello))]
    (blind,) = [*made, *layer.close()]
    assert (blind.why, blind.bytes) == ("unreadable", 100 * len(hello))
    huge = b"\1" + (3 << 16).to_bytes(3) + bytes(3 << 16)
    layer = Tls(context())
    made = [
        one for at in range(0, len(huge), 9999) for one in layer.feed(CLIENT, segment(record(huge[at : at + 9999])))
    ]
    (blind,) = [*made, *layer.close()]
    assert blind.why == "unreadable"


def record(data):
    return b"\x16\3\3" + len(data).to_bytes(2) + data


# Keys that are missing, wrong or late


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_key(version, patient):
    talk = Talk(version, alpn=["http/1.1"]).say(CLIENT, UP).say(SERVER, DOWN)
    seen = run(talk.turns, KeyLog(), patient=patient)
    (blind,) = blinds(seen)
    assert (blind.why, blind.protocol, blind.host, blind.port) == ("no_key", "tls", HOST, 443)
    assert blind.bytes == sum(len(data) for _, data in talk.turns)
    assert "TLS" in blind.detail
    assert (", ALPN http/1.1" in blind.detail) == (version != TLS13)
    assert (", offers ALPN http/1.1" in blind.detail) == (version == TLS13)
    assert f"certificate of {HOST}" in blind.detail or version == TLS13
    assert ", JA3 " in blind.detail
    assert f", JA4 t{'13' if version == TLS13 else '12'}d" in blind.detail or version < TLS12


@pytest.mark.parametrize("version", VERSIONS)
def test_with_a_wrong_key(version):
    talk = Talk(version).say(CLIENT, UP).say(SERVER, DOWN)
    text = "".join(line[:-4] + "0000\n" for line in talk.keylog.read_text().splitlines() if not line.startswith("#"))
    keys = KeyLog()
    assert keys.add_bytes(text.encode(), "wrong")
    seen = run(talk.turns, keys)
    assert [(blind.why, blind.bytes) for blind in blinds(seen)] == [
        ("wrong_key", sum(len(data) for _, data in talk.turns))
    ]


def test_with_the_key_of_another_connection():
    talk, other = Talk(TLS12).say(CLIENT, UP), Talk(TLS12).say(CLIENT, UP)
    assert [blind.why for blind in blinds(run(talk.turns, other.keys()))] == ["no_key"]


@pytest.mark.parametrize("version", VERSIONS)
def test_with_a_key_that_comes_late(version):
    talk = Talk(version).say(CLIENT, UP).say(SERVER, DOWN)
    keys = KeyLog()
    layer, made = Tls(context(keys)), []
    for number, (side, data) in enumerate(talk.turns):
        made += layer.feed(side, segment(data, number))
    assert (made, layer.waiting > 0) == ([], True)
    keys.add_file(talk.keylog)
    made += layer.feed(CLIENT, segment(b""))
    assert (plain(made), layer.waiting) == ((UP, DOWN), 0)
    assert blinds(layer.close()) == []


def test_what_waits_for_a_key_is_bounded():
    talk = Talk().say(CLIENT, UP)
    for _ in range(3):
        talk.say(SERVER, b"x" * 500_000)
    keys = KeyLog()
    one = context(keys)
    layer = Tls(one)
    for number, (side, data) in enumerate(talk.turns):
        list(layer.feed(side, segment(data, number)))
    assert (layer.waiting, one.budget.room) == (0, 64 << 20)
    keys.add_file(talk.keylog)
    (*_, blind) = made = [*layer.feed(CLIENT, segment(b"")), *layer.close()]
    assert plain(made) == (b"", b"")
    assert blind.why == "no_key"


def test_with_application_secrets_alone():
    """Some programs log no handshake secrets."""
    talk = Talk().say(CLIENT, UP).say(SERVER, DOWN)
    lines = [line for line in talk.keylog.read_text().splitlines() if "_TRAFFIC_SECRET_0" in line]
    keys = KeyLog()
    assert keys.add_bytes("\n".join(lines).encode(), "some") == 2
    got, missing = opened(talk.turns, keys)
    assert got == (UP, DOWN)
    assert {blind.why for blind in missing} == {"no_key"}


def test_rsa_lines():
    """Old key logs give the premaster secret by the first bytes of its encrypted form."""
    contexts = tls_contexts(TLS12, "AES128-GCM-SHA256")
    contexts[CLIENT].options |= 0x1  # SSL_OP_NO_EXTENDED_MASTER_SECRET
    talk = Talk(contexts=contexts).say(CLIENT, UP).say(SERVER, DOWN)
    flight = [data for side, data in talk.turns if side == CLIENT][1]
    encrypted = flight[5 + 4 + 2 : 5 + 4 + 2 + 256]
    key = serialization.load_pem_private_key(Path(certificate("rsa")).read_bytes(), None)
    premaster = key.decrypt(encrypted, padding.PKCS1v15())
    keys = KeyLog()
    assert keys.add_bytes(f"RSA {encrypted[:8].hex()} {premaster.hex()}".encode(), "rsa") == 1
    assert opened(talk.turns, keys) == ((UP, DOWN), [])
    random = talk.turns[0][1][11:43].hex()
    keys = KeyLog()
    assert keys.add_bytes(f"PMS_CLIENT_RANDOM {random} {premaster.hex()}".encode(), "pms") == 1
    assert opened(talk.turns, keys) == ((UP, DOWN), [])


def test_unsupported_suites_are_named():
    talk = Talk(TLS12, "AES128-SHA").say(CLIENT, UP)
    at = next(number for number, (side, _) in enumerate(talk.turns) if side == SERVER)
    hello = bytearray(talk.turns[at][1])
    place = 5 + 4 + 2 + 32 + 1 + hello[5 + 4 + 2 + 32]
    assert hello[place : place + 2] == b"\0\x2f"
    hello[place : place + 2] = b"\xc1\x02"
    talk.turns[at] = SERVER, bytes(hello)
    (blind,) = blinds(run(talk.turns, talk.keys()))
    assert blind.why == "unsupported_cipher"
    assert blind.detail.startswith("TLS 1.2, TLS_GOSTR341112_256_WITH_28147_CNT_IMIT")


def renumbered(talk, at, kind):
    """The turns of a talk whose ClientHello has another number for the extension that begins at `at`."""
    (side, hello), *rest = talk.turns
    return [(side, hello[:at] + kind + hello[at + 2 :]), *rest]


def test_the_certificate_names_a_host_that_was_not_asked_for():
    talk = Talk(TLS12).say(CLIENT, UP)
    hello = talk.turns[0][1]
    (blind,) = blinds(run(renumbered(talk, hello.index(HOST.encode()) - 9, b"\x55\x55")))
    assert (blind.why, blind.host) == ("no_key", HOST)
    assert ", JA4 t12i" in blind.detail
    talk = Talk(TLS13).say(CLIENT, UP)
    hello = talk.turns[0][1]
    (blind,) = blinds(run(renumbered(talk, hello.index(HOST.encode()) - 9, b"\x55\x55")))
    assert (blind.why, blind.host) == ("no_key", "")


def test_a_name_that_may_be_the_outer_one():
    talk = Talk(TLS13).say(CLIENT, UP)
    at = talk.turns[0][1].index(b"\0\x17\0\0")
    (blind,) = blinds(run(renumbered(talk, at, b"\xfe\x0d")))
    assert "offers ECH: the name may be its outer one" in blind.detail


def test_a_connection_met_in_its_middle_has_no_key():
    talk = Talk().say(CLIENT, UP).say(SERVER, DOWN)
    turns = talk.turns[-2:]
    (blind,) = blinds(run(turns, talk.keys(), from_start=False))
    assert (blind.why, blind.protocol, blind.bytes) == ("no_key", "tls", sum(len(data) for _, data in turns))


# Gaps


def gapped(talk, side, start, count):
    """The talk with `count` bytes of one side missing from `start` on."""
    layer, made, at = Tls(context(talk.keys())), [], 0
    for turn, turns in groupby(talk.turns, lambda turn: turn[0]):
        data, lost = b"".join(data for _, data in turns), 0
        if turn == side:
            first, at = at, at + len(data)
            if first <= start < at:
                made += layer.feed(turn, segment(data[: start - first]))
                data, lost = data[start - first + count :], count
        made += layer.feed(turn, segment(data, 1, lost))
    segments = [thing.segment for thing in made if hasattr(thing, "segment") and thing.side == side]
    made += layer.close()
    return plain(made)[side], sum(one.lost for one in segments), blinds(made)


@pytest.mark.parametrize("version", [TLS11, TLS12, TLS13])
@pytest.mark.parametrize(("offset", "count"), [(0, 300), (10, 300), (3, 1), (100, 900), (0, 1049), (600, 2000)])
def test_reading_goes_on_behind_a_gap(version, offset, count):
    talk = Talk(version, "" if version != TLS11 else "AES128-SHA").say(CLIENT, UP).say(SERVER, b"first")
    start = sum(len(data) for side, data in talk.turns if side == SERVER)
    for number in range(8):
        talk.say(SERVER, b"%d" % number * 1000)
    got, lost, missing = gapped(talk, SERVER, start + offset, count)
    assert got.startswith(b"first")
    assert got.endswith(b"".join(b"%d" % number * 1000 for number in range(4, 8)))
    assert len(got) % 1000 == 5
    if version != TLS11:
        assert len(got) + lost == 8005
    assert {blind.why for blind in missing} <= {"truncated"}


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_gap_in_the_certificates(version):
    talk = Talk(version).say(CLIENT, UP).say(SERVER, DOWN).say(SERVER, DOWN)
    got, _, missing = gapped(talk, SERVER, 300, 400)
    assert got == DOWN * 2
    assert [blind.why for blind in missing] == ["truncated"]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_gap_is_kept_in_mind_until_the_secrets_are_there(version, late):
    """The client's side runs ahead with a gap in it, while the server's hello or the key is still to come."""
    talk = Talk(version)
    hello = talk.turns[0][1]
    for number in range(6):
        talk.say(CLIENT, b"%d" % number * 100)
    client = b"".join(data for side, data in talk.turns if side == CLIENT)
    server = b"".join(data for side, data in talk.turns if side == SERVER)
    keys = KeyLog()
    if not late:
        keys.add_file(talk.keylog)
    layer = Tls(context(keys))
    place = len(client) - 5 * 130
    made = [*layer.feed(CLIENT, segment(hello)), *layer.feed(CLIENT, segment(client[place:], 2, place - len(hello)))]
    made += layer.feed(SERVER, segment(server, 3))
    if late:
        keys.add_file(talk.keylog)
        made += layer.feed(CLIENT, segment(b""))
    made += layer.close()
    assert plain(made)[CLIENT].endswith(b"".join(b"%d" % number * 100 for number in range(2, 6)))


def test_a_gap_over_the_hello():
    talk = Talk(TLS12).say(CLIENT, UP).say(SERVER, DOWN)
    got, _, missing = gapped(talk, SERVER, 10, 60)
    assert got == b""
    assert {blind.why for blind in missing} == {"truncated"}


# Above


def test_pieces_tell_the_packets_of_records():
    talk = Talk().say(CLIENT, UP).say(CLIENT, UP)
    (first, second) = [data for side, data in talk.turns if side == CLIENT][-2:]
    rest = [turn for turn in talk.turns if turn[1] not in (first, second)]
    layer, made = Tls(context(talk.keys())), []
    for side, data in rest:
        made += layer.feed(side, segment(data, 1))
    made += layer.feed(CLIENT, segment(first + second, 10, cuts=[5, 20, len(first)]))
    (above, up) = made
    assert (above.context.host, above.context.decrypted) == (HOST, True)
    assert up.segment.data == UP * 2
    assert list(up.segment.offsets) == [0, len(UP) - 1, len(UP)]
    assert list(up.segment.frames) == [10, 12, 13]


def test_alpn_names_what_is_above():
    for version in (TLS12, TLS13):
        talk = Talk(version, alpn=["x-unheard-of"]).say(CLIENT, UP)
        (exchange,) = exchanges(run(talk.turns, talk.keys()))
        assert (exchange.scheme, exchange.request.start, exchange.request.body) == (
            "tls",
            ("SEND", "", "x-unheard-of"),
            UP,
        )


def test_tls_within_a_tunnel():
    connect = f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode()
    talk = Talk().say(CLIENT, b"GET /in HTTP/1.1\r\nHost: x.cn\r\n\r\n").say(SERVER, b"HTTP/1.1 204 No\r\n\r\n")
    turns = [(CLIENT, connect), (SERVER, b"HTTP/1.1 200 OK\r\n\r\n"), *talk.turns]
    outer, inner = exchanges(run(turns, talk.keys(), port=8080))
    assert (outer.request.start[0], outer.scheme, outer.origin.decrypted) == ("CONNECT", "http", False)
    assert (inner.request.start[1], inner.scheme, inner.host, inner.origin.decrypted) == ("/in", "https", "x.cn", True)
    assert (inner.server.port, inner.response.start[1]) == (443, "204")


SNIFF = [
    (CLIENT, b"\x16\x03\x01\x02\x00\x01", True),
    (CLIENT, b"\x16\x03\x01\x02\x00\x02", False),
    (SERVER, b"\x16\x03\x03\x02\x00\x02", True),
    (CLIENT, b"\x17\x03\x03\x02\x00\xaa", True),
    (CLIENT, b"\x16\x03", None),
    (CLIENT, b"\x16", None),
    (CLIENT, b"\x16\x03\x01\x02\x00", None),
    (CLIENT, b"\x16\x03\x09\x02\x00\x01", False),
    (CLIENT, b"\x16\x02\x01\x02\x00\x01", False),
    (CLIENT, b"\x16\x03\x01\xff\xff\x01", False),
    (CLIENT, b"GET / HTTP/1.1", False),
    (CLIENT, b"", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


# OpenSSL's own programs, for what Python's ssl cannot be asked to do


@pytest.fixture
def relay(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl program")
    relays = []

    def start(*server):
        relays.append(Relay(tmp_path, server))
        return relays[-1]

    yield start
    for one in relays:
        one.stop()


@pytest.mark.parametrize(
    "name",
    [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    ],
)
def test_every_cipher_of_tls13(relay, name):
    one = relay("-rev", "-ciphersuites", name)
    turns = one.connect(["-tls1_3", "-ciphersuites", name], [b"abc\n"])
    assert opened(turns, one.keys()) == ((b"abc\n", b"cba\n"), [])


def test_key_updates(relay):
    one = relay("-rev")
    lines = [b"before\n", b"K\n", b"after\n", b"k\n", b"again\n"]
    turns = one.connect(["-tls1_3"], lines, lambda turns: len(opened(turns, one.keys())[0][SERVER]) >= 19)
    got, missing = opened(turns, one.keys())
    assert got == (b"before\nafter\nagain\n", b"erofeb\nretfa\nniaga\n")
    assert missing == []


def test_early_data(relay, tmp_path):
    one = relay("-early_data", "-no_anti_replay")
    session, early = tmp_path / "session.pem", tmp_path / "early.txt"
    one.connect(["-tls1_3", "-sess_out", str(session)], [b"first\n"])
    early.write_bytes(b"early bird\n")
    turns = one.connect(["-tls1_3", "-sess_in", str(session), "-early_data", str(early)], [b"late\n"])
    assert "CLIENT_EARLY_TRAFFIC_SECRET" in one.keylog.read_text()
    assert opened(turns, one.keys())[0][CLIENT] == b"early bird\nlate\n"
    lines = [line for line in one.keylog.read_text().splitlines() if "EARLY" not in line]
    keys = KeyLog()
    keys.add_bytes("\n".join(lines).encode(), "keys.txt")
    got, missing = opened(turns, keys)
    assert got[CLIENT] == b"late\n"
    assert [(blind.why, blind.protocol) for blind in missing] == [("no_key", "tls")]
