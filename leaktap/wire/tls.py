"""TLS 1.0 to 1.3 with the session's secrets: ciphertext of both sides in, plaintext out.

Both sides are read in turn until neither moves. The client's side stops at its first encrypted record until the
ServerHello told the suite; either side stops where a secret is missing and keeps its ciphertext (bounded per connection
and over all), since secrets may come behind the packets. What is never opened becomes a `Blind`.
"""

from collections.abc import Iterator
from dataclasses import replace

from leaktap.wire._api import Above, Context, Made, Plain, Protocol
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire.tls_certificates import site
from leaktap.wire.tls_ciphers import TLS13, next_secret, opener13
from leaktap.wire.tls_handshake import (
    APPLICATION,
    CERTIFICATE,
    CLIENT_HELLO,
    CLIENT_KEY_EXCHANGE,
    COMPRESSED_CERTIFICATE,
    EARLY,
    ENCRYPTED_EXTENSIONS,
    END_OF_EARLY_DATA,
    FINISHED,
    HANDSHAKE,
    KEY_UPDATE,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    SERVER_HELLO_DONE,
    BadHandshake,
    Session,
)
from leaktap.wire.tls_openers import Opener, Unopened
from leaktap.wire.tls_records import (
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE_RECORD,
    HEADER,
    HEARTBEAT,
    MOST_RECORD,
    Half,
)
from leaktap.wire.tls_shared import Shared

_MOST_WAITING = 1 << 20
_MOST_UNANSWERED = 16 << 20
_MOST_PREMASTER = 2048
_MOST_HELLOS = 16


