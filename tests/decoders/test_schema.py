from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from leaktap.config import ProtobufSchema
from leaktap.decoders._api import Context
from leaktap.decoders._schema import applicable, check
from leaktap.model import Fault


def write(folder: Path, *files: descriptor_pb2.FileDescriptorProto) -> Path:
    path = folder / "set.desc"
    path.write_bytes(descriptor_pb2.FileDescriptorSet(file=files).SerializeToString())
    return path


GOOD = descriptor_pb2.FileDescriptorProto(
    name="a.proto", package="a", message_type=[descriptor_pb2.DescriptorProto(name="M")]
)
LACKING = descriptor_pb2.FileDescriptorProto(name="b.proto", package="b", dependency=["missing.proto"])


def test_usable_schema_has_no_fault(tmp_path):
    schema = ProtobufSchema(descriptors=write(tmp_path, GOOD), message="a.M")
    assert list(check([schema])) == []
    assert [kind.DESCRIPTOR.full_name for kind in applicable(Context(schemas=(schema,)))] == ["a.M"]


@pytest.mark.parametrize("case", ["no file", "folder", "garbage", "incomplete", "no such message"])
def test_unusable_schema_is_one_fault(tmp_path, case):
    path, message = tmp_path / "none.desc", "a.M"
    if case == "folder":
        path = tmp_path
    elif case == "garbage":
        path.write_bytes(b"\xff\xff\xff garbage")
    elif case == "incomplete":
        path = write(tmp_path, LACKING)
    elif case == "no such message":
        path, message = write(tmp_path, GOOD), "a.Other"
    schema = ProtobufSchema(descriptors=path, message=message)
    (fault,) = check([schema])
    assert fault == Fault("decode", str(path), fault.why) and fault.why
    assert list(applicable(Context(schemas=(schema,)))) == []


def test_schemaless_reading_goes_on(follow, tmp_path):
    schema = ProtobufSchema(descriptors=tmp_path / "none.desc", message="a.M")
    followed = follow(b"\x0a\x05hello", content_type="application/x-protobuf", schemas=(schema,))
    assert followed.values == {"|protobuf.1": b"hello"}
    assert not followed.faults
