"""What two hosts say to each other counts by its bytes and its turns, wherever windows are cut."""

import io
from collections import Counter

import pytest

from leaktap.wire import loads as weighing
from leaktap.wire.loads import loads
from tests.wire._packets import ACK, CLIENT, SERVER, ethernet, ip, pcap, tcp, udp

THIRD = "192.0.2.77"
TURN = weighing._TURN


def says(size, source=CLIENT, target=SERVER, sport=40000, dport=80):
    return ethernet(ip(tcp(bytes(size), sport, dport, 1, 1, ACK), source, target))


def answers(size, source=SERVER, target=CLIENT, sport=80, dport=40000):
    return says(size, source, target, sport, dport)


TALKS = {
    "nothing": ([], []),
    "acknowledgments alone": ([says(0), answers(0)], []),
    "one side alone": ([says(100), says(50)], [150]),
    "a turn": ([says(100), answers(1000), answers(400)], [1500 + TURN]),
    "two turns": ([says(100), answers(1000), says(100), answers(1)], [1201 + 2 * TURN]),
    "two connections of the same hosts": (
        [says(100), answers(10), says(1, sport=40001), answers(2, dport=40001)],
        [113 + 2 * TURN],
    ),
    "two servers": ([says(100), answers(10), says(7, target=THIRD)], [110 + TURN, 7]),
    "datagrams": ([ethernet(ip(udp(b"abc", 40000, 53), CLIENT, SERVER))], []),
}


@pytest.mark.parametrize(("packets", "expected"), TALKS.values(), ids=TALKS)
def test_talks(packets, expected):
    capture = pcap([(index, packet) for index, packet in enumerate(packets)])
    total = sum(loads(io.BytesIO(capture), "x"), Counter())
    assert sorted(total.values()) == sorted(expected)


def test_every_window_is_told_of(monkeypatch):
    capture = pcap([(index, says(100)) for index in range(100)])
    monkeypatch.setattr(weighing.windows, "__defaults__", (2000, None))
    told = list(loads(io.BytesIO(capture), "x"))
    assert len(told) > 5 and sum(told, Counter()).total() == 10_000


def test_what_is_broken_ends_there():
    capture = pcap([(0, says(100)), (1, says(100))])
    assert sum(loads(io.BytesIO(capture[:-5]), "x"), Counter()).total() == 100
    assert sum(loads(io.BytesIO(b"no capture" * 10), "x"), Counter()).total() == 0
