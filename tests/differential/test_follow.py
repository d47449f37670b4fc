"""What follows the phone is told from what chance and the clock do, also under ciphers that nobody opens."""

import base64
import gzip
import io
import json
import random
from hashlib import md5

import fastavro
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import Case
from leaktap.decoders import Opener
from leaktap.differential import Analysis, Run, fields
from leaktap.differential._follow import _bits, _differing, _is_coarse_time, _spans
from leaktap.model import Endpoint, Exchange, Message, Origin

KEY = bytes(range(16))
PAD = random.Random(5).randbytes(512)
OPENER = Opener(Case())
IMEI = {"a": "867531042188306", "b": "862149055173266"}
NAME = {"a": "Li's phone", "b": "The grey phone of the second floor's laboratory, with a long name"}
START = 1_795_255_203


def padded(data):
    size = 16 - len(data) % 16
    return data + bytes([size]) * size


def aes(mode, data):
    encryptor = Cipher(algorithms.AES(KEY), mode).encryptor()
    return encryptor.update(padded(data)) + encryptor.finalize()


def xor(data):
    return bytes(one ^ other for one, other in zip(data, PAD, strict=False))


class Phone:
    """One run of an app: requests with times, chance, and what the phone is."""

    def __init__(self, side, number, seed):
        self.side, self.random = side, random.Random(f"{seed} {side} {number}")
        # The phones take turns; each run takes some minutes.
        self.now = START + (2 * number + (side == "b")) * 900 + self.random.random() * 60
        self.session = self.random.randbytes(16).hex()
        self.count = 0

    def noise(self):
        """What differs in time and randomness alone."""
        self.now += 1 + self.random.random() * 9
        self.count += 1
        return {
            "ts": int(self.now * 1000),
            "seconds": str(int(self.now)),
            "day": "2026-11-21",
            "nonce": self.random.randbytes(8).hex(),
            "session": self.session,
            "seq": self.count,
            "net": self.random.choice(["wifi", "4g", "5g"]),
            "carrier": self.random.choice(["Example Mobile", "Example Unicom"]),
            "battery": self.random.randrange(100),
            "lat": round(31.2304 + self.random.gauss(0, 0.001), 6),
            "events": ["open"] * self.random.randrange(1, 6),
            "version": "5.4.1",
        }

    def request(self, host, body, headers=()):
        request = Message(("POST", f"/v1/report/{self.random.randrange(10**6)}", "HTTP/1.1"), headers, body)
        number = f"{self.side}{self.now}"
        time = int(self.now * 1_000_000)
        return Exchange(
            number, time, Endpoint("192.0.2.9"), Endpoint("192.0.2.1", 443), "https", host, request, None, Origin("t")
        )


def analysed(make, seed=1, runs=2, requests=8):
    analysis = Analysis(Run(f"{side}{number}", side) for side in "ab" for number in range(runs))
    for side in "ab":
        for number in range(runs):
            phone = Phone(side, number, seed)
            for _ in range(requests):
                for seen in fields(make(phone), OPENER):
                    analysis.add(f"{side}{number}", seen)
    return analysis


def suspects(make, **more):
    return list(analysed(make, **more).suspects())


def as_json(extra):
    return lambda phone: phone.request("a.example", json.dumps({**phone.noise(), **extra(phone)}).encode())


SEEDS = range(20)

