"""The address book and the list of installed apps, as gzip in base64 in a form field, to an analytics SDK."""

import base64
import gzip
from pathlib import Path
from urllib.parse import urlencode
from zlib import crc32

from captures.make import wire
from captures.make.cases._shop import FORM, HOSTS, JSON, OWN, dump, ordinary
from captures.make.messages import Call, Host, Session
from captures.make.packets import Trouble
from leaktap.config import DeviceProfile

GETUI = "gs.getui.com"


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends: two batches, both before the user agreed."""
    contacts = [{"name": contact.name, "phone": contact.phone} for contact in device.contacts]
    apps = list(device.identifiers["app_list"])
    return Session(
        {**HOSTS, GETUI: Host("198.51.100.60", "1.3", "TLS_AES_256_GCM_SHA384")},
        (
            *ordinary(),
            Call(5.2, "POST", GETUI, "/geshu/upe", FORM, _batch("book", {"contacts": contacts})),
            Call(7.9, "POST", GETUI, "/geshu/upe", FORM, _batch("apps", {"app_list": apps})),
            Call(23.5, "POST", OWN, "/v1/ping", JSON, dump({"ok": True})),
        ),
    )


def _batch(event: str, properties: dict[str, object]) -> bytes:
    """Writes a batch in the manner of Sensors Analytics: `data_list` is base64 of gzip of a JSON list."""
    events = [{"type": "track", "event": event, "properties": properties}]
    packed = base64.b64encode(gzip.compress(dump(events), mtime=0)).decode()
    return urlencode({"crc": crc32(packed.encode()), "gzip": 1, "data_list": packed}).encode()


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture, with a packet sent twice and one overtaken."""
    wire.write(session(device), folder / "capture.pcapng", trouble=Trouble(again=0.05, overtaken=0.1))
