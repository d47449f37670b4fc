"""Link layers by tshark: 802.11 that its keys decrypt, and the link types that links.py does not know.

tshark runs with its IP dissectors off, so that each IP packet is left over as data, whole and as it was sent. It goes
on as an Ethernet frame (several from one packet as an A-MSDU) in the place of the packet that it came in, and all that
is above is done by the native engine. tshark is started by the first window that has something to open, and goes along
with the windows from there on.
"""

import struct
from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leaktap.wire import links
from leaktap.wire._records import SLACK
from leaktap.wire.container import Window

if TYPE_CHECKING:
    from leaktap.wire._pyshark import Stop

_SHUT = (links.ENCRYPTED, links.UNKNOWN_LINK)
_ETHERNET, _WIRELESS = 1, 105
_ARP = 0x0806
_DATA_FRAME = "2"
_LLC = bytes.fromhex("aaaa03000000")
_AGGREGATE = bytes.fromhex("8800 0000") + bytes(18 + 2) + bytes.fromhex("8000")
"""The header of an 802.11 QoS data frame that holds an A-MSDU (IEEE 802.11-2020, 9.2.4.5.9, 9.3.2.2)."""

_SHOWN = '(data or llc or wlan) and not frame.protocols == "eth:ethertype:data"'
"""What may be of use: plain Ethernet is passed without tshark, should other interfaces need it."""

_FIELDS = ("frame.number", "data.data", "llc.type", "wlan.fc.type", "wlan.sa", "wlan.da", "eth.src", "eth.dst")
_ARGUMENTS = (
    *("--disable-protocol", "ip", "--disable-protocol", "ipv6"),
    *chain.from_iterable(("-e", name) for name in _FIELDS),
)

type _Fields = dict[str, list[str]]

type _Packet = tuple[int, bytes]
"""Its link type and its bytes."""


class Links:
    """The link layers of one capture."""

    def __init__(self, path: Path, arguments: Sequence[str], stop: "Stop") -> None:
        """Begins the capture at `path`; `arguments` are more of them for tshark (keys)."""
        self._path, self._more, self._stop = path, arguments, stop
        self._told: Generator[_Fields] | None = None
        self._next: _Fields | None = None
        self.why = ""
        """Why tshark did not come to its end, if so."""

    def open(self, window: Window) -> Window:
        """Returns the window with the packets in it that tshark can open; those that it cannot stay as they are."""
        rows = links.network(window.data, window.start, window.captured, window.original, window.link)
        shut = rows.row[np.isin(rows.kind, _SHUT) & (rows.pos <= rows.end)]
        if self._told is None and not len(shut):
            return window
        told = self._upto(window.first_frame + len(window.start) - 1)
        found = {row: packet for row in shut.tolist() if (packet := told.get(row + window.first_frame))}
        return _replaced(window, found) if found else window

    def close(self) -> None:
        """Ends tshark."""
        if self._told is not None:
            self._told.close()

    def _upto(self, last: int) -> dict[int, _Packet]:
        """Returns what was in the packets up to number `last`, by number."""
        if self._told is None:
            self._told = self._tell()
            self._next = next(self._told, None)
        found = {}
        while self._next is not None and (number := int(self._next["frame_number"][0])) <= last:
            packet = _packet(self._next)
            if packet is not None:
                found[number] = packet
            self._next = next(self._told, None)
        return found

    def _tell(self) -> Generator[_Fields]:
        """Yields the fields of packets, until tshark ends."""
        from leaktap.wire._pyshark import TsharkError, packets

        try:
            yield from packets(self._path, _SHOWN, (*_ARGUMENTS, *self._more), self._stop)
        except TsharkError as error:
            self.why = str(error)


def _packet(fields: _Fields) -> _Packet | None:
    """Returns what stands for a packet once it is open: the IP packets in it, or ARP where there is only control.

    Of 802.11, data without an LLC header before it is a ciphertext that no key opened.
    """
    wireless, types = fields.get("wlan_fc_type"), fields.get("llc_type", ())
    sealed = wireless and not any(int(kind, 16) in (links.IPV4, links.IPV6) for kind in types)
    datas = [] if sealed else [data for text in fields.get("data_data", ()) if _is_ip(data := _bytes(text))]
    if not datas:
        control = types or (wireless and wireless[0] != _DATA_FRAME)
        return (_ETHERNET, bytes(12) + _ARP.to_bytes(2)) if control else None
    senders = _addresses(fields, "eth_src", "wlan_sa", len(datas))
    receivers = _addresses(fields, "eth_dst", "wlan_da", len(datas))
    kinds = [(links.IPV4 if data[0] >> 4 == 4 else links.IPV6).to_bytes(2) for data in datas]
    if len(datas) == 1:
        return _ETHERNET, receivers[0] + senders[0] + kinds[0] + datas[0]
    parts = []
    for receiver, sender, kind, data in zip(receivers, senders, kinds, datas, strict=True):
        part = receiver + sender + struct.pack(">H", len(data) + 8) + _LLC + kind + data
        parts.append(part + bytes(-len(part) % 4))
    return _WIRELESS, _AGGREGATE + b"".join(parts)


def _addresses(fields: _Fields, name: str, other: str, count: int) -> list[bytes]:
    """Returns the innermost `count` hardware addresses of a kind, zeros where there are too few."""
    known = [address for text in fields.get(name) or fields.get(other) or [] if len(address := _bytes(text)) == 6]
    return [*known, *[known[-1] if known else bytes(6)] * count][:count] if len(known) < count else known[-count:]


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.replace(":", ""))
    except ValueError:
        return b""


def _is_ip(data: bytes) -> bool:
    """Tells whether a header (RFC 791, RFC 8200) may be true: data of another kind was left over as well."""
    if len(data) < 20:
        return False
    if data[0] >> 4 == 4:
        header, total = (data[0] & 15) * 4, int.from_bytes(data[2:4])
        return header >= 20 and (total >= header or not total)
    return data[0] >> 4 == 6 and len(data) >= 40


def _replaced(window: Window, found: dict[int, _Packet]) -> Window:
    """Returns the window with other packets in the place of those in `found`, by row."""
    rows = np.array(list(found), np.int64)
    packets = [packet for _, packet in found.values()]
    sizes = np.array([len(packet) for packet in packets], np.int64)
    columns = {name: getattr(window, name).copy() for name in ("start", "captured", "original", "link")}
    columns["start"][rows] = len(window.data) + np.cumsum(sizes) - sizes
    columns["original"][rows] += sizes - window.captured[rows]
    columns["captured"][rows] = sizes
    columns["link"][rows] = [link for link, _ in found.values()]
    data = memoryview(b"".join([window.data, *packets, bytes(SLACK)]))
    return replace(window, data=data, **columns)
