from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.thrift import decode

SAID = Context(content_type="application/x-thrift")
IMEI = b"867530912345673"


def strict(transport):
    return TBinaryProtocol(transport, strictWrite=True)


def old(transport):
    return TBinaryProtocol(transport, strictWrite=False)


def field(protocol, kind, number, write):
    protocol.writeFieldBegin("f", kind, number)
    write()
    protocol.writeFieldEnd()


def report(make, head=True):
    """What the library writes: a call's header or none, and a struct with every type."""
    transport = TMemoryBuffer()
    p = make(transport)
    if head:
        p.writeMessageBegin("report", TMessageType.CALL, 7)
    p.writeStructBegin("s")
    field(p, TType.STRING, 1, lambda: p.writeString(IMEI.decode()))
    field(p, TType.I64, 2, lambda: p.writeI64(-867530912345673))
    field(p, TType.DOUBLE, 3, lambda: p.writeDouble(31.2304))
    field(p, TType.BOOL, 4, lambda: p.writeBool(True))
    field(p, TType.BYTE, 5, lambda: p.writeByte(-3))
    field(p, TType.I16, 6, lambda: p.writeI16(300))
    field(p, TType.STRING, 7, lambda: p.writeBinary(bytes.fromhex("a45046123456")))

    def structs():
        p.writeListBegin(TType.STRUCT, 2)
        for number in (10, 11):
            p.writeStructBegin("s")
            field(p, TType.I32, 1, lambda number=number: p.writeI32(number))
            p.writeFieldStop()
            p.writeStructEnd()
        p.writeListEnd()

    def flags():
        p.writeSetBegin(TType.BOOL, 20)
        for _ in range(20):
            p.writeBool(False)
        p.writeSetEnd()

    def names():
        p.writeMapBegin(TType.STRING, TType.I32, 1)
        p.writeString("wifi")
        p.writeI32(5)
        p.writeMapEnd()

    def empty():
        p.writeMapBegin(TType.STRING, TType.STRING, 0)
        p.writeMapEnd()

    field(p, TType.LIST, 30, structs)
    field(p, TType.SET, 31, flags)
    field(p, TType.MAP, 32, names)
    field(p, TType.MAP, 33, empty)
    p.writeFieldStop()
    p.writeStructEnd()
    if head:
        p.writeMessageEnd()
    return transport.getvalue()


