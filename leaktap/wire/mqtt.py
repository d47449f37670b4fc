"""MQTT 3.1, 3.1.1 and 5 over TCP, TLS or WebSocket: exchanges for what is connected with, subscribed to and published.

Each packet that says something is an exchange of its own, in the direction in which it went: CONNECT with client id,
user name, password and will as header fields, and the will's payload as body; PUBLISH with the topic as target and the
payload as body; SUBSCRIBE with the first filter as target and all of them as body. Properties of version 5 are header
fields, user properties under their own names. Source: OASIS MQTT 3.1.1 and 5.0, sections 2 and 3.
"""

from collections.abc import Iterator
from urllib.parse import quote

from leaktap.model import Headers, Message
from leaktap.wire._api import Context, Finished, Made, Protocol
from leaktap.wire._bytes import CLIENT
from leaktap.wire._units import BadUnit, Unit, Units

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _UNSUBSCRIBE, _DISCONNECT, _AUTH = 1, 2, 3, 8, 10, 14, 15
_METHODS = {
    _CONNECT: "CONNECT",
    _CONNACK: "CONNECT",
    _PUBLISH: "PUBLISH",
    _SUBSCRIBE: "SUBSCRIBE",
    _UNSUBSCRIBE: "UNSUBSCRIBE",
    _DISCONNECT: "DISCONNECT",
    _AUTH: "AUTH",
}
_VERSIONS = {3: "MQTT/3.1", 4: "MQTT/3.1.1", 5: "MQTT/5"}
_NAMES = (b"MQTT", b"MQIsdp")
_BRIDGE = 0x7F
_MOST_ALIASES = 1 << 20
_USER_NAME, _PASSWORD, _WILL = 0x80, 0x40, 0x04

_BYTE, _SHORT, _LONG, _NUMBER, _BINARY, _TEXT, _PAIR = range(7)
_PROPERTIES = {
    0x01: ("payload-format", _BYTE),
    0x02: ("message-expiry", _LONG),
    0x03: ("content-type", _TEXT),
    0x08: ("response-topic", _TEXT),
    0x09: ("correlation-data", _BINARY),
    0x0B: ("subscription-identifier", _NUMBER),
    0x11: ("session-expiry", _LONG),
    0x12: ("assigned-client-id", _TEXT),
    0x13: ("server-keep-alive", _SHORT),
    0x15: ("authentication-method", _TEXT),
    0x16: ("authentication-data", _BINARY),
    0x17: ("request-problem-information", _BYTE),
    0x18: ("will-delay", _LONG),
    0x19: ("request-response-information", _BYTE),
    0x1A: ("response-information", _TEXT),
    0x1C: ("server-reference", _TEXT),
    0x1F: ("reason", _TEXT),
    0x21: ("receive-maximum", _SHORT),
    0x22: ("topic-alias-maximum", _SHORT),
    0x23: ("topic-alias", _SHORT),
    0x24: ("maximum-qos", _BYTE),
    0x25: ("retain-available", _BYTE),
    0x26: ("user-property", _PAIR),
    0x27: ("maximum-packet-size", _LONG),
    0x28: ("wildcard-subscription", _BYTE),
    0x29: ("subscription-identifiers", _BYTE),
    0x2A: ("shared-subscription", _BYTE),
}
"""Of each property its name here and its type (MQTT 5.0, section 2.2.2.2)."""

_ALIAS = b"topic-alias"
_WIDTHS = {_BYTE: 1, _SHORT: 2, _LONG: 4}


