"""Options of pcapng blocks, one list at a time and of many packets at once."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire._records import SLACK
from leaktap.wire.pcapng_options import MOST_OPTIONS, comments, options, packet_comments
from tests.wire._packets import option

END = option(0, b"")
LISTS = [
    (b"", []),
    (END, []),
    (option(1, b"eins") + END, [b"eins"]),
    (option(1, b"eins"), [b"eins"]),
    (option(1, b"") + option(1, b"zwei") + END, [b"", b"zwei"]),
    (option(2, b"1234") + option(1, b"abcde") + option(5, b"") + option(1, b"f") + END, [b"abcde", b"f"]),
    (END + option(1, b"behind the end"), []),
    (option(1, b"good") + struct.pack("<HH", 1, 9) + b"too few", [b"good"]),
    (option(1, b"good") + b"\1\0", [b"good"]),
    (struct.pack("<HH", 1, 0xFFFF), []),
]


def together(lists, order="<"):
    """The comments of many lists, read at once."""
    data = b"".join(lists)
    at = np.cumsum([0, *map(len, lists)])
    found = [[] for _ in lists]
    for row, place, length in zip(
        *packet_comments(memoryview(data + bytes(SLACK)), order, at[:-1], at[1:]), strict=True
    ):
        found[row].append(data[place : place + length])
    return found


@pytest.mark.parametrize(("made", "expected"), LISTS)
def test_one_list(made, expected):
    assert [bytes(value) for code, value in options(memoryview(made), "<") if code == 1] == expected
    assert together([made]) == [expected]


def test_lists_together():
    assert together([made for made, _ in LISTS]) == [expected for _, expected in LISTS]


def test_the_other_order():
    made = option(2, b"1234", ">") + option(1, b"eins", ">")
    assert together([made], ">") == [[b"eins"]]
    assert list(comments(memoryview(made), ">")) == ["eins"]


def test_text_that_is_none():
    assert list(comments(memoryview(option(1, b"a\xffb")), "<")) == ["a\ufffdb"]


def test_a_list_without_end():
    many = option(5, b"") * (MOST_OPTIONS - 1) + option(1, b"last") + option(1, b"one more")
    assert together([many]) == [[b"last"]]


@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from("<>"))
def test_any_lists_are_read_alike(lists, order):
    one = [[bytes(v) for code, v in options(memoryview(made), order) if code == 1] for made in lists]
    assert together(lists, order) == one
