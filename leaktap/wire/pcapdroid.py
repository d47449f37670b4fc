"""What PCAPdroid, a capture app for Android, writes into captures of the apps that sent their packets.

In pcapng a custom block of its private enterprise number maps a user id to package and app name, and each packet has
the comment `u-<uid>`. In pcap each packet gets an Ethernet header of zeros, and behind the IP packet and 0 to 3 bytes
of padding a trailer of 32 bytes: magic, user id, the app's name in 20 bytes, a checksum. Layouts: pcap_dump.c and
tools/pcapdroid.lua of https://github.com/emanuele-f/PCAPdroid.
"""

import struct

import numpy as np
import numpy.typing as npt

from leaktap.model import App
from leaktap.wire._records import Ints, read
from leaktap.wire.names import Names

ENTERPRISE = 62652
"""IANA's private enterprise number."""

_VERSION, _UID_MAP = 1, 1
_MAGIC = 0x01072021
_TRAILER, _ETHERNET = 32, 14
_DIGITS = 10
_MOST_UID = (1 << 31) - 1


def _app(uid: int, package: bytes, name: bytes) -> App:
    text = package.decode("utf-8", "ignore").strip("\0 "), name.decode("utf-8", "ignore").strip("\0 ")
    return App(*text, f"PCAPdroid uid {uid}")


def learn_app(body: memoryview, order: str, names: Names) -> None:
    """Takes a custom block, from behind its enterprise number; what is no mapping of a user id is passed over."""
    if len(body) < 10:
        return
    version, kind, uid, package, name = struct.unpack_from(order + "HBxiBB", body)
    if (version, kind) == (_VERSION, _UID_MAP) and uid >= 0 and 10 + package + name <= len(body):
        end = 10 + package
        names.learn_app(uid, _app(uid, bytes(body[10:end]), bytes(body[end : end + name])))


def comment_uids(data: memoryview, at: Ints, length: Ints) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Returns which of the comments at these offsets are `u-<uid>`, and their user ids; -1 where it is unknown."""
    ours = (length >= 3) & (length <= 2 + _DIGITS) & (read(data, ">u2", at) == 0x752D)
    uid, at, length = np.zeros(len(at), np.int64), at + 2, length - 2
    fine = ours.copy()
    for place in range(_DIGITS if ours.any() else 0):
        digit = read(data, ">u1", at + place) - 0x30
        within = place < length
        fine &= ~within | ((digit >= 0) & (digit <= 9))
        uid = np.where(within, uid * 10 + digit, uid)
    return ours, np.where(fine & (uid <= _MOST_UID), uid, -1)


def trailer_uids(data: memoryview, start: Ints, captured: Ints, link: Ints, names: Names) -> Ints | None:
    """Returns the user id of each packet that has a trailer, -1 for others; None where no packet has one.

    The apps' names are learnt. A trailer lies outside of the IP packet, so nothing that was received looks like one.
    """
    which = np.flatnonzero((link == 1) & (captured >= _ETHERNET + _TRAILER))
    end = start[which] + captured[which]
    found = read(data, ">u4", end - _TRAILER) == _MAGIC
    if not found.any():
        return None
    which, end = which[found], end[found]
    at = start[which]
    kind = read(data, ">u2", at + 12)
    size = np.where(kind == 0x86DD, 40 + read(data, ">u2", at + 18), read(data, ">u2", at + 16))
    placed = at + (_ETHERNET + size + 3 & ~3) + _TRAILER == end
    bogus = (read(data, ">u8", at) == 0) & (read(data, ">u4", at + 8) == 0) & ((kind == 0x0800) | (kind == 0x86DD))
    which, end = which[placed & bogus], end[placed & bogus]
    uid = read(data, ">i4", end - 28)
    uids = np.full(len(start), -1, np.int64)
    uids[which] = uid
    for number, first in zip(*(column.tolist() for column in np.unique(uid, return_index=True)), strict=True):
        if number >= 0:
            begin = int(end[first]) - 24
            name, _, _ = bytes(data[begin : begin + 20]).partition(b"\0")
            names.learn_app(number, _app(number, b"", name))
    return uids
