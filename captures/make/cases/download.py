"""Program code arrives: a package that nobody asked for, one that the user asked for, and hot updates."""

import gzip
import io
import zipfile
from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import AGENT, HOSTS, STATIC, dump, noise, ordinary
from captures.make.messages import Call, Host, Reply, Session
from leaktap.config import DeviceProfile

PANGLE_FILES = "sf6-fe-tos.pglstatp-toutiao.com"
ACCEPT = ("Accept-Encoding", "gzip")
_APK, _SCRIPT, _JSON = "application/vnd.android.package-archive", "application/javascript", "application/json"
_PAGE = {"bundle": "offer", "dex": "classes.dex", "items": list(range(200))}


def session() -> Session:
    """Returns what the app loads: a package at 75 s, another at 91 s just after the user tapped, then a patch,
    a script and a description of a page.
    """
    return Session(
        {**HOSTS, PANGLE_FILES: Host("203.0.113.71", "1.3", "TLS_AES_128_GCM_SHA256")},
        (
            *ordinary(),
            Call(75.0, "GET", PANGLE_FILES, "/obj/ad/7731/game.apk", (AGENT,), reply=_file(_APK, _package(1))),
            Call(91.0, "GET", STATIC, "/market/com.example.coupons.apk", (AGENT,), reply=_file(_APK, _package(2))),
            Call(96.0, "GET", STATIC, "/patch/5.2.2", (AGENT,), reply=_file("application/octet-stream", _dex())),
            Call(98.0, "GET", STATIC, "/pages/offer.bundle", (AGENT, ACCEPT), reply=_coded(_SCRIPT, _bundle())),
            Call(99.0, "GET", STATIC, "/pages/offer.json", (AGENT, ACCEPT), reply=_coded(_JSON, dump(_PAGE))),
        ),
    )


def _file(kind: str, body: bytes) -> Reply:
    return Reply(headers=(("Content-Type", kind),), body=body)


def _coded(kind: str, body: bytes) -> Reply:
    return Reply(headers=(("Content-Type", kind), ("Content-Encoding", "gzip")), body=gzip.compress(body, mtime=0))


def _bundle() -> bytes:
    """Writes the beginning of a React Native bundle, and modules that do nothing."""
    modules = "".join(f"__d(function(g,r,i,a,m,e,d){{m.exports={number}}},{number},[]);" for number in range(60))
    return f"var __BUNDLE_START_TIME__=this.nativePerformanceNow?nativePerformanceNow():Date.now();{modules}".encode()


def _package(seed: int) -> bytes:
    """Writes an archive that has an Android package's members, with nothing of use in them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in (("AndroidManifest.xml", noise(400, seed)), ("classes.dex", _dex())):
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def _dex() -> bytes:
    """Writes the magic number of a Dalvik executable and noise."""
    return b"dex\n035\0" + noise(700, 3)


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture; nothing in it is the device's."""
    wire.write(session(), folder / "capture.pcapng")
