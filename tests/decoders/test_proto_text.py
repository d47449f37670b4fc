"""`.proto` files, judged by protoc: what it makes of the same text reads the same bytes the same way."""

import shutil
import subprocess

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from leaktap.config import ProtobufSchema
from leaktap.decoders._api import Context
from leaktap.decoders._proto_text import descriptors
from leaktap.decoders._schema import applicable, check
from leaktap.decoders.protobuf import DECODER

protoc = pytest.mark.skipif(not shutil.which("protoc"), reason="protoc is not installed")

COMMON = """
syntax = "proto3";
package example.common;  // imported by a path below the root
import "google/protobuf/timestamp.proto";
message Device { string imei = 1; bytes mac = 2; repeated Kind kinds = 3; google.protobuf.Timestamp at = 4; }
enum Kind { NONE = 0; PHONE = 1; TABLET = -2; }
"""
PUBLIC = 'syntax = "proto3"; package example; import public "lib/common.proto";'
REPORT = """
/* What an app sends. */
syntax = "proto2";
package example.leak;
import "public.proto";
option java_package = "com.example.leak";
message Report {
  option deprecated = true;
  required common.Device device = 1;
  optional string oaid = 2 [default = "none; at all }", json_name = "theOaid"];
  repeated int64 times = 3 [packed = true];
  oneof who { string phone = 4; Account account = 5; }
  message Account { optional uint64 id = 1; optional Inner inner = 2; message Inner { optional sint32 n = 1; } }
  map<string, .example.leak.Report.Account> others = 6;
  map<int32, bytes> blobs = 7;
  optional group Place = 8 { optional double lat = 1; optional float lon = 2; }
  optional common.Kind kind = 9;
  reserved 20 to 30, 40;
  reserved "old";
  extensions 100 to 199, 500 to max;
  extend Report { optional string inside = 101; }
  repeated Level levels = 10;
  enum Level { option allow_alias = true; LOW = 0; ALSO_LOW = 0; HIGH = 0x7FFF; }
  optional bool on = 11;
  optional fixed32 f32 = 12;
  optional sfixed64 f64 = 13;
}
extend Report { optional Report.Account outside = 500; }
message Answer { optional string token = 1; }
service Collector {
  rpc Send (Report) returns (Answer) { option deprecated = true; }
  rpc Stream (stream Report) returns (stream .example.leak.Answer);
}
"""
JSON = {
    "device": {"imei": "867530912345672", "mac": "pFBGEjRW", "kinds": [1, -2], "at": "2026-11-21T10:00:03Z"},
    "theOaid": "5be1c07a92d4386f",
    "times": [1, 300, 1_760_000_000_000],
    "account": {"id": 12345678901, "inner": {"n": -7}},
    "others": {"first": {"id": 7}, "second": {}},
    "blobs": {"5": "AAEC"},
    "place": {"lat": 31.23817, "lon": 121.48213},
    "kind": "PHONE",
    "levels": ["HIGH", "LOW"],
    "f32": 77,
    "f64": "-5",
    "[example.leak.Report.inside]": "in",
    "[example.leak.outside]": {"id": 99},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "common.proto").write_text(COMMON)
    (tmp_path / "public.proto").write_text(PUBLIC)
    (tmp_path / "report.proto").write_text(REPORT)
    return tmp_path


def compiled(folder):
    made = folder / "set.desc"
    command = ["protoc", "--include_imports", f"--descriptor_set_out={made}", "-I", folder, "report.proto"]
    subprocess.run(command, check=True, cwd=folder)
    return made


def message(folder, said):
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(compiled(folder).read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("example.leak.Report"))
    return json_format.ParseDict(said, kind(), descriptor_pool=pool).SerializeToString()


def parts(data, schema, **said):
    return [(part.path, part.value, part.keys) for part in DECODER.decode(data, Context(schemas=(schema,), **said))]


