"""The order of a window's things depends on nothing but themselves, so that shares of a capture can be put together."""

import heapq
import random
from dataclasses import replace

import pytest

from leaktap.model import Answer, Blind, Endpoint, Exchange, Fault, Message, Origin
from leaktap.wire._api import Finished
from leaktap.wire.order import in_order, place


def exchange(time, stream, transport="tcp", body=b""):
    request = Message(("GET", "/", "HTTP/1.1"), (), body, time)
    ends = Endpoint("192.0.2.1", 1), Endpoint("198.51.100.1", 80)
    origin = Origin("a", transport=transport, stream=stream)
    return Exchange(f"{transport}.{stream}:{time}", time, *ends, "http", "a", request, None, origin)


THINGS = [
    Fault("wire", "a: tcp.1", "x"),
    Fault("wire", "a: tcp.1", "y"),
    Blind(3, "no_key", "tls", stream=1),
    Blind(4, "no_key", "h2", stream=1),
    Blind(4, "no_key", "tls"),
    Blind(4, "no_key", "tls", stream=2),
    exchange(1, 9),
    exchange(2, 4),
    Answer(exchange(2, 5)),
    exchange(2, 1, "udp"),
]
"""In the order that they have."""


def made(thing):
    if isinstance(thing, Answer):
        return Finished(thing.exchange, answer=True)
    return Finished(thing) if isinstance(thing, Exchange) else thing


@pytest.mark.parametrize("seed", range(8))
def test_however_they_come(seed):
    shuffled = random.Random(seed).sample(THINGS, len(THINGS))
    assert list(in_order(map(made, shuffled))) == THINGS


@pytest.mark.parametrize("seed", range(8))
def test_shares_that_are_merged_are_the_whole(seed):
    chance = random.Random(seed)
    shares = [[], [], []]
    for thing in THINGS:
        chance.choice(shares).append(thing)
    assert list(heapq.merge(*shares, key=place)) == THINGS


def test_what_one_connection_says_at_one_moment_keeps_its_order():
    same = [replace(exchange(1, 1), id=f"tcp.1:{number}") for number in (3, 1, 2)]
    assert list(in_order(map(made, same))) == same


def test_long_bodies_do_not_wait_for_the_end_of_the_window(monkeypatch):
    monkeypatch.setattr("leaktap.wire.order._MOST_SORTED", 15)
    fed = []

    def things():
        for index in range(20):
            fed.append(index)
            yield made(exchange(index, index, body=b"ab"))

    assert [len(fed) for _ in in_order(things())] == [8] * 8 + [16] * 8 + [20] * 4
