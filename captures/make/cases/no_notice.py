"""The shop app never tells nor asks: its own server gets the IMEI and the OAID from the first second on."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import AGENT, HOSTS, OWN, post, value
from captures.make.messages import Call, Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends; nobody is shown anything."""
    return Session(
        HOSTS,
        (
            Call(0.6, "GET", OWN, "/v1/config?platform=android&ver=4.0.0", (AGENT,)),
            post(1.2, OWN, "/v1/activate", {"imei": value(device, "imei")}),
            post(4.0, OWN, "/v1/session", {"oaid": value(device, "oaid")}),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
