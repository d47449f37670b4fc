"""The shop app is ended and starts by itself: once alone, once when another app is opened."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import HOSTS, JPUSH, OWN, UMENG, post, value
from captures.make.messages import Session
from leaktap.config import DeviceProfile

SHOP = "com.example.shop/521 (Linux; U; Android 14)"


def session(device: DeviceProfile) -> Session:
    """Returns what is sent: the app runs from 0 to 30 s, and another is opened at 98 s."""
    oaid = {"oaid": value(device, "oaid")}
    return Session(
        HOSTS,
        (
            post(25.0, OWN, "/v1/session", oaid),
            post(60.0, OWN, "/v1/ping", oaid),
            post(75.0, UMENG, "/unify_logs", oaid),
            post(100.0, JPUSH, "/v3/report", oaid, SHOP),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
