"""What is found in exchanges before anybody judges it; the pipeline judges it the same wherever that was done."""

import pickle
import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from leaktap.config import Case, DeviceProfile
from leaktap.consent import Timeline
from leaktap.examine import Examiner, Found, Phones, Quiet
from leaktap.identifiers.matcher import MOST_MATCHES
from leaktap.keyring import Keys, Lock
from leaktap.model import Answer, Blind, Device, Endpoint, Exchange, Fault, Finding, Message, Origin
from leaktap.pipeline import Pipeline

IMEI = "867531042188306"
DEVICE = DeviceProfile.model_validate({"name": "phone", "identifiers": {"imei": [IMEI]}})


def exchange(body=b"", answer=None, mac="", ip="192.0.2.7"):
    request = Message(("POST", "/r", "HTTP/1.1"), ((b"Host", b"t.example"),), body, 1)
    response = None if answer is None else Message(("HTTP/1.1", "200", "OK"), (), answer, 2)
    ends = Endpoint(ip, 40_000, mac), Endpoint("198.51.100.1", 80)
    return Exchange("tcp.0:0", 1, *ends, "http", "t.example", request, response, Origin("a.pcap", transport="tcp"))


def found(examined):
    return [(item.direction, item.match.identifier) for item in examined.found if isinstance(item, Found)]


LEAK = b'{"id":"%s"}' % IMEI.encode()


@pytest.mark.parametrize(
    ("seen", "responses", "expected"),
    [
        (exchange(LEAK), False, [("request", "imei")]),
        (exchange(b'{"id":"nothing"}'), False, []),
        (exchange(b"", LEAK), False, []),
        (exchange(b"", LEAK), True, [("response", "imei")]),
        (exchange(LEAK, LEAK), True, [("request", "imei"), ("response", "imei")]),
        (Answer(exchange(LEAK, b"{}")), False, []),
        (Answer(exchange(LEAK, LEAK)), True, [("response", "imei")]),
    ],
)
def test_the_messages_that_are_new_are_examined(seen, responses, expected):
    assert found(Examiner(Case(), [DEVICE], responses).examine(seen)) == expected


def test_bytes_are_those_of_the_new_messages():
    examiner = Examiner(Case(), [DEVICE])
    asked, answered = examiner.examine(exchange(LEAK)).bytes, examiner.examine(Answer(exchange(LEAK, b"abc"))).bytes
    assert (asked, answered) == (len(LEAK) + len("Hostt.example"), 3)


def test_what_goes_wrong_is_a_fault_beside_what_was_found(monkeypatch):
    examiner = Examiner(Case(), [DEVICE], responses=True)
    monkeypatch.setattr(examiner, "_leaves", lambda *args: iter([1 // 0]))
    (fault,) = examiner.examine(exchange(LEAK)).found
    assert isinstance(fault, Fault) and fault.stage == "pipeline" and "ZeroDivisionError" in fault.why


def test_judging_what_another_process_examined_makes_no_difference():
    seen = [exchange(LEAK), exchange(b"nothing")]
    here = list(Pipeline(Case(), [DEVICE], Timeline()).run(seen))
    examiner = Examiner(Case(), [DEVICE])
    first, second = (pickle.loads(pickle.dumps(examiner.examine(each))) for each in seen)
    pipeline = Pipeline(Case(), [DEVICE], Timeline())
    there = [*pipeline.inspect(first), *pipeline.inspect(Quiet("a.pcap", 1, second.bytes))]
    summary = pipeline.finish(1)
    assert there == [record for record in here if isinstance(record, Finding)] and len(there) == 1
    assert (summary.exchanges, summary.bytes, summary.findings) == (2, here[-1].bytes, here[-1].findings)


@pytest.mark.parametrize(
    ("addresses", "mac", "ip", "name"),
    [
        ({}, "", "192.0.2.7", "phone"),
        ({"ip": ["192.0.2.7"]}, "", "192.0.2.7", "phone"),
        ({"ip": ["192.0.2.8"]}, "", "192.0.2.7", ""),
        ({"mac": ["a4:50:46:00:00:01"]}, "a4:50:46:00:00:01", "192.0.2.7", "phone"),
        ({"mac": ["a4:50:46:00:00:01"]}, "a4:50:46:00:00:02", "192.0.2.7", ""),
    ],
)
def test_phones_are_told_by_their_addresses(addresses, mac, ip, name):
    phones = Phones([DeviceProfile.model_validate({"name": "phone", "addresses": addresses, "identifiers": {}})])
    assert phones.device(exchange(mac=mac, ip=ip)) == Device(name, mac, ip)


@pytest.mark.parametrize(
    ("macs", "mac", "stranger"),
    [
        (["a4:50:46:00:00:01"], "a4:50:46:00:00:02", True),
        (["a4:50:46:00:00:01"], "a4:50:46:00:00:01", False),
        (["a4:50:46:00:00:01"], "", False),
        ([], "a4:50:46:00:00:02", False),
    ],
)
def test_a_stranger_is_a_phone_of_another_hardware_address(macs, mac, stranger):
    profile = {"name": "phone", "addresses": {"mac": macs}, "identifiers": {}}
    phones = Phones([DeviceProfile.model_validate(profile)])
    assert phones.is_stranger(phones.device(exchange(mac=mac))) is stranger


def test_ciphertext_is_not_inspected():
    examiner = Examiner(Case(), [DEVICE])
    opaque = b"\xb7" + bytes(random.Random(7).randbytes(900))
    clear = examiner.examine(exchange(LEAK))
    examined = examiner.examine(exchange(opaque))
    (blind,) = examined.found
    assert isinstance(blind, Blind) and (blind.why, blind.bytes, blind.host) == ("ciphertext", 901, "t.example")
    assert blind.detail == "request.body"
    assert examined.bytes == clear.bytes - len(LEAK)
    assert not examiner.examine(exchange(b"", opaque)).found


def test_keys_open_what_would_be_ciphertext():
    key = bytes(16)
    encryptor = Cipher(AES(key), ECB()).encryptor()
    body = encryptor.update(LEAK * 16)
    lock = Lock.model_validate(
        {"name": "own", "cipher": "aes", "mode": "ecb", "padding": "none", "key": {"zeros": 16}, "yields": "bytes"}
    )
    examiner = Examiner(Case(), [DEVICE], keys=Keys((lock,)))
    examined = pickle.loads(pickle.dumps(examiner)).examine(exchange(body))
    paths = [item.match.leaf.path for item in examined.found if isinstance(item, Found)]
    assert paths == [f"request.body|decrypt.own|json[{number}].$.id" for number in range(16)]


def test_findings_without_end_are_told_to_a_limit():
    body = b"[" + b",".join(b'"user%d@mail.example"' % number for number in range(MOST_MATCHES + 5)) + b"]"
    examined = Examiner(Case(), []).examine(exchange(body))
    assert 0 < len(found(examined)) <= MOST_MATCHES
    *_, blind = [item for item in examined.found if isinstance(item, Blind)]  # a busy machine may stop the walk first
    assert blind.why == "limit"
    assert blind.detail.startswith("request.body|json.$[")
    assert blind.bytes >= 5 * len("user20000@mail.example")
