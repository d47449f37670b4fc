"""The user turns personalisation off, and an advertising SDK is told all the same what is searched for."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import HOSTS, PANGLE, UMENG, post, value
from captures.make.messages import Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends: personalisation is off from 30 s to 60 s."""
    words = {"search_keyword": "露营帐篷"}
    return Session(
        HOSTS,
        (
            post(25.0, PANGLE, "/service/2/app_log/", words),
            post(35.0, PANGLE, "/service/2/app_log/", words),
            post(36.0, UMENG, "/unify_logs", words),
            post(37.0, PANGLE, "/service/2/app_log/", {"oaid": value(device, "oaid")}),
            post(65.0, PANGLE, "/service/2/app_log/", words),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
