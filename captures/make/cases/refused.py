"""The user says no, later yes, and takes it back; the app sends all the same, once while in the background."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import AGENT, FORM, HOSTS, JPUSH, JSON, OWN, UMENG, dump, ordinary, value
from captures.make.messages import Call, Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends. The user says no at 10 s, yes at 55 s, and takes it back at 70 s; the app is in the
    background from 30 to 50 s.
    """
    android_id, oaid = value(device, "android_id"), value(device, "oaid")
    return Session(
        HOSTS,
        (
            *(call for call in ordinary() if call.at < 10),
            Call(15.0, "GET", OWN, f"/v1/home?android_id={android_id}&page=1", (AGENT,)),
            Call(35.0, "POST", JPUSH, "/v3/report", JSON, dump({"device": {"mac": value(device, "mac_wifi")}})),
            Call(58.0, "POST", OWN, "/v1/session", JSON, dump({"oaid": oaid})),
            Call(75.0, "POST", UMENG, "/unify_logs", FORM, f"oaid={oaid}&v=9.4.4".encode()),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
