"""SOCKS: a client tells a proxy where to connect, and then speaks with the server there.

The handshake is a generator that asks for so many bytes of a side; what follows it is handed up, with the server that
the client asked for. Names and passwords are passed over and kept nowhere. SOCKS 5 (RFC 1928, RFC 1929), SOCKS 4 and 4a
(https://www.openssh.com/txt/socks4.protocol, https://www.openssh.com/txt/socks4a.protocol). Not read: what is behind
other ways to authenticate, and the datagrams of UDP ASSOCIATE, which go another way.
"""

import re
from collections.abc import Generator, Iterable
from dataclasses import replace
from ipaddress import ip_address

from leaktap.model import Endpoint, Fault
from leaktap.wire._api import Above, Context, Made, Plain, Protocol
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._intake import Intake

_BIND, _ASSOCIATE = 2, 3
_OPEN, _PASSWORD = 0, 2
_IPV4, _NAME, _IPV6 = 1, 3, 4
_ASSIGNED, _PRIVATE = range(10), range(0x80, 0xFF)
"""Numbers of ways to authenticate (IANA's registry of SOCKS methods)."""

_TEXT = rb"[ -~\x80-\xff]{0,255}"
_FOUR = re.compile(
    rb"\x04[\x01\x02](?!\0\0)..(?:(?!\0\0\0).{4}%b\0|\0\0\0[^\0]%b\0[!-~]{1,255}\0)" % (_TEXT, _TEXT), re.DOTALL
)
_FOUR_BEGUN = re.compile(rb"\x04[\x01\x02](?!\0\0)(?:.{0,6}|.{6}%b(?:\0[!-~]{0,255})?)" % _TEXT, re.DOTALL)
_GRANTED = 90
_MOST_TEXT = 256
_MOST_WAITING = 16 << 20

type _Reader[T] = Generator[tuple[int, int], bytes, T]
"""Yields the side and how many bytes of it are needed, and is sent these."""


class _Over(Exception):
    """Nothing can be read of what follows: `why` is the reason of a `Blind`, `str()` says more where it is a fault."""

    def __init__(self, why: str, fault: str = "") -> None:
        """Keeps the reason."""
        super().__init__(fault)
        self.why = why


def sniff(side: int, data: bytes) -> bool | None:
    """Tells the client's first turn: the ways to authenticate that it knows, or a request of version 4."""
    if side != CLIENT or data[:1] not in (b"", b"\4", b"\5"):
        return False
    if len(data) < 2:
        return None
    if data[0] == 4:
        return True if _FOUR.match(data) else None if _FOUR_BEGUN.fullmatch(data) else False
    count = data[1]
    methods, rest = data[2 : 2 + count], data[2 + count :]
    known = all(method in _ASSIGNED or method in _PRIVATE for method in methods)
    if not count or not known or len(set(methods)) < len(methods) or rest[:1] not in (b"", b"\1", b"\5"):
        return False
    return None if len(methods) < count else True


