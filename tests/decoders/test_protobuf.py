import base64
import json
import math
import struct
from random import Random

import lz4.block
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leaktap.config import ProtobufSchema
from leaktap.decoders._api import Context, DecodeError, LimitReached, Sole
from leaktap.decoders.protobuf import decode

SAID = Context(content_type="application/x-protobuf")
IMEI = "867530912345678"
KINDS = descriptor_pb2.FieldDescriptorProto


def descriptor_set():
    """`leak.proto`, as protoc would write it: a report with devices, a map, and numbers of every kind."""
    file = descriptor_pb2.FileDescriptorProto(name="leak.proto", package="leak", syntax="proto3")
    device = file.message_type.add(name="Device")
    for number, (name, kind) in enumerate(
        [("imei", "STRING"), ("mac", "BYTES"), ("lat", "DOUBLE"), ("lng", "FLOAT"), ("id", "FIXED64"), ("n", "SINT32")],
        1,
    ):
        device.field.add(name=name, number=number, type=getattr(KINDS, f"TYPE_{kind}"), label=KINDS.LABEL_OPTIONAL)
    report = file.message_type.add(name="Report")
    message = {"type": KINDS.TYPE_MESSAGE, "type_name": ".leak.Device"}
    report.field.add(name="device", number=1, label=KINDS.LABEL_OPTIONAL, **message)
    report.field.add(name="all", number=2, label=KINDS.LABEL_REPEATED, **message)
    report.field.add(name="tags", number=3, label=KINDS.LABEL_REPEATED, type=KINDS.TYPE_STRING)
    entry = report.nested_type.add(name="NamesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=KINDS.LABEL_OPTIONAL, type=KINDS.TYPE_STRING)
    entry.field.add(name="value", number=2, label=KINDS.LABEL_OPTIONAL, type=KINDS.TYPE_STRING)
    report.field.add(
        name="names", number=4, label=KINDS.LABEL_REPEATED, type=KINDS.TYPE_MESSAGE, type_name=".leak.Report.NamesEntry"
    )
    return descriptor_pb2.FileDescriptorSet(file=[file])


@pytest.fixture(scope="module")
def kinds():
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(descriptor_set().file[0].SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"leak.{name}"))
        for name in ("Device", "Report")
    }


@pytest.fixture
def report(kinds):
    device = kinds["Device"](imei=IMEI, mac=bytes.fromhex("a45046123456"), lat=31.2304, lng=121.4737, id=2**63, n=-3)
    return kinds["Report"](
        device=device, all=[device, kinds["Device"](imei="x")], tags=["a b", "c d"], names={"13800138000": "张三"}
    )


def values(data, context=SAID):
    found = {}
    for part in decode(data, context) or ():
        found.setdefault(part.path, []).append(part.value)
    return found


def test_without_a_schema(report):
    found = values(report.SerializeToString())
    assert found[".1.1"] == [IMEI.encode()]
    assert found[".1.2"] == [bytes.fromhex("a45046123456")]
    assert found[".1.3"] == [str(struct.unpack("<Q", struct.pack("<d", 31.2304))[0]).encode(), b"31.2304"]
    assert found[".1.4"][1] == b"121.4737"
    assert found[".1.5"][0] == b"9223372036854775808"
    assert found[".1.6"] == [b"5"]
    assert found[".2[0].1"] == [IMEI.encode()] and found[".2[1].1"] == [b"x"]
    assert found[".3[0]"] == [b"a b"] and found[".3[1]"] == [b"c d"]
    assert found[".4.1"] == [b"13800138000"] and found[".4.2"] == ["张三".encode()]


def test_keys_are_the_numbers(report):
    parts = decode(report.SerializeToString(), SAID)
    assert next(part.keys for part in parts if part.path == ".1.1") == ("1", "1")