EXPECTED = {
    ".1": IMEI,
    ".2": b"-867530912345673",
    ".3": b"31.2304",
    ".5": b"-3",
    ".6": b"300",
    ".7": bytes.fromhex("a45046123456"),
    ".30[0].1": b"10",
    ".30[1].1": b"11",
    ".32.wifi": b"5",
}
PROTOCOLS = [strict, old, TCompactProtocol]
SAMPLE = (report(TCompactProtocol), {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("make", PROTOCOLS)
def test_call(make, framed, context):
    data = report(make)
    data = len(data).to_bytes(4) + data if framed else data
    assert values(data, context) == {".report" + path: value for path, value in EXPECTED.items()}


@pytest.mark.parametrize("context", [Context(), SAID])
@pytest.mark.parametrize("make", [strict, TCompactProtocol])
def test_bare_struct(make, context):
    assert values(report(make, head=False), context) == EXPECTED


@pytest.mark.parametrize("make", [strict, TCompactProtocol])
def test_numbers_and_bytes_without_any_text(make):
    transport = TMemoryBuffer()
    p = make(transport)
    p.writeStructBegin("s")
    field(p, TType.STRING, 1, lambda: p.writeBinary(bytes.fromhex("00000004a22200a8")))
    field(p, TType.I64, 2, lambda: p.writeI64(49009))
    field(p, TType.I64, 3, lambda: p.writeI64(1760109851773))
    p.writeFieldStop()
    assert values(transport.getvalue(), Context())[".1"] == bytes.fromhex("00000004a22200a8")


@pytest.mark.parametrize("make", [strict, TCompactProtocol])
@pytest.mark.parametrize(
    "fields",
    [
        [(TType.DOUBLE, 7.24), (TType.DOUBLE, 2.8146), (TType.I64, 19900001234)],
        [(TType.I64, 790021), (TType.I64, 19900001372)],
        [(TType.I64, 1760109851773), (TType.I64, 867530912345673)],
    ],
)
def test_numbers_alone(make, fields):
    transport = TMemoryBuffer()
    p = make(transport)
    p.writeStructBegin("s")
    for number, (kind, value) in enumerate(fields, 1):
        write = p.writeDouble if kind == TType.DOUBLE else p.writeI64
        field(p, kind, number, lambda write=write, value=value: write(value))
    p.writeFieldStop()
    data = transport.getvalue()
    assert values(data, Context()) == {f".{at}": str(value).encode() for at, (_, value) in enumerate(fields, 1)}
    assert decode(b"\x26" + data[1:], Context()) is None


def test_random_bytes_are_rarely_a_struct():
    random = Random(5)
    found = [decode(random.randbytes(random.randint(8, 40)) + b"\0", Context()) for _ in range(20_000)]
    assert sum(map(bool, found)) < 10


def test_envelope_around_ciphertext():
    """Fields as an analytics envelope has them: version, key, signature, serial, time, length, entity, identifier."""
    transport = TMemoryBuffer()
    p = strict(transport)
    entity = bytes(range(128, 256)) * 4
    for number, value in ((1, b"1.0"), (2, b"5be1c07a92d4386f5be1c07a"), (3, b"signature0123456"), (7, entity)):
        field(p, TType.STRING, number, lambda value=value: p.writeBinary(value))
    p.writeFieldStop()
    found = values(transport.getvalue(), Context())
    assert found == {".1": b"1.0", ".2": b"5be1c07a92d4386f5be1c07a", ".3": b"signature0123456", ".7": entity}


def test_keys_are_call_and_numbers():
    parts = decode(report(TCompactProtocol), Context())
    assert [part.keys for part in parts if part.path.startswith(".report.3")][1:3] == [
        ("report", "30", "1"),
        ("report", "30", "1"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"plain text that is no struct",
        b"\0" * 40,
        b"\x0b\0\x01\0\0\0\x05hello",
        b"\x0b\0\x01\0\0\0\x05hello\0\0",
        b"\x0b\0\0\0\0\0\x05hello\0",
        b"\x0b\x7f\xff\0\0\0\x05hello\0",
        b"\x0b\0\x01\xff\xff\xff\xffhello\0",
        b"\x0f\0\x01\x0b\x7f\xff\xff\xffhello\0",
        b"\x82\x21\x05\x05hello\x18\x7fabc\0",
        b"\x18\x05hello\x1e\x01\0",
        b"\x0c\0\x01" * 500 + b"\0" * 501,
        b"\x80\x01\0\x07\0\0\0\x05hello\0\0\0\x01\0",
    ],
)
def test_no_thrift(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize("make", PROTOCOLS)
def test_cut_off_keeps_what_was_before(make):
    with pytest.raises(DecodeError) as caught:
        decode(report(make)[:-10], SAID)
    assert caught.value.parts[0].value == IMEI


@pytest.mark.parametrize("data", [b"\x0c\0\x01" * 500 + b"\0" * 501, b"\x1c" * 500 + b"\0" * 501])
def test_deep(data):
    with pytest.raises(LimitReached, match="depth"):
        decode(data, SAID)


@pytest.mark.parametrize("make", [strict, TCompactProtocol])
@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(1, 200),
        st.text(min_size=1) | st.integers(-(2**63), 2**63 - 1) | st.lists(st.integers(-(2**31), 2**31 - 1)),
        min_size=1,
    )
)
@example({16: 8192})
@example({16: "0", 17: "0"})
def test_round_trip(make, content):
    transport = TMemoryBuffer()
    p = make(transport)

    def numbers(items):
        p.writeListBegin(TType.I32, len(items))
        for item in items:
            p.writeI32(item)
        p.writeListEnd()

    expected = []
    p.writeStructBegin("s")
    for number, value in sorted(content.items()):
        if isinstance(value, str):
            field(p, TType.STRING, number, lambda value=value: p.writeString(value))
            expected.append((f".{number}", value.encode()))
        elif isinstance(value, int):
            field(p, TType.I64, number, lambda value=value: p.writeI64(value))
            expected.append((f".{number}", str(value).encode()))
        else:
            field(p, TType.LIST, number, lambda value=value: numbers(value))
            expected += [(f".{number}[{index}]", str(item).encode()) for index, item in enumerate(value)]
    p.writeFieldStop()
    data = transport.getvalue()
    parts = decode(data, SAID)
    assert [(part.path, part.value) for part in parts or ()] == expected
