"""The shop app's traffic as anybody sees it who has no key: all of it TLS, nothing to look into."""

from dataclasses import replace
from pathlib import Path

from captures.make import wire
from captures.make.cases import shop
from captures.make.cases._shop import STATIC
from captures.make.messages import Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns the shop's session without its one host that speaks no TLS."""
    whole = shop.session(device)
    return replace(whole, calls=tuple(call for call in whole.calls if call.host != STATIC))


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture as pcap, which has no place for secrets."""
    wire.write(session(device), folder / "capture.pcap")
