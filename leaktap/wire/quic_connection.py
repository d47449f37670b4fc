"""A QUIC connection, whatever paths it takes: packets of both sides in, the bytes of its streams to what runs over it.

RFC 9000, RFC 9001. Initial packets open without a secret, and tell what the client asks for; the others wait, bounded,
for the secrets of the key log. Both sides are read as they come: a side does not need to know how far the other is.
What is never opened becomes a `Blind`, as does what is opened and makes no sense.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from leaktap.model import Time
from leaktap.wire._api import Context, Made
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire._intake import Frames
from leaktap.wire.quic_assembly import Assembly
from leaktap.wire.quic_frames import CRYPTO, DATAGRAM, NEW_CONNECTION_ID, BadFrame, Frame, frames
from leaktap.wire.quic_keys import Keys, candidates, initial_keys
from leaktap.wire.quic_packets import APPLICATION, EARLY, HANDSHAKE, INITIAL, Packet, Version
from leaktap.wire.quic_streams import Streams
from leaktap.wire.tls_certificates import site
from leaktap.wire.tls_ciphers import Unopened
from leaktap.wire.tls_handshake import (
    CERTIFICATE,
    CLIENT_HELLO,
    COMPRESSED_CERTIFICATE,
    ENCRYPTED_EXTENSIONS,
    SERVER_HELLO,
    BadHandshake,
    Messages,
    Session,
)
from leaktap.wire.tls_shared import Shared

_STAGES = {EARLY: "EARLY", HANDSHAKE: "HANDSHAKE", APPLICATION: "APPLICATION"}
_MOST_IDS = 256
_MOST_ATTEMPTS = 4
_MOST_WAITING = 1 << 20
_MOST_UNKNOWN = 16 << 20
_MOST_CRYPTO = 512 << 10


class _Unfit(Exception):
    """No key that there is opens a packet."""


class _Held(NamedTuple):
    """A packet, in its datagram, that may wait for its key."""

    data: bytes
    packet: Packet
    frame: int
    time: Time


@dataclass(slots=True, eq=False)
class _Half:
    """What one side sends.

    `ids` are the connection ids that it sends to. `keys` are those that have opened a packet, `trials` those that may.
    `total` counts all its bytes, `unread` those that were not opened (for want of a secret, if one is `missing`),
    `faulty` those that were opened and make no sense.
    """

    side: int
    ids: set[bytes] = field(default_factory=set)
    lengths: list[int] = field(default_factory=list)
    keys: dict[int, Keys] = field(default_factory=dict)
    trials: dict[int, list[Keys]] = field(default_factory=dict)
    crypto: dict[int, tuple[Assembly, Messages]] = field(default_factory=dict)
    held: list[_Held] = field(default_factory=list)
    opened: bool = False
    missing: bool = False
    total: int = 0
    unread: int = 0
    faulty: int = 0
    unread_frames: Frames = field(default_factory=Frames)
    faulty_frames: Frames = field(default_factory=Frames)
    clock: Time = 0

    def learn(self, target: bytes) -> bool:
        """Notes an id that this side sends to; returns whether it is new."""
        if target in self.ids or len(self.ids) >= _MOST_IDS:
            return False
        self.ids.add(target)
        if len(target) not in self.lengths:
            self.lengths.append(len(target))
        return True

    def pass_by(self, held: _Held) -> None:
        """Counts a packet that is not opened."""
        self.unread += held.packet.end - held.packet.start
        self.unread_frames.add((held.frame,))


class Connection:
    """One QUIC connection. `paths` counts the pairs of endpoints that it runs over, for who closes it.

    `learnt` are connection ids that are new, each with the side that sends to it.
    """

    def __init__(self, context: Context, version: Version, first_id: bytes) -> None:
        """Begins with the client's first Initial, which was sent to `first_id`."""
        self.context = context
        self.paths = 0
        self.learnt: list[tuple[int, bytes]] = []
        self._version = version
        self._client, self._server = self._halves = (_Half(CLIENT), _Half(SERVER))
        self._attempts = [(version, first_id)]
        self._initials: dict[tuple[str, bytes, int], Keys] = {}
        self._session: Session | None = None
        self._unanswered: list[Session] = []
        self._news = self._lacks = self._hopeless = False
        self._held = 0
        self._streams = Streams(context)

    @property
    def waiting(self) -> int:
        """How many bytes are kept for a key that may still come."""
        return self._held if self._lacks else 0

    @property
    def ids(self) -> set[bytes]:
        """The connection ids that both sides send to."""
        return self._client.ids | self._server.ids

    def knows(self, side: int, packet: Packet) -> bool:
        """Tells whether a side has sent a packet with a long header, by the ids in it."""
        if packet.target:
            first = side == CLIENT and packet.target in [first_id for _, first_id in self._attempts]
            return first or packet.target in self._halves[side].ids
        return bool(packet.sender) and packet.sender in self._halves[1 - side].ids

    def began(self, version: Version, first_id: bytes) -> bool:
        """Tells whether the client has tried to begin it so, or goes on with an id of the server's."""
        return (version, first_id) in self._attempts or first_id in self._client.ids

    def sends_to(self, side: int, begin: bytes) -> bool:
        """Tells whether a side sends to an id that `begin` begins with."""
        half = self._halves[side]
        return any(begin[:length] in half.ids for length in half.lengths)

    def goes_on(self, version: Version, sender: bytes) -> bool:
        """Tells whether a client that begins with this version and id of its own may be this one, trying again.

        It keeps its id after Retry (RFC 9000 section 17.2.5.3), and may take another with another version.
        """
        if self._session is not None and self._session.answered:
            return False
        return sender in self._server.ids or version != self._version

    def attempt(self, version: Version, first_id: bytes) -> None:
        """Begins anew, after Retry or Version Negotiation."""
        self._version = version
        self._attempts = [*self._attempts[1 - _MOST_ATTEMPTS :], (version, first_id)]
        self._client.crypto.pop(INITIAL, None)

    # Packets

    def take(self, side: int, data: bytes, packet: Packet, frame: int, time: Time) -> None:
        """Takes a packet of a side, `data` being the datagram that it is in."""
        half = self._halves[side]
        half.total += packet.end - packet.start
        half.clock = max(half.clock, time)
        self._take(half, _Held(data, packet, frame, time))
        while self._news:
            self.retry()

    def retry(self) -> None:
        """Takes again what waits."""
        self._news = self._lacks = False
        for half in self._halves:
            waiting, half.held = half.held, []
            self._account(-sum(len(held.data) for held in waiting))
            for held in waiting:
                self._take(half, held)

    def _take(self, half: _Half, held: _Held) -> None:
        try:
            text = self._open(half, held.data, held.packet)
        except _Unfit:
            half.pass_by(held)
            return
        if text is None:
            self._keep(half, held)
            return
        try:
            for frame in frames(text):
                self._frame(half, held.packet.kind, frame, held)
        except (BadFrame, BadHandshake):
            half.faulty += len(text)
            half.faulty_frames.add((held.frame,))

    def _open(self, half: _Half, data: bytes, packet: Packet) -> bytes | None:
        """Returns what a packet holds, None if that may be known later; raises _Unfit."""
        level = packet.kind
        if level == INITIAL:
            return self._open_initial(half, data, packet)
        keys = half.keys.get(level)
        trials = [keys] if keys is not None else self._trials(half, packet)
        if trials is None:
            return None
        places = [packet.number_at]
        if level == APPLICATION:
            places = [packet.start + 1 + length for length in half.lengths]
            if not places:
                return None
        for each in trials:
            for place in places:
                try:
                    text = each.open(data, packet, place)
                except Unopened:
                    continue
                half.opened = True
                half.keys[level] = each
                if level == HANDSHAKE:
                    self._version = packet.version or self._version
                    self._learn(half.side, packet.target)
                    self._learn(1 - half.side, packet.sender)
                return text
        raise _Unfit

    def _open_initial(self, half: _Half, data: bytes, packet: Packet) -> bytes:
        """Returns what an Initial holds: nothing if it belongs to an attempt that was given up."""
        version = packet.version
        assert version is not None
        for attempt in reversed(self._attempts):
            first_id = attempt[1]
            for keyed in dict.fromkeys((version.name, attempt[0].name)):  # aioquic keeps to the first version's keys
                name = (keyed, first_id, half.side)
                keys = self._initials.get(name)
                if keys is None:
                    keys = initial_keys(version if keyed == version.name else attempt[0], first_id, half.side)
                try:
                    text = keys.open(data, packet, packet.number_at)
                except Unopened:
                    continue
                self._initials[name] = keys
                if attempt != self._attempts[-1] or (version, first_id) in self._attempts[:-1]:
                    return b""
                self._learn(1 - half.side, packet.sender)
                self._version = version
                return text
        raise _Unfit

    def _trials(self, half: _Half, packet: Packet) -> list[Keys] | None:
        """Returns the keys that may open a packet; None while its secret is not known."""
        level, session, log = packet.kind, self._session, self.context.keys
        if session is None:
            return None
        trials = half.trials.get(level)
        if trials is None:
            secret = session.secret(log, half.side, _STAGES[level])
            if not secret:
                half.missing = True
                if level == EARLY and session.secret(log, CLIENT, _STAGES[HANDSHAKE]):
                    raise _Unfit  # an application that logs secrets has logged this one before
                self._lacks = True
                return None
            chosen = session.suite if session.answered and not session.retry else None
            trials = half.trials[level] = candidates(chosen, secret, packet.version or self._version)
        return trials

    def _learn(self, side: int, target: bytes) -> None:
        """Notes an id that a side sends to."""
        half = self._halves[side]
        if half.learn(target):
            self._news = self._news or bool(half.held)
            self.learnt.append((side, target))

    # Waiting

    def _account(self, more: int) -> None:
        self._held += more
        self.context.budget.room -= more

    def _keep(self, half: _Half, held: _Held) -> None:
        """Keeps a packet until its key may be there, as long as there is hope and room."""
        size, budget = len(held.data), self.context.budget
        most = _MOST_WAITING if self._lacks else _MOST_UNKNOWN
        if self._held + size > most or budget.room < size:
            self._hopeless = True
        if self._hopeless or (self._lacks and not budget.patient):
            self._drop()
            half.pass_by(held)
        else:
            half.held.append(held)
            self._account(size)

    def _drop(self) -> None:
        """Gives up what waits."""
        for half in self._halves:
            for held in half.held:
                half.pass_by(held)
            half.held.clear()
        self._account(-self._held)

    # Frames

    def _frame(self, half: _Half, level: int, frame: Frame, held: _Held) -> None:
        """Takes a frame; raises BadHandshake."""
        if frame.kind == CRYPTO:
            self._crypto(half, level, frame, held)
        elif level not in (EARLY, APPLICATION):
            return
        elif frame.kind == NEW_CONNECTION_ID:
            self._learn(1 - half.side, frame.data)
        elif frame.kind == DATAGRAM:
            self._streams.datagram(half.side, frame.data, held.frame)
        else:
            self._streams.take(half.side, frame, held.frame, held.time)

    def _crypto(self, half: _Half, level: int, frame: Frame, held: _Held) -> None:
        """Takes a piece of the TLS handshake; raises BadHandshake."""
        known = half.crypto.get(level)
        if known is None:
            known = half.crypto[level] = (Assembly(), Messages())
        assembly, messages = known
        if frame.offset + len(frame.data) - assembly.next > _MOST_CRYPTO:
            raise BadHandshake("a handshake without an end")
        assembly.push(frame.offset, frame.data, held.frame, held.time)
        segment = assembly.take()
        if segment is not None:
            for kind, body in messages.feed(segment.data):
                self._message(half.side, kind, body)

    def _message(self, side: int, kind: int, body: bytes) -> None:
        """Takes a handshake message; raises BadHandshake."""
        session = self._session
        if kind == CLIENT_HELLO and side == CLIENT:
            asked = Session.of_client(body, "q")
            if session is None or not session.answered or session.retry:
                self._session = self._streams.session = asked
                self.context.host = asked.host or self.context.host
                self._news = True
        elif session is None or side != SERVER:
            return
        elif kind == SERVER_HELLO and (not session.answered or session.retry):
            session.answer(body)
            for half in self._halves:
                half.trials.clear()
            self._news = True
        elif kind == ENCRYPTED_EXTENSIONS:
            session.encrypted_extensions(body)
        elif kind in (CERTIFICATE, COMPRESSED_CERTIFICATE):
            session.show(kind, body, Shared.of(self.context))

    # What comes out

    def deliver(self) -> Iterator[Made]:
        """Returns what came of the streams."""
        return self._streams.deliver((self._client.clock, self._server.clock))

    def pause(self) -> Iterable[Made]:
        """Returns what need not wait for more."""
        return self._streams.pause()

    def close(self) -> Iterator[Made]:
        """Yields what is pending: nothing more will come."""
        self.retry()
        self._drop()
        yield from self._streams.close((self._client.clock, self._server.clock))
        for half in self._halves:
            if half.unread:
                count = half.unread if half.opened else half.total
                blind = self.context.blind(self._why(half), "quic", count, half.unread_frames.numbers, self._detail)
                yield blind if blind.host else replace(blind, host=site(self._session.names if self._session else ()))
            if half.faulty:
                frames_, detail = half.faulty_frames.numbers, "frames that make no sense"
                yield self.context.blind("unreadable", "quic", half.faulty, frames_, detail)

    def _why(self, half: _Half) -> str:
        if half.missing or self._session is None:
            return "quic"
        return "unreadable" if half.opened else "wrong_key"

    @property
    def _detail(self) -> str:
        session = self._session
        return f"QUIC {self._version.name}, {session.detail if session else 'no handshake was captured'}"
