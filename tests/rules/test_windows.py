"""What is remembered is bounded by windows: idle keys go, and each input has its own clock."""

import pytest

from leaktap.config import Case
from leaktap.model import Owner, Phase
from leaktap.rules import Engine
from leaktap.rules._windows import MOST_KEYS, Memory, Window
from tests.rules._findings import SECOND, Events, finding


def remembered(count, apart, hosts):
    engine = Engine(Case(), Events())
    for n in range(count):
        owner = Owner("third", "SDK", f"Company {n % hosts}")
        engine.judge(finding("imei", owner=owner, phase=Phase("consented"), time=n * apart, exchange=f"tcp.{n}:0"))
    return len(engine._past)


def test_recipients_that_fell_silent_are_forgotten():
    few, many = (remembered(count, 60 * SECOND, 10**6) for count in (10_000, 30_000))
    assert many <= few
    assert many < 10_000


def test_a_window_holds_no_more_than_it_must():
    window = Window()
    for n in range(10_000):
        window.add(n, f"tcp.{n}:0", keep=10**9, most=61)
    assert len(window.times) == len(window.exchanges) <= 61 + 64 + 1
    assert window.within(9_999, 10) == (len(window.times) - 10, len(window.times))


@pytest.mark.parametrize("order", [range(100), range(99, -1, -1), [*range(50, 100), *range(50)]])
def test_a_window_is_in_order_whatever_the_order(order):
    window = Window()
    for n in order:
        window.add(n, f"tcp.{n}:0", keep=10**9, most=1000)
        window.add(n, f"tcp.{n}:0", keep=10**9, most=1000)
    assert window.times == list(range(100))
    assert window.exchanges == [f"tcp.{n}:0" for n in range(100)]


def test_an_input_that_is_older_than_the_one_before_it_keeps_its_own_time():
    memory = Memory(Window, keep=100)
    for n in range(3000):
        memory.touch(("late", n), 10**9 + n, "b.pcap")
    memory.touch("early", 5, "a.pcap")
    for n in range(3000):
        memory.touch(("later", n), 2 * 10**9 + n, "b.pcap")
    assert memory.peek("early") is not None
    assert memory.peek(("late", 0)) is None


def test_keys_of_one_moment_are_bounded_too():
    memory = Memory(Window, keep=100)
    for n in range(MOST_KEYS + 5000):
        memory.touch(n, 0, "a.pcap")
    assert len(memory) <= MOST_KEYS
    assert memory.peek(MOST_KEYS + 4999) is not None
