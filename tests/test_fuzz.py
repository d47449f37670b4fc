"""A small run of the fuzzer, and whether it finds what it is to find."""

import random
import struct
from contextlib import suppress
from functools import cache
from multiprocessing import get_context

import pytest

from fuzz import trial
from fuzz.draft import Draft
from fuzz.mutate import DAMAGES, UNFIT, mutated
from fuzz.run import damaged, run
from fuzz.seeds import Seed, golden, made, plain, too_much
from leaktap.model import Fault
from tests._fresh import fresh
from tests._waiting import PATIENCE

LONG = 4 * PATIENCE


@cache
def captures():
    return [*golden(), *plain(), *made()]


@pytest.fixture(scope="module")
def known():
    return captures()


@pytest.fixture(scope="module")
def process():
    """What forks, and measures what that takes."""
    with fresh() as made:
        yield made


def ordinary(folder):
    return run(captures(), seed=7, count=300, seconds=LONG, workers=2, folder=folder)


def test_damaged_captures_raise_nothing(process, tmp_path):
    outcome = process.submit(ordinary, tmp_path).result()
    stories = [(place / "why.txt").read_text() for place in outcome.saved]
    assert (outcome.inputs, dict(outcome.kinds), stories) == (300, {}, [])
    assert 0 < outcome.peak < trial.MEGABYTES


def test_captures_that_ask_for_much_get_no_more_than_there_is(process):
    """Each as it is, a few in a process."""
    assert process.submit(failures).result() == []


def failures():
    known = list(too_much())
    with get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        failed = pool.map(tried, known, chunksize=8)
    return [(one.name, failure) for one, failure in zip(known, failed, strict=True) if failure]


def tried(one):
    return means().run(one.data, one.keys)


@cache
def means():
    return trial.Trial()


def test_an_input_is_known_by_its_number(known):
    inputs = [damaged(known, 1, number) for number in range(200)]
    assert inputs == [damaged(known, 1, number) for number in range(200)]
    assert len({data for _, data in inputs}) > 180
    assert [data for _, data in inputs] != [damaged(known, 2, number)[1] for number in range(200)]


def test_nothing_is_damaged_by_taking_a_capture_apart(known):
    for one in known:
        if not one.name.endswith("packed"):
            assert Draft.of(one.data).bytes() == one.data, one.name


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_kind_of_damage_does_something(damage, known):
    chance, changed = random.Random(3), 0
    for one in chance.sample(known, 40):
        draft = Draft.of(one.data)
        for _ in range(5):
            with suppress(*UNFIT):
                damage(draft, chance, Draft.of(known[0].data))
        changed += draft.bytes() != one.data
    assert changed > 5


def test_what_is_resized_has_the_right_lengths(known):
    one = next(one for one in known if one.name == "http1-ordinary")
    draft = Draft.of(one.data)
    record = draft.records[3]
    start, _ = draft.payload(record)
    assert record[start : start + 4] == b"POST"
    longer = draft.resized(record, start, 4, b"PROPFIND")
    assert len(longer) == len(record) + 4
    assert longer[start : start + 9] == b"PROPFIND "
    assert struct.unpack_from("<I", longer, 8)[0] == len(longer) - 16
    assert struct.unpack_from(">H", longer, 16 + 14 + 2)[0] == len(longer) - 16 - 14


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a" * 9, bytes(100)])
def test_what_is_no_capture_can_be_damaged_too(data):
    for number in range(100):
        mutated(data, data, random.Random(number))


# What it finds: leaktap's way in stands in for one that is broken


def broken(*_):
    raise IndexError("a bug")


def slow(*_):
    while True:
        pass


def greedy(*_):
    yield (b"\1" * (trial.MEGABYTES << 20))[:0]


def confused(*_):
    yield Fault("pipeline", "x", "KeyError while it was inspected: 'x'")


def failing(reader, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "read", reader)
        if reader is slow:
            patch.setattr(trial, "SECONDS", 0.2)
        return run([Seed("a", bytes(100), b"keys")], seed=1, count=5, seconds=LONG, workers=1, folder=folder)


@pytest.mark.parametrize(
    ("reader", "kind"),
    [(broken, "IndexError in"), (slow, "hang in"), (greedy, "memory"), (confused, "KeyError")],
)
def test_failures_are_found_and_saved(process, reader, kind, tmp_path):
    outcome = process.submit(failing, reader, tmp_path / "out").result()
    assert outcome.inputs == 5
    assert [name[: len(kind)] for name in outcome.kinds] == [kind], [
        (one / "why.txt").read_text() for one in outcome.saved
    ]
    assert outcome.kinds.total() == 5
    assert len(outcome.saved) == 3
    for place in outcome.saved:
        assert {file.name for file in place.iterdir()} == {"capture", "keys.txt", "why.txt"}
        assert (place / "capture").read_bytes() == damaged([Seed("a", bytes(100))], 1, int(place.name[2:]))[1]
