"""Writes captures as PCAPdroid does, byte by byte after the structures of its pcap_dump.c."""

import struct
import zlib

from tests.wire._packets import block, enhanced, interface, option, pcap, section

MAGIC = 0x01072021
END = option(0, b"")


def uid_map(uid, package, name, order="<", kind=0xBAD, enterprise=62652, version=1, of=1):
    """A custom block that maps a user id."""
    package, name = package.encode(), name.encode()
    head = struct.pack(order + "IHBBiBB", enterprise, version, of, 0, uid, len(package), len(name))
    return block(kind, head + package + name, order)


def uid_comment(uid, order="<", root=False):
    """The options of a packet; in root mode its direction stands before the comment."""
    flags = option(2, struct.pack(order + "I", 2), order) if root else b""
    return flags + option(1, b"u-%d" % uid, order) + option(0, b"", order)


def with_trailer(ip, uid, name):
    """An Ethernet frame around an IP packet, with a trailer."""
    frame = bytes(12) + (b"\x08\x00" if ip[0] >> 4 == 4 else b"\x86\xdd") + ip
    frame += bytes(-len(frame) % 4) + struct.pack(">Ii20s", MAGIC, uid, name.encode()[:19])
    return frame + struct.pack("<I", zlib.crc32(frame))


def pcapng(packets, apps, order="<", root=False):
    """`packets` are (time, IP packet, uid), `apps` (package, name) by uid; each is mapped before its first packet."""
    out, known = [section(order), interface(101, order=order)], set()
    for time, ip, uid in packets:
        if uid in apps and uid not in known:
            known.add(uid)
            out.append(uid_map(uid, *apps[uid], order))
        out.append(enhanced(time, ip, order=order, options=uid_comment(uid, order, root)))
    return b"".join(out)


def trailed(packets, apps):
    """The same as pcap with trailers."""
    return pcap([(time, with_trailer(ip, uid, apps.get(uid, ("", ""))[1])) for time, ip, uid in packets])
