"""The collector of cycles: it goes through everything when something happened and nothing happens any more."""

import asyncio
import gc
import weakref

import pytest

from leaktap.addon import _collector
from leaktap.addon._collector import Collector


@pytest.fixture
def collector():
    """A collector whose looks the test takes itself; Python's own goes through nothing that is old."""
    loop, thresholds = asyncio.new_event_loop(), gc.get_threshold()
    gc.set_threshold(thresholds[0], 1000, 1000)
    collector = Collector(loop)
    yield collector
    collector.close()
    loop.close()
    gc.set_threshold(*thresholds)
    gc.enable()
    gc.unfreeze()


class Ring:
    def __init__(self):
        self.me = self


def old_garbage():
    """Returns what tells whether a cycle is still there that only a collection of everything takes away."""
    ring = Ring()
    gc.collect()
    return weakref.ref(ring)


def much():
    """Makes what the youngest are collected for, often enough, and not once more by what comes next."""
    return [[] for _ in range(gc.get_threshold()[0] * (2 * _collector._DUE + 1) // 2)]


def test_it_waits_until_nothing_happens(collector):
    garbage, _kept = old_garbage(), much()
    collector._look()
    assert garbage(), "something happened just now"
    collector._look()
    assert not garbage()


def test_where_little_happened_nothing_is_to_collect(collector):
    garbage = old_garbage()
    for _ in range(3):
        collector._look()
    assert garbage()


def test_it_takes_a_small_share_of_the_time(collector):
    garbage, _kept = old_garbage(), much()
    collector._next = collector._loop.time() + 1000
    for _ in range(3):
        collector._look()
    assert garbage()
    collector._next = 0
    collector._look()
    assert not garbage() and collector._next > 0


def test_where_there_is_no_collector_there_is_none(collector):
    garbage, _kept = old_garbage(), much()
    collector._look()
    gc.disable()
    collector._look()
    assert garbage()


def test_what_is_loaded_is_set_aside_once(collector):
    frozen = gc.get_freeze_count()
    assert frozen
    late = Ring()
    again = Collector(collector._loop)
    again.close()
    assert gc.get_freeze_count() == frozen and late.me is late


def test_it_goes_on_by_itself(collector):
    garbage, _kept = old_garbage(), much()

    async def until():
        while garbage():
            await asyncio.sleep(0.01)

    collector._loop.run_until_complete(asyncio.wait_for(until(), 60))
