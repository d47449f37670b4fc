import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Exchange, Fault
from leaktap.wire import quic_connection
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from leaktap.wire.quic import Quic
from leaktap.wire.quic_packets import packets
from tests.wire._quic_talks import TALKS, arrivals, read, recorded, said
from tests.wire._traffic import HOST, blinds, context, segment

HTTP = [name for name in TALKS if name not in ("other", "dns")]


def exchanges(seen):
    """Those of HTTP/3: what nothing recognises may be told in other ways."""
    return [item for item in seen if isinstance(item, Exchange) and item.origin.protocol == "h3"]


def told(seen):
    return sorted(said(exchange) for exchange in exchanges(seen))


@pytest.mark.parametrize("name", HTTP)
def test_what_two_peers_said(name):
    record = recorded(name)
    seen = read(record.datagrams, record.keys(), patient=False)
    assert told(seen) == sorted(record.said)
    assert all(isinstance(item, Exchange) for item in seen)
    for exchange in exchanges(seen):
        assert exchange.origin.decrypted and exchange.origin.protocol == "h3" and exchange.host == HOST
        assert exchange.server.port == 443 and exchange.origin.stream in (0, 1)


def test_a_connection_that_moves_is_one():
    record = recorded("moves")
    assert len({port for _, _, port, _ in record.datagrams}) == 3
    seen = read(record.datagrams, record.keys())
    assert {exchange.id for exchange in exchanges(seen)} == {"udp.0:0", "udp.0:1", "udp.0:2"}
    alone = record.datagrams[-1][2]
    orphan = read([one for one in record.datagrams if one[2] == alone], record.keys())
    assert not exchanges(orphan) and blinds(orphan)