QUIET = {
    "time and chance alone": as_json(lambda phone: {}),
    "under a stream cipher": lambda p: p.request(
        "a.example", aes(modes.CTR(p.random.randbytes(16)), json.dumps(p.noise()).encode())
    ),
    "under a block cipher": lambda p: p.request("a.example", aes(modes.ECB(), json.dumps(p.noise()).encode())),
    "under a pad": lambda p: p.request("a.example", xor(json.dumps(p.noise()).encode())),
    "base64 of gzip": lambda p: p.request("a.example", base64.b64encode(gzip.compress(json.dumps(p.noise()).encode()))),
    "one token for all phones": as_json(lambda phone: {"token": "5b1e09d7c4a8f2637b1e09d7c4a8f263"}),
    "a word that chance chose": as_json(lambda phone: {"net": phone.random.choice(["mobile", "wireless"])}),
    "the hour": as_json(lambda phone: {"hour": str(int(phone.now) // 3600 * 3600)}),
    "the same known phone, both sides": as_json(lambda phone: {"imei": IMEI["a"]}),
}


@pytest.mark.parametrize("name", QUIET)
def test_runs_that_differ_in_time_and_chance_alone_show_nothing(name):
    for seed in SEEDS:
        assert suspects(QUIET[name], seed=seed) == []


def ciphertext(mode):
    def make(phone):
        about = {"name": NAME[phone.side], "imei": IMEI[phone.side], "ts": int(phone.noise()["ts"])}
        return phone.request("a.example", aes(mode(phone), json.dumps(about).encode()))

    return make


LEAKS = {
    "plain": (as_json(lambda p: {"x": IMEI[p.side]}), "value", "request.body|json.$.x"),
    "a digest with a secret salt": (
        as_json(lambda p: {"x": md5(b"?" + IMEI[p.side].encode()).hexdigest()}),
        "value",
        "request.body|json.$.x",
    ),
    "XOR with a secret pad": (
        as_json(lambda p: {"x": base64.b64encode(xor(IMEI[p.side].encode())).decode()}),
        "value",
        "request.body|json.$.x|base64",
    ),
    "a timestamp that is none": (
        as_json(lambda p: {"x": START * 1000 + int(IMEI[p.side]) % 86_399_989}),
        "value",
        "request.body|json.$.x",
    ),
    "XOR of a whole message with a secret pad": (
        lambda p: p.request(
            "a.example", xor(f"{int(p.noise()['ts'])}|{IMEI[p.side]}|{p.random.randbytes(4).hex()}".encode())
        ),
        "bytes",
        "request.body",
    ),
    "ECB with a time behind": (
        lambda p: p.request("a.example", aes(modes.ECB(), f"{IMEI[p.side]}={IMEI[p.side]};{p.noise()['ts']}".encode())),
        "bytes",
        "request.body",
    ),
    "a name under an unknown key": (ciphertext(lambda p: modes.CBC(p.random.randbytes(16))), "length", "request.body"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_no_decoder_opens_is_suspected_when_it_follows_the_phone(name):
    make, kind, path = LEAKS[name]
    for seed in SEEDS:
        found = suspects(make, seed=seed)
        assert [(each.kind, each.field.path) for each in found if each.field.path == path] == [(kind, path)], seed
        assert {each.field.path.partition(path)[1] for each in found} == {path}, seed


def test_a_suspect_has_its_evidence():
    (found,) = suspects(as_json(lambda p: {"x": IMEI[p.side]}))
    assert found.values == (IMEI["a"].encode(), IMEI["b"].encode())
    assert (found.runs, found.seen, len(found.exchanges)) == (4, 32, 4)
    assert found.field.target == "/v1/report/*"
    assert found.lengths == ((15, 15), (15, 15))


def test_single_runs_prove_nothing():
    analysis = analysed(as_json(lambda p: {"x": IMEI[p.side]}), runs=1)
    assert not analysis.repeated and list(analysis.suspects()) == []
    assert analysis.differing() >= 1


def test_a_field_that_only_one_phone_sends_is_no_suspect():
    assert suspects(as_json(lambda p: {"x": IMEI["a"]} if p.side == "a" else {})) == []


def test_words_follow_the_phone_only_after_many_runs():
    make = as_json(lambda p: {"make": {"a": "mobile", "b": "wireless"}[p.side]})
    assert suspects(make, runs=2) == []
    assert [each.field.path for each in suspects(make, runs=6)] == ["request.body|json.$.make"]


def test_what_differs_in_time_is_told_when_the_phones_did_not_take_turns():
    analysis = Analysis([Run("a", "a"), Run("b", "b")])
    for side, number in (("a", 0), ("b", 3)):
        phone = Phone(side, number, 1)
        for seen in fields(phone.request("a.example", b"x=1"), OPENER):
            analysis.add(side, seen)
    assert not analysis.in_turns
    assert analysed(as_json(lambda p: {})).in_turns


@pytest.mark.parametrize(
    ("value", "seconds", "coarse"),
    [
        (b"2026-11-21", 1_795_255_203, True),
        (b"20261121", 1_795_255_203, True),
        (b"2026-11-21 10", 1_795_255_203, True),
        (b"2026-01-21", 1_795_255_203, False),
        (b"20269921", 1_795_255_203, False),
        (b"1795255200", 1_795_255_203, True),
        (b"1795255200000", 1_795_255_203, True),
        (b"1795255203", 1_795_255_203, False),
        (b"1795255200001", 1_795_255_203, False),
        (b"1700006400", 1_795_255_203, False),
        (b"867531042188306", 1_795_255_203, False),
    ],
)
def test_what_the_clock_explains(value, seconds, coarse):
    assert _is_coarse_time(value, [seconds * 1_000_000]) is coarse


@pytest.mark.parametrize(
    ("value", "enough"),
    [
        (b"867531042188306", True),
        (b"5b1e09d7c4a8f263", True),
        (b"aGVsbG8xMjM0NTY3", True),
        (bytes(range(7)), True),
        (b"wifi", False),
        (b"Example Mobile", False),
        (b"5.4.1", False),
        (b"true", False),
        (b"0000000000", False),
        (b"", False),
    ],
)
def test_how_much_a_value_holds(value, enough):
    assert (_bits(value) >= 20) is enough


@given(st.binary(max_size=64), st.data())
def test_differing_bytes_are_found_in_their_places(one, data):
    other = data.draw(st.binary(min_size=len(one), max_size=len(one)))
    places = {place for start, end in _spans(_differing(one, other), len(one)) for place in range(start, end)}
    assert places == {place for place in range(len(one)) if one[place] != other[place]}


def test_the_case_describes_messages_here_as_in_a_scan(tmp_path):
    schema = {"type": "record", "name": "Log", "fields": [{"name": "who", "type": "string"}]}
    (tmp_path / "log.avsc").write_text(json.dumps(schema), encoding="utf-8")
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), {"who": IMEI["a"]})
    opener = Opener(Case.model_validate({"avro": [{"file": tmp_path / "log.avsc"}]}))
    seen = fields(Phone("a", 0, 1).request("a.example", body.getvalue()), opener)
    assert IMEI["a"].encode() in {each.value for each in seen if each.field.path.endswith(".who")}
