"""Identifiers as strings in a protobuf message without a schema, posted to an advertising SDK before consent."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._schema import report
from captures.make.cases._shop import AGENT, HOSTS, PANGLE, ordinary
from captures.make.messages import Call, Reply, Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends: IMEI, OAID and Android ID in one request, five seconds in."""
    return Session(
        HOSTS,
        (
            *ordinary(),
            Call(
                5.0,
                "POST",
                PANGLE,
                "/service/2/app_log/",
                (AGENT, ("Content-Type", "application/x-protobuf")),
                report(device, "imei", "oaid", "android_id"),
                Reply(headers=(("Content-Type", "application/x-protobuf"),), body=b"\x08\x01"),
            ),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