def test_with_a_schema(report, tmp_path):
    file = tmp_path / "leak.desc"
    file.write_bytes(descriptor_set().SerializeToString())
    schema = ProtobufSchema(descriptors=file, message="leak.Report", host="example.cn", path="/report")
    data = report.SerializeToString() + bytes.fromhex("5a03616263")
    context = Context(host="api.example.cn", path="/report/v1", schemas=(schema,))
    found = values(data, context)
    assert found[".device.imei"] == [IMEI.encode()]
    assert found[".device.mac"] == [bytes.fromhex("a45046123456")]
    assert found[".device.lat"] == [b"31.2304"]
    assert found[".device.lng"] == [b"121.4737"]
    assert found[".device.id"] == [b"9223372036854775808"]
    assert found[".device.n"] == [b"-3"]
    assert found[".all[0].imei"] == [IMEI.encode()]
    assert found[".tags[1]"] == [b"c d"]
    assert found[".names.13800138000"] == ["张三".encode()]
    assert found[".names.13800138000#key"] == [b"13800138000"]
    assert found[".11"] == [b"abc"]
    assert next(p for p in decode(data, context) if p.path == ".device.imei").keys == ("device", "imei")


@pytest.mark.parametrize(
    ("host", "path", "applies"),
    [
        ("", "", True),
        ("example.cn", "", True),
        ("example.cn", "/report", True),
        ("other.cn", "", False),
        ("ample.cn", "", False),
        ("example.cn", "/other", False),
    ],
)
def test_where_a_schema_applies(report, tmp_path, host, path, applies):
    file = tmp_path / "leak.desc"
    file.write_bytes(descriptor_set().SerializeToString())
    schema = ProtobufSchema(descriptors=file, message="leak.Report", host=host, path=path)
    found = values(report.SerializeToString(), Context(host="api.example.cn", path="/report", schemas=(schema,)))
    assert (".device.imei" in found) == applies
    assert (".1.1" in found) != applies


def test_a_field_that_a_schema_is_for_is_left_to_it(report, tmp_path):
    file = tmp_path / "leak.desc"
    file.write_bytes(descriptor_set().SerializeToString())
    context = Context(schemas=(ProtobufSchema(descriptors=file, message="leak.Report"),))
    inner = report.SerializeToString()
    around = b"\x0d\x01\x02\x03\x04\xba\x01" + bytes([len(inner) & 0x7F | 0x80, len(inner) >> 7]) + inner
    assert values(around, context)[".23"] == [inner]
    assert ".23.1.1" in values(around, Context())
    assert isinstance(decode(inner, context), Sole)
    assert not isinstance(decode(inner + bytes.fromhex("5a03616263"), context), Sole)


def test_a_message_of_a_given_kind_within_what_could_be_one_as_well(report, tmp_path):
    file = tmp_path / "leak.desc"
    file.write_bytes(descriptor_set().SerializeToString())
    context = Context(schemas=(ProtobufSchema(descriptors=file, message="leak.Report"),))
    inner = report.SerializeToString()
    for outer in (field(3, inner), field(3, field(9, inner)) + field(8, 1)):
        assert any(inner in found for found in values(outer, context).values())
        assert not any("tags" in path for path in values(outer, context))


def test_there_is_no_other_message_of_its_kind_in_a_whole_one(report, tmp_path):
    file = tmp_path / "leak.desc"
    file.write_bytes(descriptor_set().SerializeToString())
    other = ProtobufSchema(descriptors=file, message="leak.Device")
    context = Context(schemas=(ProtobufSchema(descriptors=file, message="leak.Report"), other))
    parts = decode(report.SerializeToString(), context)
    assert {part.context.schemas for part in parts if not part.final} == {(other,)}


def test_what_a_field_holds_is_followed(follow, kinds):
    data = kinds["Device"](imei=json.dumps({"imei": IMEI})).SerializeToString()
    assert follow(data, content_type="application/x-protobuf").values == {"|protobuf.1|json.$.imei": IMEI.encode()}


def test_string_that_is_a_message_as_well():
    inner = b'"$c0ffee12-3456-4789-abcd-0123456789ab'
    found = values(b"\x0a" + bytes([len(inner)]) + inner)
    assert found == {".1": [inner], ".1.4": [b"c0ffee12-3456-4789-abcd-0123456789ab"]}


def test_compressed_bytes_that_are_a_message_as_well():
    inner = bytes.fromhex("28b52ffd2016b100004a14") + b"CE49293B5CB646E8BEEF"
    found = values(b"\x9a\x01" + bytes([len(inner)]) + inner)
    assert found[".19"] == [inner] and found[".19.9"] == [b"CE49293B5CB646E8BEEF"]


