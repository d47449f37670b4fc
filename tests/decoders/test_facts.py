"""Field names that leaktap knows: judged by a message that the protobuf library writes, and by a real body."""

import gzip
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool, message_factory

from leaktap.config import ProtobufSchema
from leaktap.decoders import Limits, parts, walk
from leaktap.decoders._api import Context
from leaktap.decoders._facts import bundled, descriptors
from leaktap.decoders._schema import applicable, check
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Leaf, Message

HERE = Path(__file__).resolve()
BODY = HERE.parents[3] / "shared" / "captures" / "payloads" / "app_measurement_batch.bin"
FACTS = sorted((HERE.parents[2] / "leaktap" / "decoders" / "_protobuf_facts").glob("*.yaml"))


def leaves(body, host="app-measurement.com", path="/a", headers=(), sieve=None):
    message = Message(("POST", path, "HTTP/1.1"), headers, body)
    found = walk(parts(message, "request", host, path, (), sieve), Limits(seconds=30), sieve)
    return {item.path: item.value for item in found if isinstance(item, Leaf) and "body" in item.path}


def batch(**fields):
    (schema,) = bundled("app-measurement.com", "/a")
    (kind,) = applicable(Context(host="app-measurement.com", path="/a", schemas=(schema,)))
    made = kind()
    made.bundle.add(**fields)
    return made.SerializeToString()


@pytest.mark.parametrize("file", FACTS, ids=lambda file: file.stem)
def test_every_file_makes_classes(file):
    pool = descriptor_pool.DescriptorPool()
    for made in descriptors(file).file:
        pool.AddSerializedFile(made.SerializeToString())
        for message in made.message_type:
            message_factory.GetMessageClass(pool.FindMessageTypeByName(message.name))


def test_names_of_an_upload():
    body = batch(resettable_device_id="c0ffee12-3456-4789-abcd-0123456789ab", platform="android")
    found = leaves(body)
    assert found["request.body|protobuf.bundle[0].resettable_device_id"] == b"c0ffee12-3456-4789-abcd-0123456789ab"
    assert found["request.body|protobuf.bundle[0].platform"] == b"android"


def test_names_are_seen_that_stand_nowhere_in_the_bytes():
    """The sieve cannot know that the field is called so: it is not asked."""
    body = batch(app_instance_id="293e617885b149279e485d7cdcf6c1bc", app_id="com.example.shop" * 20)
    found = leaves(gzip.compress(body), headers=((b"Content-Encoding", b"gzip"),), sieve=Matcher().sieve)
    assert found["request.body|gzip|protobuf.bundle[0].app_instance_id"] == b"293e617885b149279e485d7cdcf6c1bc"


@pytest.mark.parametrize(
    ("host", "path", "applies"),
    [
        ("app-measurement.com", "/a", True),
        ("region1.app-measurement.com", "/a", True),
        ("notapp-measurement.com", "/a", False),
        ("app-measurement.com.example", "/a", False),
        ("app-measurement.com", "/config/app/1", False),
        ("example.com", "/a", False),
    ],
)
def test_where_they_hold(host, path, applies):
    assert bool(bundled(host, path)) is applies


def test_what_the_facts_do_not_know_is_read_by_number():
    body = batch(platform="ios") + b"\x12\x05other"
    assert leaves(body)["request.body|protobuf.2"] == b"other"


def test_text_at_the_same_place_is_left_alone():
    assert leaves(b'{"imei": "867530912345673"}') == {"request.body|json.$.imei": b"867530912345673"}


@pytest.mark.skipif(not BODY.exists(), reason="the folder of real captures is not there")
def test_a_real_upload():
    found = leaves(BODY.read_bytes())
    names = {path.rpartition(".")[2] for path in found}
    assert {"app_instance_id", "firebase_instance_id", "device_id", "os_version", "gmp_app_id"} <= names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("host: x\n", "has no `messages`"),
        ("messages: {M: {1: text}}\n", "is no field"),
        ("messages: {M: {0: string a}}\n", "is no field"),
        ("messages: {M: {1: strong a}}\n", "there is no type 'strong'"),
        ("messages: {M: {1: string a, 1: string b}}\n", "1"),
        ("- [", ""),
    ],
)
def test_what_is_no_file_of_facts_is_one_fault(tmp_path, text, why):
    file = tmp_path / "facts.yaml"
    file.write_text(text)
    (fault,) = check([ProtobufSchema(descriptors=file, message="M")])
    assert why in fault.why and fault.stage == "decode"


def test_the_users_own_facts(tmp_path):
    file = tmp_path / "facts.yaml"
    file.write_text("messages: {M: {1: string imei}}\n")
    schema = ProtobufSchema(descriptors=file, message="M", host="example.com")
    message = Message(("POST", "/x", "HTTP/1.1"), (), b"\x0a\x0f867530912345673")
    found = list(walk(parts(message, "request", "api.example.com", "/x", (schema,)), Limits()))
    assert ("request.body|protobuf.imei", b"867530912345673") in {
        (i.path, i.value) for i in found if isinstance(i, Leaf)
    }
