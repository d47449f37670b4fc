"""The shop app tells two SDKs who the phone is before its user has agreed; afterwards it keeps to itself."""

import hashlib
from pathlib import Path

from captures.make import flows, har, wire
from captures.make.cases._shop import FORM, HOSTS, JPUSH, JSON, OWN, UMENG, dump, ordinary, value
from captures.make.messages import Call, Session
from leaktap.config import DeviceProfile

NOTICE, CONSENT = 2.5, 20.0


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends: the user sees the notice after 2.5 s and agrees after 20 s."""
    hashed = hashlib.md5(value(device, "imei").encode()).hexdigest()
    umeng = {"header": {"appkey": "ExampleAppKeyUmeng", "package_name": "com.example.shop", "sdk_version": "9.4.4"}}
    jpush = {"platform": "a", "sdk_ver": "5.0.1", "device": {"mac": value(device, "mac_wifi"), "apn": "wifi"}}
    return Session(
        HOSTS,
        (
            *ordinary(),
            Call(0.9, "POST", UMENG, "/unify_logs", JSON, dump({"header": {**umeng["header"], "idmd5": hashed}})),
            Call(6.0, "POST", JPUSH, "/v3/report", JSON, dump(jpush)),
            Call(12.2, "POST", UMENG, "/unify_logs", JSON, dump({"header": {**umeng["header"], "idmd5": hashed}})),
            Call(21.3, "POST", OWN, "/v1/session", JSON, dump({"oaid": value(device, "oaid"), "channel": "store"})),
            Call(31.8, "POST", OWN, "/v1/login", FORM, f"mobile={value(device, 'phone')}&code=4319".encode()),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture and its twins."""
    wire.write(session(device), folder / "capture.pcapng")
    har.write(session(device), folder / "capture.har")
    flows.write(session(device), folder / "capture.flows")
