"""FlatBuffers by schema, judged by flatc, which writes the buffers and the binary schemas, and by Google's builder."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import flatbuffers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.config import FlatBufferSchema
from leaktap.decoders._api import Context, DecodeError, LimitReached, Sole
from leaktap.decoders._bfbs import layout as layout_of_binary
from leaktap.decoders._fbs import layout as layout_of_text
from leaktap.decoders._schema import check
from leaktap.decoders.flatbuffers import decode

flatc = pytest.mark.skipif(not shutil.which("flatc"), reason="flatc is not installed")

COMMON = """
namespace example.common;  // included
attribute "priority";
struct Place { lat: double; lon: double; accuracy: float; }
enum Kind : ubyte (bit_flags) { Phone, Tablet = 3 }
"""
REPORT = """
// What an app sends.
include "lib/common.fbs";
namespace example.leak;
/* two
   lines */
attribute priority;
struct Tick { flag: bool; at: ulong; grid: [short:3]; kind: common.Kind; }
table Device { imei: string (required, priority: 1); mac: [ubyte]; names: [string]; old: int (deprecated); }
table Wifi { ssid: string; bssid: [ubyte]; }
union Net { Wifi, Cell: Device, Place: example.common.Place, text: string }
table Report {
  device: Device;
  oaid: string;
  times: [ulong];
  place: common.Place;
  ticks: [Tick];
  net: Net;
  others: [Device];
  level: short = -5;
  ratio: float32 = 1.5;
  ok: bool = true;
  inner: [ubyte] (nested_flatbuffer: "Device");
  many: [Net];
  kind: common.Kind = Phone;
  doubles: [float64];
  flags: [bool];
  next: Report;
}
root_type Report;
file_identifier "LEAK";
file_extension "leak";
rpc_service Collector { Send(Report): Device (streaming: "none"); }
"""
NUMBERED = """
table X { s: string; }
union U { X }
table T { b: string (id: 1); a: int (id: 0); u: U (id: 3); }
root_type T;
"""
JSON = {
    "device": {"imei": "867530912345672", "mac": list(bytes.fromhex("a45046123456")), "names": ["张三", "", "b"]},
    "oaid": "5be1c07a92d4386f",
    "times": [1, 1_760_000_000_000, 2**63 + 1],
    "place": {"lat": 31.23817, "lon": 121.48213, "accuracy": 12.5},
    "ticks": [
        {"flag": True, "at": 7, "grid": [1, -2, 3], "kind": 1},
        {"flag": False, "at": 8, "grid": [0, 0, 9], "kind": 8},
    ],
    "net_type": "Wifi",
    "net": {"ssid": "amber fjord", "bssid": [1, 2, 3, 200, 201, 255]},
    "others": [{"imei": "a"}, {"imei": "b", "names": ["c"]}],
    "level": 17,
    "ratio": 0.25,
    "ok": False,
    "kind": 8,
    "inner": {"imei": "359881030012345"},
    "many_type": ["Wifi", "Cell", "text"],
    "many": [{"ssid": "first"}, {"imei": "second"}, "third in a union"],
    "doubles": [0.5, -2.0],
    "flags": [True, False],
    "next": {
        "device": {"imei": "867530912345680"},
        "net_type": "Place",
        "net": {"lat": 1.5, "lon": 2.5, "accuracy": 0},
    },
}
EXPECTED = {
    ".device.imei": b"867530912345672",
    ".device.mac": bytes.fromhex("a45046123456"),
    ".device.names[0]": "张三".encode(),
    ".device.names[2]": b"b",
    ".oaid": b"5be1c07a92d4386f",
    ".times[0]": b"1",
    ".times[1]": b"1760000000000",
    ".times[2]": b"9223372036854775809",
    ".place.lat": b"31.23817",
    ".place.lon": b"121.48213",
    ".place.accuracy": b"12.5",
    ".ticks[0].at": b"7",
    ".ticks[0].grid[0]": b"1",
    ".ticks[0].grid[1]": b"-2",
    ".ticks[0].grid[2]": b"3",
    ".ticks[0].kind": b"1",
    ".ticks[1].at": b"8",
    ".ticks[1].grid[0]": b"0",
    ".ticks[1].grid[1]": b"0",
    ".ticks[1].grid[2]": b"9",
    ".ticks[1].kind": b"8",
    ".net.ssid": b"amber fjord",
    ".net.bssid": bytes((1, 2, 3, 200, 201, 255)),
    ".others[0].imei": b"a",
    ".others[1].imei": b"b",
    ".others[1].names[0]": b"c",
    ".level": b"17",
    ".ratio": b"0.25",
    ".kind": b"8",
    ".inner.imei": b"359881030012345",
    ".many[0].ssid": b"first",
    ".many[1].imei": b"second",
    ".many[2]": b"third in a union",
    ".doubles[0]": b"0.5",
    ".doubles[1]": b"-2",
    ".next.device.imei": b"867530912345680",
    ".next.net.lat": b"1.5",
    ".next.net.lon": b"2.5",
    ".next.net.accuracy": b"0",
}
SMALL = Path(__file__).with_name("flatbuffers.fbs")


def small(imei="867530912345672", identifier=None, sized=False):
    """A buffer of the small schema, made by Google's builder."""
    builder = flatbuffers.Builder()
    model, text = builder.CreateString("an invented phone"), builder.CreateString(imei)
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, text, 0)
    builder.PrependUOffsetTRelativeSlot(1, model, 0)
    builder.PrependUint64Slot(2, 1_760_000_000_000, 0)
    finish = builder.FinishSizePrefixed if sized else builder.Finish
    finish(builder.EndObject(), file_identifier=identifier)
    return bytes(builder.Output())