class Tls:
    """One TLS connection."""

    def __init__(self, context: Context) -> None:
        """Begins before the ClientHello."""
        self._context = context
        self._shared = Shared.of(context)
        self._client, self._server = self._halves = (Half(CLIENT), Half(SERVER))
        self._hellos: list[Session] = []
        self._told = False
        self._held = 0
        self._lacks = False

    @property
    def waiting(self) -> int:
        """How many bytes wait for a secret."""
        return self._held if self._lacks else 0

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes ciphertext and yields plaintext."""
        half = self._halves[side]
        half.total += len(segment.data)
        if half.dead:
            half.pass_by(segment)
            return
        half.intake.push(segment)
        yield from self._pump()
        self._hold()
        if not segment.data and self._told:
            yield Plain(side, segment)

    def close(self) -> Iterator[Made]:
        """Yields what was not opened."""
        yield from self._pump()
        for half in self._halves:
            half.give_up(self._why(half))
            if half.unread:
                session = half.session or self._client.session
                detail = session.detail if session else "no handshake was captured"
                count = half.unread if half.opened else half.total
                blind = self._context.blind(half.why, "tls", count, half.unread_frames.numbers, detail)
                yield blind if blind.host or session is None else replace(blind, host=site(session.names))
        self._context.budget.room += self._held
        self._held = 0

    def _why(self, half: Half) -> str:
        """Says why what is left of a side was not opened."""
        if half.opened or half.torn is not None:
            return "truncated"
        return "no_key" if half.opener is None else "wrong_key"

    def _pump(self) -> Iterator[Made]:
        """Reads both sides as far as they go, then yields what they held: the client's first."""
        self._lacks = False
        while self._read(self._client) or self._read(self._server):
            pass
        for half in self._halves:
            for segment in half.gathered():
                yield from self._tell()
                yield Plain(half.side, segment)

    def _tell(self) -> Iterator[Made]:
        """Says, before the first plaintext, what it is."""
        if self._told:
            return
        self._told = True
        context, session = self._context, self._server.session or self._client.session
        assert session is not None
        yield Above(context.within_tls(session.protocol, session))

    def _hold(self) -> None:
        """Accounts for what is kept, and gives it up where it is too much."""
        budget, session = self._context.budget, self._client.session
        answered = session is not None and session.answered
        held = 0
        if self._lacks or not answered:
            held = sum(len(half.intake) + half.intake.behind for half in self._halves)
        if held > (_MOST_WAITING if answered else _MOST_UNANSWERED) or (held and budget.room + self._held < held):
            for half in self._halves:
                half.give_up(self._why(half))
            held = 0
        budget.room += self._held - held
        self._held = held

    def _read(self, half: Half) -> bool:
        """Reads every record of a side that can be read now; returns whether there was one."""
        before, intake = half.records, half.intake
        if len(intake.data) < HEADER and half.torn is None and not half.dead and not intake.later:
            return False
        while not half.dead:
            if half.torn is None:
                short = self._run(half)
                if half.torn is None and not (short and half.intake.gap):
                    break
                if half.torn is None:
                    half.tear()
            else:
                mended = self._mend(half)
                if mended is None or (not mended and (half.dead or not half.intake.gap)):
                    break
                if not mended:
                    half.tear()
        if half.dead:
            half.give_up(half.dead)
        return half.records != before

    def _run(self, half: Half) -> bool:
        """Reads records up to the next gap; returns whether it stopped because bytes are lacking."""
        data = half.intake.data
        at, size, short = 0, len(data), True
        texts: list[bytes] = []
        spans: list[tuple[int, int]] = []
        with memoryview(data) as view:
            while size - at >= HEADER:
                kind, length = data[at], data[at + 3] << 8 | data[at + 4]
                end = at + HEADER + length
                if not CHANGE_CIPHER_SPEC <= kind <= HEARTBEAT or data[at + 1] != 3 or length > MOST_RECORD:
                    half.torn = 0
                    break
                if end > size:
                    break
                if half.opener is None and not self._ready(half, kind):
                    short = False
                    break
                opener = half.opener
                if opener is None or (half.modern and kind != APPLICATION_DATA):
                    self._take(half, kind, bytes(view[at + HEADER : end]), at, end)
                else:
                    try:
                        text = opener.open(bytes(view[at : at + HEADER]), view[at + HEADER : end])
                    except Unopened:
                        if self._unopened(half, opener, at, end):
                            continue
                        if half.torn is not None or half.dead:
                            break
                    else:
                        half.opened, half.skimming = True, False
                        if half.modern:
                            kind, text = _inner(text)
                        if kind != APPLICATION_DATA:
                            self._take(half, kind, text, at, end)
                        elif text:
                            texts.append(text)
                            spans.append((at, end))
                half.records += 1
                at = end
                if half.dead:
                    break
        if texts:
            half.gather(texts, spans)
        half.intake.drop(at)
        return short

    def _unopened(self, half: Half, opener: Opener, at: int, end: int) -> bool:
        """Takes a record that does not open; returns whether to try it again, with whatever comes next."""
        if opener.seq:
            half.torn = 0
        elif half.stage == EARLY:
            half.stage, half.opener, half.skimming = HANDSHAKE, None, True
            return True
        elif half.skimming:
            half.pass_over("no_key", at, end)
        else:
            half.dead = "wrong_key"
        return False

    def _take(self, half: Half, kind: int, text: bytes, at: int, end: int) -> None:
        """Takes what is no application data: handshake messages and changes of the cipher."""
        if kind == HANDSHAKE_RECORD:
            try:
                for message, body in half.messages.feed(text):
                    self._message(half, message, body)
            except BadHandshake:
                half.pass_over("unreadable", at, end)
                self._stop("unreadable")
        elif kind == CHANGE_CIPHER_SPEC and not half.modern:
            half.changed, half.opener = True, None
        elif kind == APPLICATION_DATA:
            half.pass_over("no_key", at, end)

    def _mend(self, half: Half) -> bool | None:
        """Looks for the next record that can be opened; None where something must come before that can be told."""
        session = half.session
        if session is None or (session.answered and not session.supported):
            self._stop("truncated")
            return False
        if not session.answered:
            return None
        openers: list[tuple[Opener, str]] = [(half.opener, half.stage)] if half.opener else []
        if session.version != TLS13:
            pair = session.openers(self._context.keys, self._shared)
            if pair and not openers:
                openers = [(pair[half.side], half.stage)]
        elif half.stage != APPLICATION:
            stages = (APPLICATION,) if openers else (HANDSHAKE, APPLICATION)
            secrets = [(session.secret(self._context.keys, half.side, stage), stage) for stage in stages]
            openers += [(opener13(session.suite, secret), stage) for secret, stage in secrets if secret]
        if not openers:
            self._lacking()
            return None
        found = half.mend(opener for opener, _ in openers)
        if found is None:
            return False
        half.opener, half.changed, half.modern = found, False, session.version == TLS13
        half.stage = next(stage for opener, stage in openers if opener is found)
        if half.modern and half.stage == APPLICATION:
            half.secret = half.secret or session.secret(self._context.keys, half.side, APPLICATION)
        half.messages.clear()
        return True

    def _stop(self, why: str) -> None:
        """Gives both sides up."""
        for half in self._halves:
            half.dead = half.dead or why

    # Keys

    def _ready(self, half: Half, kind: int) -> bool:
        """Tells whether a record can be taken now, and sets the side's opener if it needs one."""
        session = half.session
        if session is None:
            if kind in (CHANGE_CIPHER_SPEC, APPLICATION_DATA):
                self._stop("no_key")
                return False
            return half.side == CLIENT or bool(self._hellos)
        if half.changed:
            if not session.answered:
                return False
            if session.version != TLS13 and not session.retry:
                return self._legacy(half, session)
            half.changed = False
        if kind != APPLICATION_DATA:
            return not session.retry or half.side == CLIENT or bool(self._hellos)
        if not session.answered:
            return False
        if session.retry:
            return True
        if session.version != TLS13:
            self._stop("truncated")
            return False
        return self._modern(half, session)

    def _legacy(self, half: Half, session: Session) -> bool:
        """Sets the opener up to TLS 1.2; returns whether there is one."""
        if not session.supported:
            self._stop("unsupported_cipher")
            return False
        pair = session.openers(self._context.keys, self._shared)
        if pair is None:
            return self._lacking()
        half.opener, half.changed = pair[half.side], False
        half.messages.clear()
        return True

    def _modern(self, half: Half, session: Session) -> bool:
        """Sets the opener of TLS 1.3; returns whether there is one."""
        if not session.supported:
            self._stop("unsupported_cipher")
            return False
        keys = self._context.keys
        if half.side == CLIENT and session.early and half.stage == HANDSHAKE and not half.skimming:
            if session.early_accepted is None and self._server.stage == HANDSHAKE and not self._server.dead:
                self._lacks = True
                return False
            half.skimming = True
            if session.early_accepted and session.secret(keys, CLIENT, EARLY):
                half.stage, half.skimming = EARLY, False
        secret = session.secret(keys, half.side, half.stage)
        if not secret and half.stage == HANDSHAKE:
            secret = session.secret(keys, half.side, APPLICATION)
            if secret:
                half.stage, half.skimming = APPLICATION, True
        if not secret:
            return self._lacking()
        half.secret, half.opener, half.modern = secret, opener13(session.suite, secret), True
        return True

    def _lacking(self) -> bool:
        """Notes that a secret is missing; without hope for it, both sides are given up."""
        self._lacks = True
        if not self._context.budget.patient:
            self._stop("no_key")
        return False

    # Handshake messages

    def _message(self, half: Half, kind: int, body: bytes) -> None:
        """Takes a handshake message; raises BadHandshake."""
        session = half.session
        if kind == CLIENT_HELLO and half.side == CLIENT:
            if len(self._hellos) == _MOST_HELLOS:
                raise BadHandshake("hello after hello without an answer")
            session = half.session = Session.of_client(body)
            self._hellos.append(session)
            self._context.host = session.host or self._context.host
        elif kind == SERVER_HELLO and half.side == SERVER:
            if not self._hellos:
                raise BadHandshake("a ServerHello without a ClientHello")
            session = half.session = self._hellos.pop(0)
            session.answer(body)
        elif session is None:
            return
        elif not half.modern:
            self._legacy_message(half, session, kind, body)
        elif kind == ENCRYPTED_EXTENSIONS:
            session.encrypted_extensions(body)
        elif kind in (CERTIFICATE, COMPRESSED_CERTIFICATE) and half.side == SERVER:
            session.show(kind, body, self._shared)
        elif kind == END_OF_EARLY_DATA and half.stage == EARLY:
            half.stage, half.opener, half.skimming = HANDSHAKE, None, True
        elif kind == FINISHED and half.stage == HANDSHAKE:
            half.stage, half.opener = APPLICATION, None
        elif kind == KEY_UPDATE and half.stage == APPLICATION:
            half.secret = next_secret(session.suite, half.secret)
            half.opener = opener13(session.suite, half.secret)
        if self._context.keys.premasters and not half.modern:
            session.note(half.side, kind, body)

    def _legacy_message(self, half: Half, session: Session, kind: int, body: bytes) -> None:
        """Takes a handshake message up to TLS 1.2, behind the hellos; raises BadHandshake."""
        session.full |= kind in (CERTIFICATE, SERVER_HELLO_DONE, CLIENT_KEY_EXCHANGE)
        if kind == CLIENT_KEY_EXCHANGE:
            session.encrypted_premaster = body[2 : 2 + _MOST_PREMASTER]
        elif kind == CERTIFICATE and half.side == SERVER:
            session.show(kind, body, self._shared)
        elif kind == NEW_SESSION_TICKET and half.side == SERVER:
            session.ticket(body, self._context.keys, self._shared)


def _inner(text: bytes) -> tuple[int, bytes]:
    """Returns type and content of what a record of TLS 1.3 held, without its padding (RFC 8446 section 5.4)."""
    if text and not text[-1]:
        text = text.rstrip(b"\0")
    return (text[-1], text[:-1]) if text else (0, b"")


def _sniff(side: int, data: bytes) -> bool | None:
    """Tells a TLS record of any type by its header, and a handshake by the hello in it."""
    if len(data) < 3:
        return None if data[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") else False
    if data[1] != 3 or data[2] > 4 or not 20 <= data[0] <= 23:
        return False
    if len(data) < HEADER + 1:
        return None
    if not 0 < int.from_bytes(data[3:5]) <= MOST_RECORD:
        return False
    return data[0] != HANDSHAKE_RECORD or side == SERVER or data[5] in (CLIENT_HELLO, CLIENT_KEY_EXCHANGE)


PROTOCOL = Protocol("tls", _sniff, Tls)