@pytest.mark.parametrize("name", ["retry", "early data", "key updates", "moves", "many streams"])
@pytest.mark.parametrize("trial", ["twice", "shuffled", "windows", "late keys"])
def test_other_ways_to_see_the_same(name, trial):
    record, chance = recorded(name), random.Random(name)
    datagrams, window = record.datagrams, None
    if trial == "twice":
        datagrams = [one for one in datagrams for _ in range(chance.randint(1, 2))]
    elif trial == "shuffled":
        order = sorted(range(len(datagrams)), key=lambda index: index and index + chance.uniform(0, 6))
        datagrams = [(number * 1000, *datagrams[index][1:]) for number, index in enumerate(order)]
    elif trial == "windows":
        window = 7
    if trial == "late keys":
        log, events = KeyLog(), list(arrivals(datagrams, 50))
        engine = Engine("a.pcap", log)
        seen = list(engine.feed(events[: len(events) // 2]))
        assert not exchanges(seen)
        log.add_bytes(record.log.encode(), "keys.txt")
        seen += [*engine.feed(events[len(events) // 2 :]), *engine.close()]
    else:
        seen = read(datagrams, record.keys(), window)
    assert told(seen) == sorted(record.said)
    assert all(isinstance(item, Exchange) for item in seen)


def test_keys_that_come_after_the_end():
    record, log = recorded("simple"), KeyLog()
    engine = Engine("a.pcap", log)
    assert not list(engine.feed(arrivals(record.datagrams)))
    log.add_bytes(record.log.encode(), "keys.txt")
    assert told(engine.feed([])) == sorted(record.said)
    assert not list(engine.close()) and engine._budget.room == Engine("", log)._budget.room


@pytest.mark.parametrize("name", ["many streams"])
def test_what_is_lost_is_counted(name):
    record, chance = recorded(name), random.Random(2)
    kept = record.datagrams[:12] + [one for one in record.datagrams[12:] if chance.random() > 0.02]
    seen = read(kept, record.keys())
    assert {exchange.request.start[1] for exchange in exchanges(seen)} <= {one[1].decode() for one in record.said}
    missing = sum(
        message.missing for exchange in exchanges(seen) for message in (exchange.request, exchange.response) if message
    )
    assert missing and exchanges(seen) and blinds(seen)
    for exchange in exchanges(seen):
        one = next(one for one in record.said if one[1].decode() == exchange.request.start[1])
        assert len(exchange.request.body) + exchange.request.missing <= len(one[3])


def test_without_a_server_hello_the_suite_is_found():
    record = recorded("chacha20")
    lost = next(one for one in record.datagrams if one[1] == SERVER)
    seen = read([one for one in record.datagrams if one is not lost], record.keys(), patient=False)
    assert len(exchanges(seen)) == 3


@pytest.mark.parametrize(("name", "version"), [("simple", "v1"), ("version 2", "v2"), ("retry", "v1")])
@pytest.mark.parametrize("patient", [True, False])
def test_without_keys(name, version, patient):
    record = recorded(name)
    seen = read(record.datagrams, patient=patient)
    (blind,) = seen
    assert (blind.why, blind.protocol, blind.host, blind.port) == ("quic", "quic", HOST, 443)
    assert blind.detail.startswith(f"QUIC {version}, TLS 1.3, TLS_") and "h3" in blind.detail and "q13d" in blind.detail
    sizes = sum(packet.end - packet.start for _, _, _, data in record.datagrams for packet in packets(data))
    assert sizes * 0.7 < blind.bytes <= sizes


def test_keys_that_do_not_fit():
    record = recorded("aes128")
    log = "\n".join(f"{line.rsplit(' ', 1)[0]} {'00' * 32}" for line in record.log.splitlines())
    keys = KeyLog()
    keys.add_bytes(log.encode(), "keys.txt")
    (blind,) = read(record.datagrams, keys)
    assert (blind.why, blind.host) == ("wrong_key", HOST)


def test_only_the_handshakes_keys():
    record, keys = recorded("simple"), KeyLog()
    keys.add_bytes("\n".join(one for one in record.log.splitlines() if "HANDSHAKE" in one).encode(), "keys.txt")
    (blind,) = read(record.datagrams, keys)
    assert blind.why == "quic" and "ALPN h3" in blind.detail and "certificate of" in blind.detail


def test_dns_over_quic():
    record = recorded("dns")
    seen = read(record.datagrams, record.keys())
    found = [item for item in seen if isinstance(item, Exchange)]
    assert len(found) == 2 and not blinds(seen)
    for exchange in found:
        assert "api.example" in repr(exchange.request) and exchange.response and exchange.origin.decrypted


def test_other_protocols_are_looked_into_as_if_they_were_connections():
    record = recorded("other")
    seen = read(record.datagrams, record.keys())
    (exchange,) = [item for item in seen if isinstance(item, Exchange)]
    assert exchange.request.body == b"GET /x\r\n" and exchange.response.body == b"hello " * 100
    assert [(blind.why, blind.protocol, blind.bytes) for blind in blinds(seen)] == [
        ("unknown_protocol", "hq-interop", 8)
    ]


def test_a_pause_tells_requests_before_their_answers():
    record, keys = recorded("simple"), recorded("simple").keys()
    engine, seen = Engine("a.pcap", keys), []
    for event in arrivals(record.datagrams, 1):
        seen += engine.feed([event], True)
    asked = [exchange.request.start[1] for exchange in exchanges(seen)]
    assert asked == ["/a?imei=867530912345678", "/b", "/c"]
    assert not [exchange for exchange in exchanges(seen) if exchange.response]
    assert len([item for item in seen if type(item).__name__ == "Answer"]) == 3


def test_a_capture_that_begins_later():
    record = recorded("simple")
    short = [one for one in record.datagrams if not one[3][0] & 0x80]
    seen = read(short, record.keys())
    assert not exchanges(seen) and blinds(seen)
    server = [one for one in record.datagrams if one[1] == SERVER]
    (blind,) = read(server, record.keys())
    assert blind.why == "quic" and "not captured" in blind.detail


def test_two_connections_of_one_pair_of_endpoints():
    one, other = recorded("simple"), recorded("aes256")
    last = one.datagrams[-1][0]
    datagrams = one.datagrams + [(last + 1000 + moment, side, 0, data) for moment, side, _, data in other.datagrams]
    keys = one.keys()
    keys.add_bytes(other.log.encode(), "more.txt")
    datagrams = [(moment, side, 50_000, data) for moment, side, _, data in datagrams]
    for window in (None, 5):
        seen = read(datagrams, keys, window)
        assert told(seen) == sorted(one.said + other.said)


def test_the_sides_are_told_by_the_bytes():
    record = recorded("simple")
    swapped = [(moment, 1 - side, port, data) for moment, side, port, data in record.datagrams]
    seen = read(swapped, record.keys())
    assert told(seen) == sorted(record.said)
    assert all(exchange.client.port == 443 for exchange in exchanges(seen))


def test_what_waits_is_bounded(monkeypatch):
    monkeypatch.setattr(quic_connection, "_MOST_WAITING", 20_000)
    record = recorded("many streams")
    one = context(transport="udp")
    room, layer = one.budget.room, Quic(one)
    for number, (_, side, _, data) in enumerate(record.datagrams):
        assert not list(layer.feed(side, segment(data, number)))
        assert layer.waiting <= 20_000 and room - one.budget.room <= 20_000
    (blind, *_) = layer.close()
    assert blind.why == "quic" and one.budget.room == room and not one.commons["quic"]._known


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(["retry", "moves", "early data", "upgraded"]))
def test_whatever_happens_to_datagrams(seed, name):
    """Lost, repeated, cut, changed and in any order."""
    record, chance = recorded(name), random.Random(seed)
    datagrams = []
    for moment, side, port, data in record.datagrams[:80]:
        text = bytearray(data)
        if chance.random() < 0.15:
            text[chance.randrange(min(len(text), chance.choice([8, 40, 1200])))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.05:
            del text[chance.randrange(1, len(text) + 1) :]
        datagrams += [(moment, side, port, bytes(text))] * chance.choice([0, 1, 1, 1, 1, 2])
    if chance.random() < 0.5:
        chance.shuffle(datagrams)
    seen = read(datagrams, record.keys(), chance.choice([None, 3]), chance.random() < 0.5)
    assert {type(item).__name__ for item in seen} <= {"Exchange", "Blind", "Fault"}
    wanted = {one[1].decode() for one in record.said}
    assert {exchange.request.start[1] for exchange in exchanges(seen)} <= wanted


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=100)), max_size=10))
def test_any_datagrams(turns):
    begin = recorded("simple").datagrams[0][3]
    one = context(transport="udp")
    layer, made, room = Quic(one), [], one.budget.room
    for number, (side, data) in enumerate([(CLIENT, begin), *turns]):
        made += layer.feed(side, segment(data, number))
    made += layer.close()
    assert not [item for item in made if isinstance(item, Fault)] and one.budget.room == room