class Socks:
    """One connection to a proxy."""

    waiting = 0

    def __init__(self, context: Context) -> None:
        """Begins before the first turn."""
        self._context = self._above = context
        self._intakes = (Intake(), Intake())
        self._handshake = self._read()
        self._side, self._need = next(self._handshake)
        self._asked = self._gone = self._one_sided = False
        self._why = ""

    def feed(self, side: int, segment: Segment) -> Iterable[Made]:
        """Takes bytes of a side; hands them up once the proxy has agreed."""
        if self._gone:
            return (Plain(side, segment),)
        self._intakes[side].push(segment)
        return self._go_on()

    def close(self) -> Iterable[Made]:
        """Returns what is pending; where nothing of the proxy was captured, it is taken to have agreed."""
        if self._gone:
            return ()
        self._one_sided = not self._why and not self._intakes[SERVER] and not self._intakes[SERVER].gap
        made = self._go_on()
        if not self._gone:
            self._why = self._why or "truncated"
            made += self._drop()
        return made

    def _go_on(self) -> list[Made]:
        """Reads turns as long as there are bytes for them."""
        made: list[Made] = []
        try:
            while not self._why:
                taken = self._take()
                if taken is None:
                    return made
                self._side, self._need = self._handshake.send(taken)
        except StopIteration:
            return self._leave()
        except _Over as over:
            self._why = over.why
            if str(over):
                made.append(Fault("wire", self._context.where, str(over)))
        return made + self._drop()

    def _take(self) -> bytes | None:
        """Returns the bytes that are needed, or None as long as they are not there."""
        intake = self._intakes[self._side]
        if len(intake) >= self._need:
            taken = bytes(intake.data[: self._need])
            intake.drop(self._need)
            return taken
        if intake.gap or len(self._intakes[CLIENT]) > _MOST_WAITING:
            if not self._asked:
                raise _Over("truncated")
            intake.drop(len(intake))
            self._handshake.close()
            return b""
        return bytes(self._need) if self._one_sided and self._side == SERVER else None

    def _drop(self) -> list[Made]:
        """Counts what is there as not read."""
        made: list[Made] = []
        for intake in self._intakes:
            count, frames = intake.clear()
            if count:
                made.append(self._context.blind(self._why, PROTOCOL.name, count, frames))
        return made

    def _leave(self) -> list[Made]:
        """Hands up what follows the handshake."""
        self._gone = True
        made: list[Made] = [Above(self._above)]
        for side, intake in enumerate(self._intakes):
            if len(intake):
                made.append(Plain(side, intake.segment(0, len(intake))))
            made += [Plain(side, segment) for segment in intake.later]
            intake.clear()
        return made

    # The handshake

    def _read(self) -> _Reader[None]:
        (version,) = yield CLIENT, 1
        yield from self._four() if version == 4 else self._five()

    def _four(self) -> _Reader[None]:
        """A request and its reply, which says 90 if it is granted."""
        head = yield CLIENT, 7
        command, port, address = head[0], int.from_bytes(head[1:3]), head[3:]
        yield from _text()
        named = address[:3] == b"\0\0\0" and address[3]
        self._ask(port, _host((yield from _text())) if named else address)
        for _ in range(command):  # a BIND is answered once more when somebody connects
            reply = yield SERVER, 8
            if reply[1] not in (0, _GRANTED):
                raise _Over("unknown_protocol")

    def _five(self) -> _Reader[None]:
        (count,) = yield CLIENT, 1
        yield CLIENT, count
        _, method = yield SERVER, 2
        if method not in (_OPEN, _PASSWORD):
            raise _Over("unknown_protocol")
        (version,) = yield CLIENT, 1
        if version == 1:
            for _ in ("name", "password"):
                (size,) = yield CLIENT, 1
                yield CLIENT, size
            _, status = yield SERVER, 2
            if status:
                raise _Over("unknown_protocol")
            (version,) = yield CLIENT, 1
        if version != 5:
            raise _Over("unreadable", f"a request of SOCKS version {version} among version 5")
        command, _, kind = yield CLIENT, 3
        address = yield from _address(CLIENT, kind)
        self._ask(int.from_bytes((yield CLIENT, 2)), address)
        for _ in range(2 if command == _BIND else 1):
            _, refused, _, kind = yield SERVER, 4
            if refused:
                raise _Over("unknown_protocol")
            yield from _address(SERVER, kind)
            yield SERVER, 2
        if command == _ASSOCIATE:
            raise _Over("unknown_protocol")

    def _ask(self, port: int, to: str | bytes) -> None:
        """Notes where the client wants to go: to an address or a name."""
        self._asked = True
        context = self._context
        host, address = (to, "") if isinstance(to, str) else ("", str(ip_address(to)))
        self._above = replace(context, host=host, name="", server=Endpoint(address, port), upgrade=None, greeting=None)


def _address(side: int, kind: int) -> _Reader[str | bytes]:
    """Reads an address (4 or 16 bytes) or a name; what was never captured has no kind."""
    if kind == _NAME:
        (size,) = yield side, 1
        return _host((yield side, size))
    if kind not in (0, _IPV4, _IPV6):
        raise _Over("unreadable", f"an address of kind {kind}")
    return (yield side, {0: 0, _IPV4: 4, _IPV6: 16}[kind])


def _text() -> _Reader[bytes]:
    """Reads what the client ends with a zero."""
    text = b""
    while len(text) < _MOST_TEXT:
        byte = yield CLIENT, 1
        if byte == b"\0":
            return text
        text += byte
    raise _Over("unreadable", "a name without an end")


def _host(name: bytes) -> str | bytes:
    """Returns a name, or the address that is written as one."""
    text = name.decode("utf-8", "replace").lower().rstrip(".")
    try:
        return ip_address(text).packed
    except ValueError:
        return text


PROTOCOL = Protocol("socks", sniff, Socks)
