"""TLS whose records come cut anywhere, and either side of which runs ahead of the other."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.tls import Tls
from tests.wire._http2_talks import split
from tests.wire._traffic import Talk, blinds, context, plain, segment, tls_contexts
from tests.wire.test_tls import DOWN, TLS10, TLS12, TLS13, UP, VERSIONS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SAID = [(CLIENT, UP), (SERVER, DOWN), (CLIENT, b"x" * 40_000), (SERVER, b"y"), (CLIENT, UP), (SERVER, b"z" * 20_000)]
WHOLE = tuple(b"".join(data for who, data in SAID if who == side) for side in (CLIENT, SERVER))


@cache
def talks():
    """Handshakes of all kinds, with the same said in each."""
    made = [Talk(version) for version in VERSIONS]
    made += [Talk(TLS12, "AES128-SHA256"), Talk(TLS10, "ECDHE-RSA-AES256-SHA"), Talk(TLS12, alpn=("h2",))]
    retried = tls_contexts(TLS13)
    retried[SERVER].set_ecdh_curve("secp521r1")
    made.append(Talk(contexts=retried))
    for version in (TLS12, TLS13):
        contexts = tls_contexts(version)
        first = Talk(contexts=contexts).say(SERVER, DOWN).say(CLIENT, UP)
        made.append(Talk(contexts=contexts, session=first.ends[CLIENT].session))
    for talk in made:
        for side, data in SAID:
            talk.say(side, data)
    return made


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from([1, 5, 100, 1400, 70_000]), st.floats(0, 1))
def test_any_cut_in_any_order_of_the_sides(seed, size, bias):
    chance = random.Random(seed)
    talk = chance.choice(talks())
    queues = []
    for side in (CLIENT, SERVER):
        data = b"".join(data for turn, data in talk.turns if turn == side)
        cuts = [chance.randrange(len(data)) for _ in range(len(data) // size if size > 1 else 400)]
        queues.append(split(data, cuts[:3000]))
    layer, made, frame = Tls(context(talk.keys())), [], 0
    while queues[0] or queues[1]:
        side = int(chance.random() < bias)
        side = side if queues[side] else 1 - side
        count = chance.choice((1, 1, 2, 10, 10_000))
        pieces, queues[side] = queues[side][:count], queues[side][count:]
        for piece in pieces:
            frame += 1
            made += layer.feed(side, segment(piece, frame))
    made += layer.close()
    assert plain(made) == WHOLE and not blinds(made)


@pytest.mark.parametrize("order", [(CLIENT, SERVER), (SERVER, CLIENT)], ids=["client first", "server first"])
def test_one_side_all_the_way_ahead(order):
    for talk in talks():
        layer, made = Tls(context(talk.keys())), []
        for side in order:
            data = b"".join(data for turn, data in talk.turns if turn == side)
            made += layer.feed(side, segment(data))
        made += layer.close()
        assert plain(made) == WHOLE and not blinds(made)
