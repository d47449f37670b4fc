"""The shop app as it should be: the SDKs start after consent and are told placeholders; lookalikes abound."""

import hashlib
from pathlib import Path

from captures.make import flows, har, wire
from captures.make.cases._shop import AGENT, FORM, HOSTS, JPUSH, JSON, OWN, UMENG, dump, ordinary
from captures.make.messages import Call, Session
from leaktap.config import DeviceProfile

SESSION = "5d0c7f0e-9a3b-4c51-8f27-64b1e0a9d3c8"
ORDER = "202611210004471"
"""Fifteen digits, but no IMEI: the check digit is wrong."""


def session() -> Session:
    """Returns what the app sends: nothing of the phone or its user."""
    cookie = (AGENT, ("Cookie", f"sid={SESSION}; theme=dark"))
    umeng = {
        "appkey": "ExampleAppKeyUmeng",
        "package_name": "com.example.shop",
        "session_id": SESSION,
        "idmd5": hashlib.md5(b"").hexdigest(),
        "id_sha256": hashlib.sha256(b"").hexdigest(),
        "imei": "000000000000000",
        "oaid": "00000000-0000-0000-0000-000000000000",
        "mac": "02:00:00:00:00:00",
        "ts": 1795255228123,
    }
    return Session(
        HOSTS,
        (
            *ordinary(),
            Call(21.0, "POST", UMENG, "/unify_logs", JSON, dump({"header": umeng})),
            Call(21.6, "POST", JPUSH, "/v3/report", JSON, dump({"device": {"mac": "02:00:00:00:00:00", "imei": ""}})),
            Call(33.0, "POST", OWN, "/v1/orders", JSON, dump({"order_no": ORDER, "items": [{"id": 1003, "n": 1}]})),
            Call(34.2, "GET", OWN, f"/v1/orders/{ORDER}?request_id={SESSION}", cookie),
            Call(36.5, "POST", OWN, "/v1/feedback", FORM, b"text=ok&build=20261121100036&trace=7f3a9c0e51b2d864"),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture and its twins; nothing in them is the device's."""
    wire.write(session(), folder / "capture.pcapng")
    har.write(session(), folder / "capture.har")
    flows.write(session(), folder / "capture.flows")
