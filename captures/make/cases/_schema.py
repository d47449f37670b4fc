"""The protobuf messages of the cases, built from descriptors at run time; receivers of them have no schema.

Report  { string app = 1; Device device = 2; repeated Event events = 3; uint64 time = 4; }
Device  { string imei = 1; string oaid = 2; string android_id = 3; uint32 sdk_int = 4; }
Event   { string name = 1; uint32 count = 2; }
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from captures.make.cases._shop import value
from captures.make.messages import START
from leaktap.config import DeviceProfile, to_time

_KIND = descriptor_pb2.FieldDescriptorProto
_FIELDS = {
    "Event": [("name", _KIND.TYPE_STRING, ""), ("count", _KIND.TYPE_UINT32, "")],
    "Device": [
        ("imei", _KIND.TYPE_STRING, ""),
        ("oaid", _KIND.TYPE_STRING, ""),
        ("android_id", _KIND.TYPE_STRING, ""),
        ("sdk_int", _KIND.TYPE_UINT32, ""),
    ],
    "Report": [
        ("app", _KIND.TYPE_STRING, ""),
        ("device", _KIND.TYPE_MESSAGE, ".example.Device"),
        ("events", _KIND.TYPE_MESSAGE, ".example.Event"),
        ("time", _KIND.TYPE_UINT64, ""),
    ],
}


def report(device: DeviceProfile, *identifiers: str) -> bytes:
    """Writes a Report that has the identifiers named."""
    message = _class("Report")(
        app="com.example.shop",
        device={"sdk_int": 33, **{name: value(device, name) for name in identifiers}},
        events=[{"name": "app_start", "count": 1}, {"name": "page_view", "count": 4}],
        time=to_time(START) // 1000,
    )
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _class(name: str) -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="example", syntax="proto3")
    for title, fields in _FIELDS.items():
        message = file.message_type.add(name=title)
        for number, (field, kind, of) in enumerate(fields, 1):
            label = _KIND.LABEL_REPEATED if field == "events" else _KIND.LABEL_OPTIONAL
            message.field.add(name=field, number=number, type=kind, type_name=of or None, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"example.{name}"))