@pytest.mark.parametrize("text", [b"123456789", b"a12345678", b"hello", b"0a", b"\x7b}"])
def test_string_whose_bytes_would_be_numbers_stays_a_string(text):
    assert values(b"\x0a" + bytes([len(text)]) + text) == {".1": [text]}


def test_group():
    assert values(bytes.fromhex("0b08010c") + b"\x1a\x03abc") == {".1.1": [b"1"], ".3": [b"abc"]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        b"\x00\x01\x02\x03\x04\x05",
        b"\x08",
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\x0f\x01\x02\x03\x04\x05\x06",
    ],
)
def test_no_protobuf(follow, data):
    assert not any("protobuf" in leaf.path for leaf in follow(data).leaves)


def test_a_lone_first_field_may_be_text_throughout(follow):
    encoded = base64.b64encode(b'{"imei":"867530912345678"}')
    for value in (b"\n$" + encoded, b"\n&R$" + encoded):
        assert b"867530912345678" in follow(value).values.values()
    assert follow(b"\n$" + encoded[:-1]).values == {"": b"\n$" + encoded[:-1]}


def test_text_said_to_be_protobuf_stays_text(follow):
    text = b"91AFE1BFB238E864D0D61142B5144E2DBE795DA7A9812858AB0CBC3E6A394881"
    assert text in follow(text, content_type="application/x-protobuf").values.values()


@pytest.mark.parametrize("content_type", ["application/x-protobuf", ""])
def test_a_long_string_before_a_number_in_what_is_text(follow, content_type):
    request = b"POST /batch HTTP/1.1\r\nHost: t.example\r\nContent-Length: 54\r\n\r\n" + b"QB`#-IZsS7" * 5 + b"Hfu3"
    data = b"*" + bytes([len(request)]) + request + bytes.fromhex("40d28b37")
    assert data.decode()
    followed = follow(data, content_type=content_type)
    assert any(path.startswith("|protobuf.5|http.request.body") for path in followed.values)
    assert not followed.faults


def test_text_that_reads_as_many_numbers_is_told_once(follow):
    data = b"*\x24" + b"page=home&list=item_search;n=1234567" + b"@1" * 40
    assert follow(data).values == {"": data}
    assert not follow(data).faults
    assert len(follow(data, content_type="application/x-protobuf").faults) == 1


def test_text_is_not_taken_for_protobuf(follow):
    for text in (b"2\x20" + b"a" * 31, b"2\x20" + b"a" * 40, b"123456789", b"* is a list of things"):
        assert follow(text).values == {"": text}


def test_random_bytes_are_rarely_protobuf(follow):
    chance = Random(1)
    read = sum(any("protobuf" in leaf.path for leaf in follow(chance.randbytes(32)).leaves) for _ in range(500))
    assert read < 15


def test_convincing_message_replaces_its_bytes(follow, report):
    followed = follow(report.SerializeToString())
    assert followed.at("|protobuf.1.1") == [IMEI.encode()]
    assert not followed.at("")


def test_unconvincing_message_stays_beside_its_bytes(follow):
    data = bytes.fromhex("08011002180320042805")
    assert set(follow(data).values) == {"", *(f"|protobuf.{n}" for n in range(1, 6))}


def test_cut_off_keeps_whole_fields(report):
    data = report.SerializeToString()
    for size in range(1, len(data)):
        try:
            found = values(data[:size])
        except DecodeError as error:
            found = {part.path: [part.value] for part in error.parts}
        if size > 40:
            assert found[".1.1"] == [IMEI.encode()]


def test_said_to_be_protobuf_and_is_not(follow):
    followed = follow(b"\x80\xfe\xfd is nothing", content_type="application/x-protobuf")
    assert followed.values == {"": b"\x80\xfe\xfd is nothing"}
    assert [fault.where for fault in followed.faults] == ["body|protobuf"]


@pytest.mark.parametrize("data", [b"\x08\x01" * 200_000, b"\x0a\x00" * 200_000, b"\x08\x01" * 300])
def test_only_tags(data):
    with pytest.raises(LimitReached, match="parts") if b"\x08" in data or len(data) > 1000 else pytest.raises(OSError):
        decode(data, Context(content_type="application/x-protobuf", most=100))


