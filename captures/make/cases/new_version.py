"""A new version takes more than the old one: a class, a recipient, and more after it has loaded code."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import AGENT, HOSTS, JPUSH, OWN, STATIC, UMENG, noise, post, value
from captures.make.messages import Call, Reply, Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what version 5.3.0 sends, all of it with consent; at 60 s it loads code."""
    patch = Reply(headers=(("Content-Type", "application/octet-stream"),), body=b"dex\n035\0" + noise(500, 7))
    oaid = {"oaid": value(device, "oaid")}
    return Session(
        HOSTS,
        (
            *old(device).calls,
            post(25.0, OWN, "/v1/session", oaid),
            post(30.0, OWN, "/v1/device", {"android_id": value(device, "android_id")}),
            post(35.0, OWN, "/v1/device", {"mac": value(device, "mac_wifi")}),
            post(40.0, JPUSH, "/v3/report", oaid),
            Call(60.0, "GET", STATIC, "/patch/5.3.1", (AGENT,), reply=patch),
            post(64.0, OWN, "/v1/device", {"serial": value(device, "serial")}),
            post(66.0, UMENG, "/unify_logs", oaid),
        ),
    )


def old(device: DeviceProfile) -> Session:
    """Returns what version 5.2.1 sends: `earlier.jsonl` is what a scan of it says."""
    return Session(
        HOSTS,
        (
            post(21.0, UMENG, "/unify_logs", {"oaid": value(device, "oaid")}),
            post(22.0, OWN, "/v1/login", {"mobile": value(device, "phone")}),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