SAMPLE = (small(), {"schemas": (FlatBufferSchema(file=SMALL),)})
SMALL_EXPECTED = {".imei": b"867530912345672", ".model": b"an invented phone", ".at": b"1760000000000"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fbs")
    (folder / "lib").mkdir()
    (folder / "lib" / "common.fbs").write_text(COMMON)
    (folder / "report.fbs").write_text(REPORT)
    (folder / "numbered.fbs").write_text(NUMBERED)
    return folder


def written(folder, said, schema="report.fbs", *options):
    (folder / "data.json").write_text(json.dumps(said))
    command = ["flatc", "--binary", *options, "-I", ".", schema, "data.json"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    (made,) = [file for file in folder.glob("data.*") if file.suffix != ".json"]
    data = made.read_bytes()
    made.unlink()
    return data


def binary(folder, schema):
    command = ["flatc", "--schema", "--binary", "--bfbs-builtins", "-I", ".", schema]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    return (folder / Path(schema).name).with_suffix(".bfbs")


def values(data, *schemas, **context):
    parts = decode(data, Context(schemas=schemas, **context))
    return None if parts is None else {part.path: part.value for part in parts}


@flatc
@pytest.mark.parametrize("options", [(), ("--size-prefixed",)])
@pytest.mark.parametrize("written_as", ["text", "binary"])
def test_what_flatc_writes(folder, options, written_as):
    data = written(folder, JSON, "report.fbs", *options)
    file = folder / "report.fbs" if written_as == "text" else binary(folder, "report.fbs")
    assert values(data, FlatBufferSchema(file=file)) == EXPECTED


@flatc
@pytest.mark.parametrize("schema", ["report.fbs", "numbered.fbs", "lib/common.fbs"])
def test_both_ways_to_write_a_schema_say_the_same(folder, schema):
    text, made = layout_of_text(folder / schema), layout_of_binary(binary(folder, schema))
    for kind in text.objects.values():
        kind.members.sort(key=lambda member: member.place)
    assert made.objects.keys() == text.objects.keys()
    for name, kind in text.objects.items():
        assert made.objects[name].members == kind.members, name
        assert (made.objects[name].is_struct, made.objects[name].size) == (kind.is_struct, kind.size)
    assert (made.unions, made.root, made.identifier) == (text.unions, text.root, text.identifier)


@flatc
def test_numbered_fields(folder):
    data = written(folder, {"a": 5, "b": "some text", "u_type": "X", "u": {"s": "in a union"}}, "numbered.fbs")
    expected = {".a": b"5", ".b": b"some text", ".u.s": b"in a union"}
    assert values(data, FlatBufferSchema(file=folder / "numbered.fbs")) == expected


@flatc
def test_a_table_that_is_not_the_root(folder):
    (folder / "device.fbs").write_text(REPORT.replace("root_type Report", "root_type Device").replace("LEAK", "DEVI"))
    data = written(folder, JSON["device"], "device.fbs")
    schema = FlatBufferSchema(file=folder / "report.fbs", table="example.leak.Device")
    assert values(data, schema)[".imei"] == b"867530912345672"


@pytest.mark.parametrize("said", [{}, {"identifier": b"SMAL"}, {"sized": True}, {"identifier": b"SMAL", "sized": True}])
def test_what_googles_builder_writes(said):
    assert values(small(**said), *SAMPLE[1]["schemas"]) == SMALL_EXPECTED


def test_is_read_where_the_case_says(follow):
    schemas = (FlatBufferSchema(file=SMALL, host="one.example", path="/a"),)
    followed = follow(small(), schemas=schemas, host="api.one.example", path="/a/b")
    assert followed.at("|flatbuffers.imei") == [b"867530912345672"] and not followed.at("")
    assert not follow(small(), schemas=schemas, host="api.two.example", path="/a/b").at("|flatbuffers.imei")


def test_few_texts_leave_the_value_beside_them():
    builder = flatbuffers.Builder()
    builder.StartObject(3)
    builder.PrependUint64Slot(2, 1_760_000_000_000, 0)
    builder.Finish(builder.EndObject())
    data = bytes(builder.Output())
    parts = decode(data, Context(**SAMPLE[1]))
    assert [part.value for part in parts] == [b"1760000000000"] and not isinstance(parts, Sole)
    assert isinstance(decode(data, Context(content_type="application/x-flatbuffers", **SAMPLE[1])), Sole)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(100),
        bytes(range(256)),
        b"\xff" * 64,
        b'{"imei": "867530912345672"}',
        small()[4:],
        small()[:40],
        b"\x08\x96\x01\x12\x05hello" * 4,
        struct.pack("<IHHi", 8, 4, 4, 4),
    ],
)
def test_what_is_none(data):
    assert not values(data, *SAMPLE[1]["schemas"])


