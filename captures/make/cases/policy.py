"""What the shop app's policy says, kept and broken, with consent: classes, SDKs, forms, sharing and frequency."""

import hashlib
from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import HOSTS, JPUSH, LOGIN, OWN, UMENG, post, value
from captures.make.messages import Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends from 21 s on; the user agreed at 20 s."""
    android_id, mac = value(device, "android_id"), value(device, "mac_wifi")
    oaid = {"oaid": value(device, "oaid")}
    return Session(
        HOSTS,
        (
            post(21.0, OWN, "/v1/login", {"mobile": value(device, "phone")}),
            post(22.0, OWN, "/v1/device", {"serial": value(device, "serial")}),
            post(23.0, UMENG, "/unify_logs", oaid),
            post(24.0, JPUSH, "/v3/report", oaid),
            post(25.0, LOGIN, "/log/send", oaid),
            post(30.0, OWN, "/v1/device", {"imei": value(device, "imei")}),
            post(31.0, OWN, "/v1/device", {"mac": mac}),
            post(32.0, UMENG, "/unify_logs", {"mac": mac}),
            post(33.0, OWN, "/v1/device", {"android_id_md5": hashlib.md5(android_id.encode()).hexdigest()}),
            post(34.0, OWN, "/v1/device", {"android_id": android_id}),
            post(35.0, UMENG, "/unify_logs", oaid),
            post(36.0, UMENG, "/unify_logs", oaid),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
