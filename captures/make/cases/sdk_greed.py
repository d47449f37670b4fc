"""SDKs that take a package of everything: one bit by bit, one at a stroke; the app's own server may."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import HOSTS, JPUSH, OWN, PANGLE, UMENG, post, value
from captures.make.messages import Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends, all of it with consent."""

    def some(*names: str) -> dict[str, str]:
        return {name: value(device, name) for name in names}

    return Session(
        HOSTS,
        (
            post(25.0, OWN, "/v1/device", some("imei", "mac_wifi", "android_id", "oaid", "serial")),
            post(30.0, UMENG, "/unify_logs", some("imei", "mac_wifi", "android_id")),
            post(40.0, UMENG, "/unify_logs", some("oaid")),
            post(50.0, UMENG, "/unify_logs", some("serial")),
            post(60.0, PANGLE, "/service/2/app_log/", some("imei", "mac_wifi", "android_id", "oaid")),
            post(70.0, JPUSH, "/v3/report", some("imei", "mac_wifi")),
            post(72.0, JPUSH, "/v3/report", some("android_id", "oaid")),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