@pytest.mark.parametrize("cut", [9, 20, 40])
def test_what_is_said_to_be_one_and_broken(cut):
    with pytest.raises(DecodeError):
        values(small()[:cut], *SAMPLE[1]["schemas"], content_type="application/x-flatbuffers")


@settings(max_examples=300, deadline=None)
@given(change=st.data(), said=st.sampled_from(["", "application/flatbuffers"]))
def test_any_damage(change, said):
    data = bytearray(small(identifier=b"SMAL")[: change.draw(st.integers(0, 100))])
    for at in change.draw(st.lists(st.integers(0, max(len(data) - 1, 0)), max_size=4)) if data else ():
        data[at] = change.draw(st.integers(0, 255))
    try:
        parts = decode(bytes(data), Context(content_type=said, most=20, room=500, **SAMPLE[1])) or ()
    except (DecodeError, LimitReached) as error:
        parts = error.parts
    assert len(parts) <= 20 and sum(len(part.value) for part in parts) <= 500


def test_a_part_that_many_offsets_lead_to_is_read_no_more_than_may_be(tmp_path):
    """Each of 30 tables has two offsets to the next one: a thousand million ways to the last."""
    (tmp_path / "twice.fbs").write_text("table T { a: T; b: T; s: string; } root_type T;")
    vtable = struct.pack("<5H2x", 10, 16, 4, 8, 12)
    data = struct.pack("<I", 16) + vtable
    for depth in range(31):
        at = len(data)
        to_next = 16 if depth < 30 else 0
        string = 16 * (31 - depth) - 12
        data += struct.pack(
            "<iIII", at - 4, to_next - 4 if to_next else string, to_next - 8 if to_next else string, string
        )
    data += struct.pack("<I", 4) + b"text\0\0\0\0"
    with pytest.raises(LimitReached):
        values(data, FlatBufferSchema(file=tmp_path / "twice.fbs"), most=500, content_type="application/flatbuffers")


