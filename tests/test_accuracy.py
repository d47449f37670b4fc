"""Whatever is planted in a message is found, by the path and in the form that it was planted: drawn by a fixed seed.

`python -m benchmarks accuracy` draws many more, by another seed each time, and shrinks what is missed.
"""

from collections import Counter
from random import Random

import pytest

from benchmarks._benign import precision
from benchmarks._matrix import DEEPEST, Draw, Matrix, is_possible
from benchmarks._wrappers import WRAPPERS

SEED, DRAWS, MEGABYTES = "leaktap", 300, 0.4

ASTRAY = 0.01
"""How many may be found by another path or in another form."""


@pytest.fixture(scope="module")
def matrix():
    return Matrix(SEED)


def test_whatever_is_planted_is_found(matrix):
    judged = [(draw, matrix.judge(draw)) for draw in map(matrix.draw, range(DRAWS))]
    missed = [draw for draw, verdict in judged if not verdict.found]
    assert not missed, "\n".join(f"{matrix.shrunk(draw)}" for draw in missed)
    astray = [f"{draw}\n  {verdict}" for draw, verdict in judged if verdict.found and not verdict.right]
    assert len(astray) <= DRAWS * ASTRAY, "\n".join(astray)


MISSED = [
    (("base85",), "query"),
    (("base64", "base85"), "body"),
    (("tar", "url", "csv"), "body"),
    (("base85", "xml"), "cookie"),
    (("base85", "csv"), "query"),
    (("base85", "form"), "whole query"),
    (("zstd", "ascii85", "xml"), "cookie"),
    (("ascii85", "ascii85", "json"), "query"),
    (("lz4", "hex", "form"), "query"),
    (("snappy", "base64"), "body"),
    (("protobuf", "base64", "url"), "body"),
    (("alphabet64", "xml"), "body"),
    (("alphabet64", "json"), "body"),
    (("http", "protobuf"), "body"),
    (("thrift", "thrift"), "body"),
    (("data", "percent", "protobuf"), "body"),
    (("multipart", "form"), "path"),
    (("form", "deflate", "deflate"), "body"),
    (("protobuf", "alphabet64"), "body"),
    (("avro by schema", "alphabet64"), "query"),
    (("encrypted", "hex"), "body"),
    (("messagepack", "encrypted by an SDK"), "body"),
    (("cookie", "json"), "body"),
    (("xml", "percent"), "body"),
]
"""Wrappers in which draws were once missed, and where."""


@pytest.mark.parametrize("much", [False, True], ids=["little", "much"])
@pytest.mark.parametrize(("wrappers", "place"), MISSED, ids=[" in ".join((*each, place)) for each, place in MISSED])
def test_what_was_once_missed(matrix, wrappers, place, much):
    random = Random(f"{wrappers}{place}{much}")
    every = [writing for writings in matrix.identity.writings.values() for writing in writings]
    draws = [Draw(f"{SEED}/{number}", random.choice(every), wrappers, place, much) for number in range(12)]
    judged = [(draw, matrix.judge(draw)) for draw in draws if is_possible(draw)]
    assert judged and not [f"{draw}" for draw, verdict in judged if not verdict.found]


def test_nothing_is_found_where_nothing_is(matrix):
    assert precision(matrix.identity, MEGABYTES, SEED, captures=False)


def test_draws_are_the_same_again_and_reach_everything(matrix):
    draws = [matrix.draw(number) for number in range(DRAWS)]
    again = Matrix(SEED)
    assert draws == [again.draw(number) for number in range(DRAWS)]
    assert [matrix.message(draw) for draw in draws[:50]] == [again.message(draw) for draw in draws[:50]]
    assert {len(draw.wrappers) for draw in draws} == set(range(1, DEEPEST + 1))
    drawn = Counter(name for draw in draws for name in draw.wrappers)
    assert drawn.keys() >= {name for name, wrapper in WRAPPERS.items() if not wrapper.shape and not wrapper.said}
    assert {draw.writing.identifier for draw in draws} == matrix.identity.writings.keys()


def test_what_is_not_there_is_missed_and_shrinks(matrix, monkeypatch):
    monkeypatch.setattr(matrix, "_is_planted", lambda match, writing: False)
    draw = next(draw for draw in map(matrix.draw, range(DRAWS)) if len(draw.wrappers) == DEEPEST)
    small = matrix.shrunk(draw)
    assert len(small.wrappers) == 1 and small.place == "body" and not small.much
