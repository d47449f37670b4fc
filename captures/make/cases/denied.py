"""The user denies the address book, and the app has it nevertheless; what was allowed is only on record."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import HOSTS, OWN, post, value
from captures.make.messages import Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends to its own server: contacts are denied from 25 s to 60 s."""
    (place,) = device.location
    book = {"contacts": [{"name": each.name, "phone": each.phone} for each in device.contacts]}
    return Session(
        HOSTS,
        (
            post(30.0, OWN, "/v1/friends", book),
            post(35.0, OWN, "/v1/nearby", {"lat": f"{place.lat:.5f}", "lon": f"{place.lon:.5f}"}),
            post(40.0, OWN, "/v1/paste", {"clipboard_text": value(device, "clipboard")}),
            post(45.0, OWN, "/v1/paste", {"clipboard_text": "邀请码 8K3F 请打开"}),
            post(50.0, OWN, "/v1/login", {"mobile": value(device, "phone")}),
            post(65.0, OWN, "/v1/friends", book),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