@protoc
@pytest.mark.parametrize("leave_out", [None, *JSON])
def test_the_same_message_reads_the_same(folder, leave_out):
    data = message(
        folder,
        {key: value for key, value in JSON.items() if key not in (leave_out, "device")} | {"device": JSON["device"]},
    )
    by_text = parts(data, ProtobufSchema(descriptors=folder / "report.proto", message="example.leak.Report"))
    by_set = parts(data, ProtobufSchema(descriptors=folder / "set.desc", message="example.leak.Report"))
    assert sorted(by_text) == sorted(by_set)
    assert (".device.imei", b"867530912345672", ("device", "imei")) in by_text


@protoc
def test_declares_what_protoc_says(folder):
    said = descriptor_pb2.FileDescriptorSet.FromString(compiled(folder).read_bytes())
    made = descriptors(folder / "report.proto")
    assert list(facts(made)) == list(facts(said))


def facts(files):
    """What of a descriptor matters to a reader; enumerations are numbers here."""
    names = {}
    for file in files.file:
        for message in file.message_type:
            names.update(of_message(file.package, message))
        for extension in file.extension:
            names[file.package, extension.name, "extension"] = (extension.extendee, *of_field(extension))
        for service in file.service:
            names[file.package, service.name] = [(m.name, m.input_type, m.output_type) for m in service.method]
    return sorted(names.items(), key=str)


def of_message(scope, message):
    whole = f"{scope}.{message.name}"
    yield whole, sorted(of_field(field) for field in message.field)
    yield (whole, "ranges"), [(one.start, one.end) for one in message.extension_range]
    yield (whole, "extensions"), [(one.extendee, *of_field(one)) for one in message.extension]
    for inner in message.nested_type:
        yield from of_message(whole, inner)


def of_field(field):
    enum = field.type in (field.TYPE_ENUM, field.TYPE_INT32)
    label = field.LABEL_REPEATED if field.label == field.LABEL_REPEATED else field.LABEL_OPTIONAL
    kind = (field.TYPE_INT32, "") if enum else (field.type, field.type_name)
    return field.number, field.name, label, *kind


@pytest.mark.parametrize(
    ("path", "direction", "name"),
    [
        ("/example.leak.Collector/Send", "request", "example.leak.Report"),
        ("/example.leak.Collector/Send", "response", "example.leak.Answer"),
        ("/api/v1/example.leak.Collector/Stream", "request", "example.leak.Report"),
        ("/example.leak.Collector/Other", "request", None),
        ("/Send", "request", None),
        ("", "request", None),
    ],
)
def test_the_path_of_a_method_says_the_message(folder, path, direction, name):
    schema = ProtobufSchema(descriptors=folder / "report.proto")
    found = list(applicable(Context(schemas=(schema,), path=path, direction=direction)))
    assert [kind.DESCRIPTOR.full_name for kind in found] == ([name] if name else [])


@pytest.mark.parametrize(
    ("text", "message", "why"),
    [
        ('syntax = "proto3"; message M { string s = 1; }', "", "has no services"),
        ('syntax = "proto3"; message M { string s = 1; }', "N", "does not define"),
        ('syntax = "proto3"; message M { Other s = 1; }', "M", "no type 'Other' in M"),
        ('syntax = "proto3"; import "none.proto";', "M", "imports none.proto"),
        ('syntax = "proto3"; import "bad.proto"; message M { string s = 1; }', "M", "round in circles"),
        ('syntax = "proto3"; import "google/protobuf/none.proto";', "M", "imports google/protobuf/none.proto"),
        ("message M { string s = 1; string t = 1; }", "M", "not complete"),
        ("message M {\n  string s 1; }", "M", "bad.proto:2:"),
        ("message M { ", "M", "bad.proto:1:"),
        ("garbage", "M", "bad.proto:1:"),
        ("message M { " * 3000, "M", "bad.proto:"),
        ("", "M", "does not define"),
        ("\udcff", "M", "no UTF-8"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path, text, message, why):
    file = tmp_path / "bad.proto"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    (fault,) = check([ProtobufSchema(descriptors=file, message=message)])
    assert why in fault.why


def test_a_file_that_is_not_there(tmp_path):
    (fault,) = check([ProtobufSchema(descriptors=tmp_path / "none.proto", message="M")])
    assert "cannot be read" in fault.why
