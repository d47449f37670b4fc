"""A session as packets: one connection per host, kept alive over pauses, TLS where the host speaks it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from captures.make.http2 import Http2
from captures.make.messages import Call, Host, Session, reply_bytes, request_bytes
from captures.make.packets import CALM, CLIENT, SERVER, Conversation, End, Trouble, in_order
from captures.make.pcapng import write_pcap, write_pcapng
from captures.make.tls import Link
from leaktap.model import Time

_KEPT_ALIVE = 15.0
"""Seconds of silence after which a client opens a new connection."""

_AT_ONCE = 4
"""How many calls of HTTP/2 are asked before the first is answered."""

_FIRST_PORT, _PORTS = 40_112, 12_000


def write(session: Session, path: Path, *, keys: bool = True, trouble: Trouble = CALM) -> list[bytes]:
    """Writes a session as pcapng with its secrets inside, or as pcap where the name says so; returns the key log.

    With `keys` false, no secret is written.
    """
    return write_all([session], path, keys=keys, trouble=trouble)


def write_all(sessions: Sequence[Session], path: Path, *, keys: bool = True, trouble: Trouble = CALM) -> list[bytes]:
    """Writes sessions that happen beside one another, as `write` does."""
    conversations: list[Conversation] = []
    keylog: list[bytes] = []
    for session in sessions:
        made, lines = converse(session, trouble, len(conversations))
        conversations += made
        keylog += lines
    packets = in_order(sorted(conversations, key=lambda conversation: conversation.packets[0].time))
    if path.suffix == ".pcap":
        write_pcap(path, packets)
    else:
        write_pcapng(path, packets, keylog if keys else ())
    return keylog


def converse(session: Session, trouble: Trouble = CALM, first: int = 0) -> tuple[list[Conversation], list[bytes]]:
    """Returns a session's TCP connections and their key log lines.

    `first` is the number of the first connection, from which its port and its initial sequence numbers follow.
    """
    conversations: list[Conversation] = []
    keylog: list[bytes] = []
    for index, (host, calls) in enumerate(_connections(session), first):
        phone = session.phone
        server = session.hosts[host]
        client = End(phone.mac, phone.ip6 if ":" in server.ip else phone.ip, _FIRST_PORT + 2 * (index % _PORTS))
        conversation = Conversation(client, End(phone.router, server.ip, server.port), index, trouble)
        keylog += _talk(session, conversation, host, server, calls)
        conversations.append(conversation)
    return conversations, keylog


def _talk(session: Session, wire: Conversation, host: str, server: Host, calls: list[Call]) -> list[bytes]:
    link = Link(host, server.tls, server.suite, "h2" if server.http2 else "") if server.tls else None
    now: Time = wire.open(session.time(calls[0].at) - 4 * wire.rtt)
    if link:
        for side, flight in link.handshake():
            now = wire.send(now, side, flight) + wire.rtt // 2
    for at, side, data in _said2(calls) if server.http2 else _said(calls):
        now = wire.send(max(now, session.time(at)), side, link.send(side, data) if link else data)
    now += 2_000_000
    if link:
        now = wire.send(now, CLIENT, link.close(CLIENT))
    wire.close(now)
    return link.keylog if link else []


def _said(calls: list[Call]) -> Iterator[tuple[float, int, bytes]]:
    """Yields what both sides say in HTTP/1.1, and when."""
    for call in calls:
        yield call.at, CLIENT, request_bytes(call)
        yield call.at + call.took, SERVER, reply_bytes(call)


def _said2(calls: list[Call]) -> Iterator[tuple[float, int, bytes]]:
    """Yields what both sides say in HTTP/2, and when: a few calls at a time."""
    talk = Http2()
    for side, data in talk.opening():
        yield calls[0].at, side, data
    for first in range(0, len(calls), _AT_ONCE):
        batch = calls[first : first + _AT_ONCE]
        for side, data in talk.batch(batch):
            yield batch[0].at + batch[0].took * (side == SERVER), side, data


def _connections(session: Session) -> Iterator[tuple[str, list[Call]]]:
    """Yields the calls of each connection, connections in the order of their first call."""
    open_: dict[str, list[Call]] = {}
    made: list[tuple[str, list[Call]]] = []
    for call in sorted(session.calls, key=lambda call: call.at):
        kept = open_.get(call.host)
        if kept is None or call.at - kept[-1].at - kept[-1].took > _KEPT_ALIVE:
            kept = open_[call.host] = []
            made.append((call.host, kept))
        kept.append(call)
    yield from made
