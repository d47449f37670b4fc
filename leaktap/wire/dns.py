"""DNS over UDP: an exchange per question, answered by the message of the same id that asks the same (RFC 1035, 7.3).

An exchange's target is the name that is asked for, its version the type, its body the message as it was. The host is
the resolver. What was answered tells which host a later connection goes to: each address is noted as the name that the
phone asked for, through all aliases, and so are the address hints of HTTPS records (RFC 9460, section 7.3).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from leaktap.model import Exchange, Message
from leaktap.wire._api import Context, Finished, Made, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._dns_message import (
    AAAA,
    CNAME,
    HTTPS,
    SVCB,
    A,
    BadDns,
    DnsMessage,
    Record,
    kind,
    method,
    parse,
    status,
    target,
)
from leaktap.wire._units import BadUnit, Datagrams, Unit
from leaktap.wire.names import Names

_MOST_ASKED = 1024
_IPV4_HINT, _IPV6_HINT = 4, 6

type _Learn = Callable[[DnsMessage, Names, int, Context], None]


class Talk:
    """Pairs the questions of a connection with their answers."""

    def __init__(self, context: Context, protocol: str, learn: _Learn, host: str = "") -> None:
        """`learn` is told of each message and its side; `host` is the resolver where it is not the context's."""
        self._context, self._protocol, self._learn, self._host = context, protocol, learn, host
        self._asked: OrderedDict[tuple[int, str, int], Message] = OrderedDict()

    def take(self, side: int, unit: Unit, data: bytes) -> Iterator[Made]:
        """Takes a message, which came in `unit`; raises BadUnit."""
        try:
            message = parse(data)
        except BadDns as error:
            raise BadUnit(str(error)) from None
        self._learn(message, self._context.names, side, self._context)
        where, what = target(message.asked, self._protocol)
        asked = message.asked
        key = message.id, asked.name.lower() if asked else "", asked.kind if asked else 0
        if side == CLIENT:
            word = "ANNOUNCE" if message.response else method(message, self._protocol)
            said = Message((word, where, what), (), data, unit.time, unit.frames)
            if message.response:
                yield self._finished(said, None)
                return
            if key in self._asked:
                yield self._alone(key)
            self._asked[key] = said
            if len(self._asked) > _MOST_ASKED:
                yield self._alone(next(iter(self._asked)))
            return
        code = status(message) if message.response else ("", method(message, self._protocol))
        answer = Message((self._protocol, *code), (), data, unit.time, unit.frames)
        request = self._asked.pop(key, None) if message.response else None
        question = request or Message((method(message, self._protocol), where, what), time=unit.time)
        yield self._finished(question, answer)

    def close(self) -> Iterator[Made]:
        """Yields the questions that nobody answered."""
        while self._asked:
            yield self._alone(next(iter(self._asked)))

    def _alone(self, key: tuple[int, str, int]) -> Made:
        return self._finished(self._asked.pop(key), None)

    def _finished(self, request: Message, response: Message | None) -> Finished:
        exchange: Exchange = self._context.exchange(self._protocol, self._protocol, self._host, request, response)
        return Finished(exchange)


class DnsDatagrams(Datagrams):
    """A pair of UDP endpoints that speak DNS, or what is written like it."""

    protocol = "dns"

    def __init__(self, context: Context) -> None:
        """Begins with the first datagram."""
        super().__init__(context)
        self._talk = Talk(context, self.protocol, self.learn, context.server.ip)

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a message; raises BadUnit."""
        return self._talk.take(side, unit, unit.data)

    def close(self) -> Iterator[Made]:
        """Yields the questions that nobody answered."""
        return self._talk.close()

    def learn(self, message: DnsMessage, names: Names, side: int, context: Context) -> None:
        """Notes what a message tells of names."""
        if side != CLIENT:
            learn(message, names)


def learn(message: DnsMessage, names: Names, shared: bool = True) -> None:
    """Notes the addresses that a response gives for the name that was asked for, and the aliases between them.

    A name's data that make no sense are passed over: the message as a whole is scanned all the same. It is `shared`
    where every process reads it.
    """
    if not message.response or message.flags & 15 or not message.questions:
        return
    asked = message.questions[0].name.lower()
    answers = message.records[: message.answers]
    aliases: dict[str, str] = {}
    for record in answers:
        name = _points_to(message, record)
        if name:
            names.learn_alias(record.name, name, shared)
            aliases[record.name.lower()] = name
    behind, name = {asked}, aliases.get(asked, "")
    while name and name not in behind:
        behind.add(name)
        name = aliases.get(name, "")
    for record in answers:
        host = asked if record.name.lower() in behind else record.name
        for address in addresses(message, record):
            names.learn_host(address, host, shared)


def _points_to(message: DnsMessage, record: Record) -> str:
    """Returns the name that a CNAME, or an SVCB or HTTPS record, says to go on with, in lower case; or nothing."""
    try:
        if record.kind == CNAME:
            return message.host(record).lower()
        if record.kind in (SVCB, HTTPS) and record.end - record.at > 2:
            return message.host(record, 2).lower()
    except BadDns:
        pass
    return ""


def addresses(message: DnsMessage, record: Record) -> Iterator[str]:
    """Yields the addresses of machines that a record gives."""
    data = message.content(record)
    found: list[bytes] = []
    if (record.kind == A and len(data) == 4) or (record.kind == AAAA and len(data) == 16):
        found = [data]
    elif record.kind in (SVCB, HTTPS) and data[:2] > b"\0\0":
        try:
            at = message.names.read(record.at + 2)[1] - record.at
        except BadDns:
            return
        while at + 4 <= len(data):
            key, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
            width = {_IPV4_HINT: 4, _IPV6_HINT: 16}.get(key, 0)
            if width and size <= len(data) - at - 4:
                found += [data[place : place + width] for place in range(at + 4, at + 5 + size - width, width)]
            at += 4 + size
    for packed in found:
        address = ip_address(packed)
        if not (address.is_unspecified or address.is_loopback):
            yield str(address)


def _sniff(side: int, data: bytes) -> bool | None:
    return kind(side, data) == "dns"


PROTOCOL = Protocol("dns", _sniff, DnsDatagrams, transport="udp", common=True)
