import struct
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tarsio import Struct, TarsDict, encode

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.jce import _begins as begins
from leaktap.decoders.jce import decode

SAID = Context(content_type="application/jce")
IMEI = "867530912345673"


class Inner(Struct):
    number: Annotated[int, 0]
    text: Annotated[str, 1]


class Report(Struct):
    imei: Annotated[str, 0]
    number: Annotated[int, 1]
    lat: Annotated[float, 2]
    mac: Annotated[bytes, 3]
    list: Annotated[list[Inner], 4]
    map: Annotated[dict[str, int], 17]
    last: Annotated[int, 200]


class Packet(Struct):
    version: Annotated[int, 1]
    kind: Annotated[int, 2]
    message: Annotated[int, 3]
    request: Annotated[int, 4]
    servant: Annotated[str, 5]
    function: Annotated[str, 6]
    buffer: Annotated[bytes, 7]
    timeout: Annotated[int, 8]
    context: Annotated[dict[str, str], 9]
    status: Annotated[dict[str, str], 10]


REPORT = encode(
    Report(
        imei=IMEI,
        number=2**40,
        lat=31.2304,
        mac=bytes.fromhex("a45046123456"),
        list=[Inner(1, "x" * 300), Inner(0, "y")],
        map={"wifi": 5},
        last=-3,
    )
)
EXPECTED = {
    ".0": IMEI.encode(),
    ".1": b"1099511627776",
    ".2": b"31.2304",
    ".3": bytes.fromhex("a45046123456"),
    ".4[0].0": b"1",
    ".4[0].1": b"x" * 300,
    ".4[1].0": b"0",
    ".4[1].1": b"y",
    ".17.wifi": b"5",
    ".200": b"-3",
}
PACKET = encode(Packet(3, 0, 0, 1234, "Servant", "sync", encode(TarsDict({0: {"imei": IMEI}})), 0, {"k": "v"}, {}))
SAMPLE = (REPORT, {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
@pytest.mark.parametrize("framed", [False, True])
def test_struct(framed, context):
    assert values((len(REPORT) + 4).to_bytes(4) + REPORT if framed else REPORT, context) == EXPECTED


@pytest.mark.parametrize("framed", [False, True])
def test_request_packet(framed, follow):
    data = (len(PACKET) + 4).to_bytes(4) + PACKET if framed else PACKET
    parts = decode(data, Context())
    assert [part.path for part in parts] == [
        *(".iVersion", ".cPacketType", ".iMessageType", ".iRequestId", ".sServantName", ".sFuncName", ".sBuffer"),
        *(".iTimeout", ".context.k"),
    ]
    assert parts[4].keys == ("sServantName",) and parts[4].value == b"Servant"
    assert follow(data).at("|jce.sBuffer|jce.0.imei") == [IMEI.encode()]


def test_text_in_gbk(follow):
    name = "张三丰的手机".encode("gbk")
    data = b"\x06" + bytes([len(name)]) + name + b"\x16\x05hello"
    assert follow(data).at("|jce.0|text") == ["张三丰的手机".encode()]


class Numbers(Struct):
    first: Annotated[int, 0]
    second: Annotated[int, 1]


def wide(*numbers):
    return b"".join(bytes([tag << 4 | 3]) + number.to_bytes(8) for tag, number in enumerate(numbers))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (wide(19900001234, 801806), {".0": b"19900001234", ".1": b"801806"}),
        (wide(93084, 3524704836315907), {".0": b"93084", ".1": b"3524704836315907"}),
        (
            wide(1760231743127, 460001234567891, 5),
            {".0": b"1760231743127", ".1": b"460001234567891", ".2": b"5"},
        ),
        (encode(Numbers(1760231743127, 19900001234)), {".0": b"1760231743127", ".1": b"19900001234"}),
        (wide(19900001234) + b"\x16\x02cn", {".0": b"19900001234", ".1": b"cn"}),
        (wide(376543219035768) + b"\x15" + struct.pack(">d", 7.652), {".0": b"376543219035768", ".1": b"7.652"}),
    ],
)
def test_numbers_alone_that_are_small_for_their_bytes(data, found):
    assert values(data, Context()) == found
    assert not decode(data[:-1], Context()) and not decode(data + b"\x13", Context())


@pytest.mark.parametrize(
    "data",
    [
        wide(19900001234),
        wide(2**62 + 1, 2**61 + 1),
        wide(19900001234) + b"\x16\x02\x01\x02",
        wide(2**62 + 1) + b"\x16\x02cn",
        wide(376543219035768) + b"\x15" + struct.pack(">d", 7.652e40),
        wide(19900001234, 801806).replace(b"\x13", b"\x03"),
        b"\x00\x05\x10\x06\x20\x07",
        b"\x01\x00\x05\x11\x00\x06\x21\x00\x07",
        b"\x02\x7f\x05\x06\x07\x12\x7f\x05\x06\x07",
    ],
)
def test_numbers_alone_that_may_be_chance(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize(
    "data",
    [
        b"plain text that is no struct",
        REPORT[:-1],
        REPORT + b"\x06\x01a",
        b"\x06\x05hello\x06\x05hello",
        b"\x06\x05hello\x0b",
        b"\x06\x05hello\x1e\x1f",
        b"\x06\xffhello",
        b"\x06\x0ahello, you",
        b"\x06\x04\xd5\xc5\xc8\xfd\x16\x04\xd5\xc5\xc8\xfd",
        b"\x09\x02\x7f\xff\xff\xff\x06\x05hello",
        b"\x09\x00\x02\x16\x01a\x16\x01b",
        b"\x08\x00\x01\x06\x01a\x06\x01b",
        b"\x0d\x01\x00\x05hello",
        b"\x0a" * 500 + b"\x0b" * 500,
        b"\x00\x05\x10\x06\x20\x07",
    ],
)
def test_no_jce(data):
    assert decode(data, Context()) is None


def test_cut_off_keeps_what_was_before():
    with pytest.raises(DecodeError) as caught:
        decode(REPORT[:-5], SAID)
    assert caught.value.parts[0].value == IMEI.encode()


def test_deep():
    with pytest.raises(LimitReached, match="depth"):
        decode(b"\x0a" * 500 + b"\x0b" * 500, SAID)


scalars = st.text(min_size=1, max_size=300) | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(0, 255), scalars | st.lists(scalars), min_size=1))
def test_round_trip(content):
    expected = []
    for tag, value in sorted(content.items()):
        items = [(f".{tag}", value)]
        if isinstance(value, list):
            items = [(f".{tag}[{index}]", item) for index, item in enumerate(value)]
        expected += [(path, str(item).encode()) for path, item in items]
    data = encode(TarsDict(dict(sorted(content.items()))))
    assert [(part.path, part.value) for part in decode(data, SAID) or ()] == expected
    assert begins(data)
