"""The same protobuf message over gRPC to the app's own server, once plain and once compressed, as mitmproxy saw it."""

import gzip
import struct
from pathlib import Path

from captures.make import flows
from captures.make.cases._schema import report
from captures.make.messages import Call, Fields, Host, Reply, Session
from leaktap.config import DeviceProfile

OWN = "grpc.example-shop.cn"


def session(device: DeviceProfile) -> Session:
    """Returns two calls before consent: one with a plain message, one with a plain and a gzip-compressed one."""
    plain = _frame(report(device, "imei"))
    both = _frame(report(device)) + _frame(report(device, "oaid", "android_id"), compress=True)
    target = "/example.Telemetry/Report"
    return Session(
        {OWN: Host("192.0.2.30", "1.3")},
        (
            Call(4.0, "POST", OWN, target, _fields(), plain, _reply()),
            Call(9.0, "POST", OWN, target, _fields(("grpc-encoding", "gzip")), both, _reply()),
        ),
    )


def _frame(message: bytes, compress: bool = False) -> bytes:
    """Prefixes a message: one byte that says whether it is compressed, four bytes of length."""
    message = gzip.compress(message, mtime=0) if compress else message
    return struct.pack(">BI", compress, len(message)) + message


def _fields(*more: tuple[str, str]) -> Fields:
    return (("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", "grpc-java-okhttp/1.68.0"), *more)


def _reply() -> Reply:
    return Reply(headers=(("content-type", "application/grpc"),), body=_frame(b"\x08\x01"))


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the flow file."""
    flows.write(session(device), folder / "capture.flows", version="HTTP/2.0")
