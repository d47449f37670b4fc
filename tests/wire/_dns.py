"""DNS messages by scapy, and captures of what was said."""

from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSVCB, SvcParam
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from leaktap.model import Exchange
from leaktap.wire import packets, streams
from leaktap.wire.container import windows
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog

PHONE, RESOLVER = "10.0.0.9", "192.0.2.53"
PHONE_MAC, OTHER_MAC = "a4:50:46:12:34:56", "02:00:00:00:00:02"


def query(name="www.shop.example", kind="A", number=7, **more):
    return bytes(DNS(id=number, rd=1, qd=DNSQR(qname=name, qtype=kind), **more))


def answer(name="www.shop.example", kind="A", number=7, records=(), **more):
    return bytes(DNS(id=number, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=kind), an=list(records), **more))


def record(name, kind, data, **more):
    return DNSRR(rrname=name, type=kind, rdata=data, ttl=60, **more)


def https(name, hints4=(), hints6=(), target=".", priority=1):
    params = [SvcParam(key="alpn", value=["h2"])]
    params += [SvcParam(key="ipv4hint", value=list(hints4))] if hints4 else []
    params += [SvcParam(key="ipv6hint", value=list(hints6))] if hints6 else []
    return DNSRRSVCB(rrname=name, type="HTTPS", svc_priority=priority, target_name=target, svc_params=params)


def datagram(data, source=(PHONE, 40_000), target=(RESOLVER, 53), mac=PHONE_MAC):
    network = IPv6 if ":" in source[0] else IP
    ends = UDP(sport=source[1], dport=target[1])
    return Ether(src=mac, dst=OTHER_MAC) / network(src=source[0], dst=target[0]) / ends / data


def stream(turns, port=53, client=PHONE, server=RESOLVER):
    """Packets of a TCP connection; turns are (side, bytes)."""
    ends, numbers, made = ((client, 41_000), (server, port)), [1000, 5000], []
    opening = [(0, "S", b""), (1, "SA", b""), (0, "A", b"")]
    for side, flags, data in [*opening, *((side, "PA", data) for side, data in turns)]:
        (source, sport), (target, dport) = ends[side], ends[1 - side]
        tcp = TCP(sport=sport, dport=dport, flags=flags, seq=numbers[side], ack=numbers[1 - side])
        made.append(Ether(src=PHONE_MAC, dst=OTHER_MAC) / IP(src=source, dst=target) / tcp / data)
        numbers[side] += len(data) + ("S" in flags)
    return made


def write(path, packets_):
    for index, packet in enumerate(packets_):
        packet.time = 1_763_700_000 + index / 1000
    wrpcap(str(path), packets_)
    return path


def read(path):
    """What a capture shows, and the names it tells."""
    engine = Engine(path.name, KeyLog())
    reader, flows, seen = packets.Packets(path.name), streams.Streams(), []
    with path.open("rb") as file:
        for window in windows(file, path.name):
            seen += engine.feed(flows.feed(reader.columns(window)))
    seen += engine.feed(flows.close())
    seen += engine.close()
    return seen, engine.names


def exchanges(seen, protocol=""):
    return [one for one in seen if isinstance(one, Exchange) and protocol in ("", one.origin.protocol)]
