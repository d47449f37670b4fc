"""The wide engine: tshark opens what the native engine cannot, below it and above it, and the rest stays native.

Below, tshark passes link layers (802.11 with WPA keys, unusual link types) and the native engine reads the packets, so
that exchanges, ids, frames and streams are its own. Above, tshark's dissectors read the connections that it named but
did not read. Without it, `hinted` says at which `Blind`s it would help.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

import numpy as np

from leaktap.model import Blind, Fault, Seen
from leaktap.wire import engine, links
from leaktap.wire.container import Window
from leaktap.wire.keys import KeyLog
from leaktap.wire.tshark_links import Links
from leaktap.wire.tshark_protocols import Protocols, is_for_tshark

if TYPE_CHECKING:
    from leaktap.wire._pyshark import Stop

_ENCRYPTED = "802.11 encrypted"
_WIRELESS = (105, 127)
_EAPOL = 0x888E
_HANDSHAKE = 2
"""How many messages of the four-way handshake a key needs: the first two have both nonces."""

_MASTER_KEY = re.compile(r"[0-9A-Fa-f]{64}")
_MOST_SSID, _PASSPHRASE = 32, range(8, 64)
_NAMELESS = frozenset(
    {"tcp", "udp", "quic", "ssh", "dot", "apns", "gcm", "ike", "wireguard", "dtls", "bittorrent", "rtp", "stun", "ntp"}
)
"""Names that say nothing of what tshark could show: not recognised, or encrypted."""


def missing() -> str:
    """Returns what has to be installed for the engine, or nothing."""
    if not is_installed():
        return "tshark is not installed: install Wireshark's command line (apt install tshark, brew install wireshark)"
    return "" if find_spec("pyshark") else "pyshark is not installed: pip install 'leaktap[tshark]'"


@cache
def is_installed() -> bool:
    """Tells whether there is a tshark to be run."""
    return shutil.which("tshark") is not None


def wpa_arguments(given: Sequence[str]) -> tuple[str, ...]:
    """Returns tshark's arguments for keys written SSID:PASSPHRASE, or SSID: and 64 hex digits of a pairwise master key.

    Both may have colons in them, so every reading that is possible is tried (IEEE 802.11-2020, 9.4.2.2 and J.4: an SSID
    has 32 bytes at most, a passphrase 8 to 63 printable ASCII characters). https://wiki.wireshark.org/HowToDecrypt802.11

    Raises:
        ValueError: a text cannot be a key; says why.
    """
    arguments = ["-o", "wlan.enable_decryption:TRUE"]
    for text in given:
        if _MASTER_KEY.fullmatch(text.rpartition(":")[2]):
            arguments += ["-o", f'uat:80211_keys:"wpa-psk","{text.rpartition(":")[2]}"']
            continue
        splits = [(text[:at], text[at + 1 :]) for at, character in enumerate(text) if character == ":"]
        fits = [pair for pair in splits if _may_be(*pair)]
        if not fits:
            raise ValueError(
                "is no SSID:PASSPHRASE: 1 to 32 bytes, a colon, 8 to 63 characters of ASCII or 64 hex digits"
            )
        for ssid, passphrase in fits:
            key = f"{quote(passphrase, safe='')}:{quote(ssid, safe='')}"
            arguments += ["-o", f'uat:80211_keys:"wpa-pwd","{key}"']
    return tuple(arguments) if given else ()


def _may_be(ssid: str, passphrase: str) -> bool:
    printable = passphrase.isascii() and passphrase.isprintable()
    return 1 <= len(ssid.encode()) <= _MOST_SSID and printable and len(passphrase) in _PASSPHRASE


def exchanges(
    stream: BinaryIO,
    name: str,
    keys: KeyLog,
    wpa: Sequence[str],
    stop: "Stop",
) -> Iterator[Seen]:
    """Yields what the capture in `stream`, called `name`, shows, as `engine.exchanges` does, and what tshark adds.

    `wpa` are keys as `wpa_arguments` takes them. What is no plain file is first copied to one, which only this user can
    read. When `stop` is asked for, tshark ends at once.
    """
    faults: list[Fault] = []
    wireless = wpa_arguments(wpa)
    with _plain(stream, name, faults) as (capture, path):
        below, above = Links(path, wireless, stop), Protocols(name)
        try:
            for seen in engine.exchanges(capture, name, keys, below.open):
                if not above.note(seen):
                    yield _without_key(seen)
        finally:
            below.close()
        if below.why:
            faults.append(Fault("source", name, f"{below.why}; the packets that it had opened by then were read"))
        with _key_log(keys) as log:
            yield from above.ask(path, (*wireless, *log), stop)
    yield from faults


def _without_key(seen: Seen) -> Seen:
    if isinstance(seen, Blind) and seen.protocol == _ENCRYPTED:
        return _with(seen, "no key opens it: --wpa-pwd SSID:PASSPHRASE, and its handshake must have been captured")
    return seen


@contextmanager
def _plain(stream: BinaryIO, name: str, faults: list[Fault]) -> Iterator[tuple[BinaryIO, Path]]:
    """Gives a capture as a file that can be sought, and its path; copies what is none, and says if that fails."""
    where = getattr(stream, "name", None)
    if stream.seekable() and isinstance(where, str) and Path(where).is_file():
        yield stream, Path(where)
        return
    with tempfile.NamedTemporaryFile(prefix="leaktap-", suffix=".pcap") as copy:
        try:
            shutil.copyfileobj(stream, copy)
        except OSError as error:
            faults.append(Fault("source", name, f"cannot be copied for tshark any further: {error.strerror or error}"))
        copy.flush()
        with Path(copy.name).open("rb") as capture:
            yield capture, Path(copy.name)


@contextmanager
def _key_log(keys: KeyLog) -> Iterator[tuple[str, ...]]:
    """Gives tshark's arguments for all TLS secrets that are known, which lie in a file until the end."""
    text = keys.text()
    if not text:
        yield ()
        return
    with tempfile.NamedTemporaryFile(prefix="leaktap-", suffix=".keys") as log:
        log.write(text)
        log.flush()
        yield "-o", f"tls.keylog_file:{log.name}"


@dataclass(slots=True)
class Hints:
    """Says at `Blind`s of the native engine that tshark could read it, where that is so and tshark is there."""

    _eapol: int = field(default=0)

    def watch(self, window: Window) -> Window:
        """Looks for handshakes in a window of 802.11; returns it as it is."""
        if self._eapol < _HANDSHAKE and np.isin(window.link, _WIRELESS).any():
            rows = links.network(window.data, window.start, window.captured, window.original, window.link)
            self._eapol += int((rows.kind == _EAPOL).sum())
        return window

    def add(self, seen: Seen) -> Seen:
        """Returns what it was given; a `Blind` that tshark could read with a word on how."""
        if not isinstance(seen, Blind) or not is_installed():
            return seen
        if seen.protocol == _ENCRYPTED:
            if self._eapol < _HANDSHAKE:
                return _with(seen, "no handshake was captured, without which no key opens it")
            return _with(seen, "tshark can read this: --engine tshark --wpa-pwd SSID:PASSPHRASE")
        if seen.why == "unknown_protocol" and seen.protocol.startswith("link type "):
            return _with(seen, "tshark may read this: --engine tshark")
        if is_for_tshark(seen) and (seen.why == "unsupported_cipher" or seen.protocol not in _NAMELESS):
            return _with(seen, "tshark may read this: --engine tshark")
        return seen


def _with(blind: Blind, word: str) -> Blind:
    return replace(blind, detail="; ".join(filter(None, [blind.detail, word])))