class _Fields:
    """Reads the fields of a packet one after the other; raises BadUnit at its end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """Returns the next bytes."""
        if self.at + count > len(self.data):
            raise BadUnit("a field beyond the end of its packet")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, width: int) -> int:
        """Returns the next integer of `width` bytes."""
        return int.from_bytes(self.take(width))

    def string(self) -> bytes:
        """Returns the next string, or binary data."""
        return self.take(self.number(2))

    def variable(self) -> int:
        """Returns the next integer of variable length."""
        length = _variable(self.data, self.at)
        if not length:
            raise BadUnit("a length beyond the end of its packet")
        value, self.at = length
        return value

    def properties(self) -> list[tuple[bytes, bytes]]:
        """Returns the properties, which may be missing at the end of a packet."""
        if self.at == len(self.data):
            return []
        inner, found = _Fields(self.take(self.variable())), []
        while inner.at < len(inner.data):
            name, kind = _PROPERTIES.get(inner.variable(), ("", _BYTE))
            if not name:
                raise BadUnit("an unknown property")
            key = name.encode()
            if kind == _PAIR:
                key, value = inner.string(), inner.string()
            elif kind in (_TEXT, _BINARY):
                value = inner.string()
            else:
                value = str(inner.variable() if kind == _NUMBER else inner.number(_WIDTHS[kind])).encode()
            found.append((key, value))
        return found

    def rest(self) -> bytes:
        """Returns all that is left."""
        return self.take(len(self.data) - self.at)


class Mqtt(Units):
    """A connection to a broker."""

    protocol = "mqtt"

    def __init__(self, context: Context) -> None:
        """Begins before CONNECT."""
        super().__init__(context)
        self._version = 4
        self._aliases: tuple[dict[bytes, bytes], dict[bytes, bytes]] = ({}, {})
        self._room = _MOST_ALIASES

    def size(self, side: int, data: bytes | bytearray, at: int) -> int:
        """Returns how long a packet is, with its fixed header; raises BadUnit."""
        if not data[at] >> 4:
            raise BadUnit("a packet of type 0")
        length = _variable(data, at + 1)
        return length[0] + length[1] - at if length else 0

    def take(self, side: int, unit: Unit) -> Iterator[Made]:
        """Takes a packet; raises BadUnit."""
        kind, flags = unit.data[0] >> 4, unit.data[0] & 15
        if kind not in _METHODS:
            return
        fields = _Fields(unit.data)
        fields.at = 1
        fields.variable()
        code = ""
        topic, body = b"", b""
        headers: list[tuple[bytes, bytes]] = []
        if kind == _CONNECT:
            headers, body = self._connect(fields)
        elif kind == _PUBLISH:
            topic, headers, body = self._publish(fields, side, flags)
        elif kind in (_SUBSCRIBE, _UNSUBSCRIBE):
            filters, headers = self._filters(fields, kind)
            topic, body = next(iter(filters), b""), b"\n".join(filters)
        elif fields.at < len(unit.data):
            fields.at += kind == _CONNACK
            code = str(fields.number(1))
            headers = fields.properties() if self._version == 5 else []
            if kind != _CONNACK and not headers:
                return
        yield self._exchange(side, unit, kind, (topic, code), tuple(headers), body)

    def _exchange(
        self, side: int, unit: Unit, kind: int, about: tuple[bytes, str], headers: Headers, body: bytes
    ) -> Finished:
        topic, code = about
        version = _VERSIONS.get(self._version, "MQTT")
        target = "/" + quote(topic, safe="/:@!$&'()*+,;=~ ") if topic else "/"
        start = (_METHODS[kind], target, version)
        if side == CLIENT:
            request, response = Message(start, headers, body, unit.time, unit.frames), None
        else:
            request = Message(start, time=unit.time)
            response = Message((version, code, ""), headers, body, unit.time, unit.frames)
        scheme = "mqtts" if self._context.decrypted else "mqtt"
        return Finished(self._context.exchange("mqtt", scheme, "", request, response))

    def _connect(self, fields: _Fields) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Reads CONNECT (section 3.1): the header fields and the will's payload."""
        if fields.string() not in _NAMES:
            raise BadUnit("a CONNECT of another protocol")
        self._version = fields.number(1) & _BRIDGE
        flags = fields.number(1)
        fields.take(2)
        headers = fields.properties() if self._version == 5 else []
        headers.insert(0, (b"client-id", fields.string()))
        payload = b""
        if flags & _WILL:
            headers += fields.properties() if self._version == 5 else []
            headers.append((b"will-topic", fields.string()))
            payload = fields.string()
        if flags & _USER_NAME:
            headers.append((b"user-name", fields.string()))
        if flags & _PASSWORD:
            headers.append((b"password", fields.string()))
        return headers, payload

    def _publish(self, fields: _Fields, side: int, flags: int) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
        """Reads PUBLISH (section 3.3): the topic, also by its alias, the header fields and the payload."""
        topic = fields.string()
        if flags & 0x06:
            fields.take(2)
        headers = fields.properties() if self._version == 5 else []
        alias, aliases = dict(headers).get(_ALIAS), self._aliases[side]
        if alias is not None:
            headers.remove((_ALIAS, alias))
            if not topic:
                topic = aliases.get(alias, b"")
            elif self._room >= len(topic):
                self._room -= len(topic) - len(aliases.get(alias, b""))
                aliases[alias] = topic
        return topic, headers, fields.rest()

    def _filters(self, fields: _Fields, kind: int) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
        """Reads the topic filters of SUBSCRIBE or UNSUBSCRIBE (sections 3.8 and 3.10)."""
        fields.take(2)
        headers = fields.properties() if self._version == 5 else []
        filters = []
        while fields.at < len(fields.data):
            filters.append(fields.string())
            fields.at += kind == _SUBSCRIBE
        return filters, headers


def _variable(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Returns an integer of variable length and where it ends, None if it does not yet; raises BadUnit."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        value |= (data[at + index] & 0x7F) << 7 * index
        if not data[at + index] & 0x80:
            return value, at + index + 1
    raise BadUnit("a length of more than four bytes")


def _sniff(side: int, data: bytes) -> bool | None:
    """Tells by CONNECT, which comes first: fixed header, protocol name and level."""
    if side != CLIENT or data[:1] not in (b"", b"\x10"):
        return False
    try:
        length = _variable(data, 1)
    except BadUnit:
        return False
    begun = data[length[1] :] if length else b""
    for name in _NAMES:
        prefixed = len(name).to_bytes(2) + name
        if begun.startswith(prefixed) and len(begun) > len(prefixed):
            return begun[len(prefixed)] & _BRIDGE in _VERSIONS
        if prefixed.startswith(begun):
            return None
    return False


PROTOCOL = Protocol("mqtt", _sniff, Mqtt, names=("mqtt", "mqttv3.1", "x-amzn-mqtt-ca"))
