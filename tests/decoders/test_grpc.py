import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.grpc import decode

IMEI = b"867530912345678"
MESSAGE = b"\x0a\x0f" + IMEI + b"\x10\x01"


def frame(data, flags=0):
    return bytes([flags]) + len(data).to_bytes(4) + data


def test_messages_in_a_row(follow):
    followed = follow(frame(MESSAGE) + frame(b"\x0a\x05hello"), content_type="application/grpc")
    assert followed.values == {
        "|grpc[0]|protobuf.1": IMEI,
        "|grpc[0]|protobuf.2": b"1",
        "|grpc[1]|protobuf.1": b"hello",
    }


@pytest.mark.parametrize("parameters", [(("grpc-encoding", "gzip"),), ()])
def test_compressed_message(follow, parameters):
    body = frame(gzip.compress(MESSAGE), 1)
    followed = follow(body, content_type="application/grpc+proto", parameters=parameters)
    assert followed.values["|grpc[0]|gzip|protobuf.1"] == IMEI


def test_json_within(follow):
    followed = follow(frame(b'{"imei": 867530912345678}'), content_type="application/grpc+json")
    assert followed.values == {"|grpc[0]|json.$.imei": IMEI}


def test_web_with_trailer(follow):
    body = frame(MESSAGE) + frame(b"grpc-status: 0\r\nx-device: 5be1c07a92d4386f\r\n", 0x80)
    followed = follow(body, content_type="application/grpc-web+proto")
    assert followed.values["|grpc[0]|protobuf.1"] == IMEI
    assert followed.values["|grpc[1].x-device"] == b"5be1c07a92d4386f"


def test_web_text_in_separately_padded_pieces(follow):
    body = base64.b64encode(frame(MESSAGE)) + base64.b64encode(frame(b"\x0a\x05hello"))
    followed = follow(body, content_type="application/grpc-web-text")
    assert followed.values["|grpc[1]|protobuf.1"] == b"hello"


def test_connect_stream(follow):
    body = frame(MESSAGE) + frame(b'{"metadata": {"x": ["y"]}}', 2)
    followed = follow(body, content_type="application/connect+proto")
    assert followed.values["|grpc[1]|json.$.metadata.x[0]"] == b"y"


@pytest.mark.parametrize("number", [0x0001A25E53A86F6D, 0x100F868576D38FBD])
def test_a_number_that_reads_as_fields_stays(follow, number):
    value = number.to_bytes(8, "little")
    for flags, message in ((0, value), (1, gzip.compress(value))):
        followed = follow(frame(message, flags), content_type="application/grpc")
        assert value in followed.values.values()


def test_a_table_that_reads_as_fields(follow):
    table = b"sms_address,sms_body,sms_date\r\n" + b"19900013440,meeting lunch,1760601055893\r\n" * 9
    followed = follow(frame(table), sieve=lambda data: [], content_type="application/grpc")
    assert followed.values["|grpc[0]|csv[8].sms_body"] == b"meeting lunch"


@pytest.mark.parametrize("content_type", ["", "application/octet-stream", "application/json"])
def test_only_where_it_is_said(follow, content_type):
    followed = follow(frame(MESSAGE), content_type=content_type)
    assert not any("grpc" in leaf.path for leaf in followed.leaves)


@pytest.mark.parametrize(
    ("data", "why", "kept"),
    [
        (frame(MESSAGE)[:-4], "lacks 4 bytes", [MESSAGE[:-4]]),
        (frame(MESSAGE) + b"\x00\x00", "lacks 3 bytes", [MESSAGE, b""]),
        (frame(MESSAGE) + b"\x44 garbage", "no frame begins at byte 24", [MESSAGE]),
        (b"<html>", "no frame begins at byte 0", []),
    ],
)
def test_broken(data, why, kept):
    with pytest.raises(DecodeError, match=why) as caught:
        decode(data, Context(content_type="application/grpc"))
    assert [part.value for part in caught.value.parts] == kept


def test_many_messages():
    with pytest.raises(LimitReached) as caught:
        decode(frame(b"") * 100, Context(content_type="application/grpc", most=10))
    assert len(caught.value.parts) == 10


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_round_trip(messages):
    parts = decode(b"".join(map(frame, messages)), Context(content_type="application/grpc"))
    assert [part.value for part in parts] == messages
    assert [part.path for part in parts] == [f"[{i}]" for i in range(len(messages))]