@pytest.mark.parametrize(
    ("text", "table", "why"),
    [
        ("table T { a: int; }", "", "has no root type"),
        ("table T { a: int; } root_type T;", "U", "does not define the table 'U'"),
        ("struct S { a: int; } table T { s: S; } root_type T;", "S", "does not define the table 'S'"),
        ("table T { a: Other; } root_type T;", "", "no type 'Other'"),
        ("namespace a.b; table T { a: Other; } root_type T;", "", "no type 'Other' in a.b"),
        ("table T { a: int; } root_type U;", "", "no type 'U'"),
        ('include "none.fbs"; table T { a: int; }', "", "includes none.fbs"),
        ("table T { a: int }\nroot_type T;", "", "bad.fbs:1: '}' in place of ;"),
        ("\n\ntable T { a int; }", "", "bad.fbs:3: 'int' in place of :"),
        ("table T {", "", "bad.fbs:1: 'the end'"),
        ("table T { a: int (", "", "bad.fbs:1: 'the end'"),
        ("table T { a: int = [", "", "']' is missing"),
        ("table T { a: int; } table T { b: int; }", "", "T is described twice"),
        ("struct S { s: S; } table T { s: S; } root_type T;", "", "S holds itself"),
        ("struct S { s: string; } table T { s: S; } root_type T;", "", "scalars and structs alone"),
        ("table T { a: int = \x01; }", "", "is not understood"),
        ("anything T { }", "", "'anything' is no declaration"),
        ("\udcff", "", "no UTF-8"),
    ],
)
def test_schemas_that_cannot_be_used_are_said(tmp_path, text, table, why):
    file = tmp_path / "bad.fbs"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    (fault,) = check([FlatBufferSchema(file=file, table=table)])
    assert why in fault.why


@pytest.mark.parametrize("data", [b"", b"table T {}", bytes(4) + b"BFBS", b"\xff" * 4 + b"BFBS" + b"\xff" * 60])
def test_what_is_no_binary_schema_is_said(tmp_path, data):
    file = tmp_path / "bad.bfbs"
    file.write_bytes(data)
    (fault,) = check([FlatBufferSchema(file=file)])
    assert "binary schema" in fault.why or "is broken" in fault.why


@flatc
@settings(max_examples=150, deadline=None)
@given(change=st.data())
def test_a_damaged_binary_schema_is_refused_or_read(folder, change):
    data = bytearray(_binary_of(folder))
    for at in change.draw(st.lists(st.integers(8, len(data) - 1), min_size=1, max_size=5)):
        data[at] = change.draw(st.integers(0, 255))
    file = folder / "damaged.bfbs"
    file.write_bytes(data[: change.draw(st.integers(8, len(data)))])
    try:
        layout_of_binary(file)
    except ValueError as error:
        assert str(error)


def _binary_of(folder):
    made = folder / "report.bfbs"
    return (made if made.exists() else binary(folder, "report.fbs")).read_bytes()


def test_a_file_that_is_not_there(tmp_path):
    (fault,) = check([FlatBufferSchema(file=tmp_path / "none.fbs")])
    assert fault.why.startswith("cannot be read")