def test_very_deep_message(follow):
    data = b""
    for _ in range(3000):
        size, prefix = len(data), b""
        while size > 0x7F:
            prefix += bytes([size & 0x7F | 0x80])
            size >>= 7
        data = b"\x0a" + prefix + bytes([size]) + data
    followed = follow(data, content_type="application/x-protobuf")
    assert len(followed.leaves) < 100


fields = st.tuples(st.integers(1, 3000), st.binary(min_size=1, max_size=20) | st.integers(0, 2**64 - 1))


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@settings(max_examples=150, deadline=None)
@given(st.lists(fields, min_size=1, max_size=5, unique_by=lambda field: field[0]))
@example([(1, b"B\0")])
def test_round_trip(content):
    data = b""
    for number, value in content:
        if isinstance(value, int):
            data += varint(number << 3) + varint(value)
        else:
            data += varint(number << 3 | 2) + varint(len(value)) + value
    found = values(data)
    for number, value in content:
        if isinstance(value, int):
            assert found[f".{number}"] == [str(value).encode()]
        else:
            assert [value] == found.get(f".{number}", [value])
            assert any(path.startswith(f".{number}") for path in found)


def packed(layout, *numbers):
    return b"".join(struct.pack(layout, number) for number in numbers)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x01" + varint(19900000012) + varint(867530912345673), {"[1]": b"19900000012", "[2]": b"867530912345673"}),
        (packed("<Q", 19900000012, 7), {"[0]": b"19900000012"}),
        (packed("<d", 31.230412, 121.473701), {"[0]": b"31.230412", "[1]": b"121.473701"}),
        (b"\x01\x02\x03\x84\x01\x81\x80", {}),
        (packed("<Q", 2**28, 2**28 - 1, 15 << 48, 1 << 52), {"[0]": b"268435456", "[2]": b"4222124650659840"}),
        (packed("<d", 1e-9, 9.9e-10, -1e15, 1.1e15), {"[0]": b"1e-09", "[2]": b"-1000000000000000.0"}),
        (packed("<d", math.inf, -math.inf, math.nan, 0.0, -0.0), {}),
        (varint(2**28) + varint(2**28 - 1) + varint(2**64 - 1), {"[0]": b"268435456", "[2]": b"18446744073709551615"}),
        (b"\xff" * 9 + b"\x01", {}),
        (varint(19900000012) + b"\xff" * 10 + b"\x01", {}),
        (varint(19900000012) + varint(19900000012)[:-1], {}),
        (b"\xff" * 16, {}),
        (b"\x80" * 600, {}),
    ],
)
def test_packed_numbers(follow, content, expected):
    """As the numbers of a packed field, beside the bytes as they are."""
    followed = follow(b"\x22" + varint(len(content)) + content, content_type="application/x-protobuf")
    assert followed.values["|protobuf.4"] == content
    assert {
        path.removeprefix("|protobuf.4"): value for path, value in followed.values.items() if "[" in path
    } == expected


def one_by_one(content):
    """The numbers of a packed field of varints, read by the book; none where it is no such field."""
    numbers, number, shift = [], 0, 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
        elif shift == 70:
            return []
    return numbers if not shift and len(numbers) > 1 else []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1).map(varint) | st.binary(max_size=3), max_size=8).map(b"".join))
def test_packed_varints_are_all_read(content):
    content = b"\x07" + content  # which no message begins with
    expected = [(f".2[{at}]", b"%d" % n) for at, n in enumerate(one_by_one(content)) if n >= 2**28]
    parts = decode(b"\x12" + varint(len(content)) + content, SAID)
    found = [(part.path, part.value) for part in parts if "[" in part.path]
    if len(content) % 8:
        assert found == expected
    else:
        assert [each for each in found if each in expected] == expected


def test_numbers_of_a_packed_field_are_kept_together_at_the_limit():
    data = b"\x0a\x0a" + varint(19900000012) + varint(19900000013) + b"\x10\x01"
    for most, paths in ((4, [".1", ".1[0]", ".1[1]", ".2"]), (3, [".1", ".1[0]", ".1[1]"]), (2, [".1"]), (1, [".1"])):
        try:
            parts = decode(data, SAID._replace(most=most))
        except LimitReached as reached:
            assert most < 4
            parts = reached.parts
        assert [part.path for part in parts] == paths


def test_fields_of_the_same_number_keep_their_own_keys():
    device = b"\x0a\x03abc\x12\x03def"
    data = (b"\x0a" + varint(len(device)) + device) * 2 + b"\x12" + varint(len(device)) + device
    assert [(part.path, part.keys) for part in decode(data, SAID)] == [
        *((f".1[{at}].{number}", ("1", str(number))) for at in (0, 1) for number in (1, 2)),
        *((f".2.{number}", ("2", str(number))) for number in (1, 2)),
    ]


def field(number, value):
    """A field of bytes, or of a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def test_fields_in_which_nothing_is_seen():
    block = lz4.block.compress(b"sms_address,sms_body\r\n" * 20)
    lines = b"sms_address,sms_body\r\n19900013440,meeting lunch, gate code, parcel, rent\r\n"
    quiet = field(1, b"a long text of one line " * 4) + field(2, 1_760_000_000_000) + field(3, block) + field(4, lines)
    data = field(1, quiet) + field(2, b"imei=867530912345673") + field(3, b"no field with anything that is " * 3)
    context = Context(content_type="application/x-protobuf", spots=[data.index(b"673") + 3])
    parts = decode(data, context)
    assert [part.path for part in parts] == [".1.3", ".1.4", ".2"]
    assert len(decode(data, context._replace(spots=None))) > len(parts)


REQUEST = b"POST /batch HTTP/1.1\r\nHost: t.example\r\n\r\n"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (field(4, REQUEST + b"867530912345673"), ".4|http.request.body"),
        (
            field(14, REQUEST + b"867530912345673") + field(15, b"a text of forty signs, which is a field"),
            ".14|http.request.body",
        ),
        (field(2, field(11, 5) + field(15, b"a: 867530912345673\nlevel: info, page: home")), ".2.15|lines.a"),
    ],
)
def test_messages_that_are_text_throughout(follow, value, path):
    assert value in follow(value).values.values() or not value.isascii()
    assert follow(value).values["|protobuf" + path] == b"867530912345673"


def test_a_text_with_the_length_of_one_of_its_strings_stays(follow):
    text = b"R$5f3a6711-a65e-4ae8-b75f-3477de9dacca"
    assert text in follow(text).values.values()


@pytest.mark.parametrize(
    ("inner", "is_doubtful"),
    [
        (field(1, 5) + field(2, b"a text") + field(3, b"\0\xff\xfe\1\2"), False),
        (field(1, 5) + field(2, b"a text") + field(2, 1_760_000_000_000), False),
        (field(9, 5) + field(2, b"a text") + field(3, b"another"), True),
        (field(1, 10**18 - 1) + field(2, b"a text"), False),
        (field(1, 10**18) + field(2, b"a text"), True),
        (field(1, 10**18), False),
        (b"\x0b\x10\x05\x0c" + field(2, b"a text in all"), False),
        (b"\x0b\x10\x05\x08\x01\x0c" + field(2, b"a text in all"), True),
    ],
)
def test_bytes_that_may_be_a_message_by_chance_stay(inner, is_doubtful):
    found = values(field(3, b"another") + field(4, inner), Context())
    assert (found.get(".4") == [inner]) is is_doubtful
    assert any(path.startswith(".4.") for path in found)


def test_a_place_of_interest_may_seem_to_end_in_the_next_field():
    run = b"zHVqPvbcpt8Z5R2paQDDAbXMF9RxjgxgGtbZS569YUL6p6VmYSUZEtpgoJ8o1G3b6umBMvbuK4Zb5n35PBCG6y7"
    data = field(1, b"no field with anything that is " * 3) + field(13, run) + field(14, b"x")
    context = Context(content_type="application/x-protobuf", spots=[data.index(b"r\1x") + 1])
    assert run in [part.value for part in decode(data, context)]


def test_a_number_whose_bytes_are_characters_that_nobody_writes():
    found = values(field(3, b"another") + field(9, b"H\xf4\x84\x88\x91J"), Context())
    assert found[".9.9"] == [b"19900007028"]
