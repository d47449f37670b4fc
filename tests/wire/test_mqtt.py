import shutil
import ssl
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from leaktap.model import Fault
from leaktap.wire import mqtt
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.mqtt import PROTOCOL, Mqtt
from tests.wire._dns import read, stream, write
from tests.wire._packets import tshark
from tests.wire._traffic import HOST, Talk, blinds, context, exchanges, finished, run, segment

V31, V311, V5 = paho.MQTTv31, paho.MQTTv311, paho.MQTTv5
CONNACK = {V31: b"\x20\x02\0\0", V311: b"\x20\x02\0\0", V5: b"\x20\x03\0\0\0"}


class Sent:
    """What paho's client writes, without a connection."""

    def __init__(self, version=V311, name="phone-1"):
        self.version = version
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, protocol=version)
        self.client._sock = SimpleNamespace(close=lambda: None)
        self.client._packet_queue = lambda command, packet, *rest, **more: self.data.append(bytes(packet)) or 0
        self.data = []

    def connect(self, user=None, password=None, will=None, **properties):
        self.client.username_pw_set(user, password)
        if will:
            self.client.will_set(*will)
        self.client._connect_properties = self._properties(PacketTypes.CONNECT, properties)
        self.client._send_connect(60)
        return self

    def publish(self, topic, payload, qos=0, **properties):
        more = self._properties(PacketTypes.PUBLISH, properties)
        self.client._send_publish(1, topic.encode(), payload, qos, properties=more)
        return self

    def subscribe(self, *topics):
        if self.version == V5:
            topics_ = [(topic.encode(), paho.SubscribeOptions(0)) for topic in topics]
        else:
            topics_ = [(topic.encode(), 0) for topic in topics]
        self.client._send_subscribe(False, topics_)
        return self

    def _properties(self, kind, said):
        if not said or self.version != V5:
            return None
        made = Properties(kind)
        for name, value in said.items():
            setattr(made, name, value)
        return made

    @property
    def bytes(self):
        return b"".join(self.data)


def shown(seen):
    return [(one.request.start, one.request.body) for one in exchanges(seen) if one.response is None]


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
@pytest.mark.parametrize(("version", "name"), [(V31, "MQTT/3.1"), (V311, "MQTT/3.1.1"), (V5, "MQTT/5")])
def test_what_a_client_says(version, name, size):
    sent = Sent(version).connect("zhang", "secret", ("last/will", b"gone"))
    sent.publish("up/867530912345678", b'{"imei": 1}').publish("up/2", b"\0\1", qos=1).subscribe("down/1", "down/+")
    seen = run([(CLIENT, sent.bytes), (SERVER, CONNACK[version])], size=size, port=1883)
    assert shown(seen) == [
        (("CONNECT", "/", name), b"gone"),
        (("PUBLISH", "/up/867530912345678", name), b'{"imei": 1}'),
        (("PUBLISH", "/up/2", name), b"\0\1"),
        (("SUBSCRIBE", "/down/1", name), b"down/1\ndown/+"),
    ]
    assert not blinds(seen)
    connect = exchanges(seen)[0]
    assert (connect.origin.protocol, connect.scheme, connect.host) == ("mqtt", "mqtt", "203.0.113.7")
    assert connect.request.headers == (
        (b"client-id", b"phone-1"),
        (b"will-topic", b"last/will"),
        (b"user-name", b"zhang"),
        (b"password", b"secret"),
    )
    (accepted,) = [one for one in exchanges(seen) if one.response]
    assert accepted.response.start == (name, "0", "")


def test_properties_are_header_fields():
    sent = Sent(V5).connect(UserProperty=("imei", "867530912345678"), SessionExpiryInterval=7)
    sent.publish("t", b"{}", ContentType="application/json", CorrelationData=b"\1\2", ResponseTopic="r")
    connect, publish = exchanges(run([(CLIENT, sent.bytes)], port=1883))
    assert connect.request.headers == (
        (b"client-id", b"phone-1"),
        (b"session-expiry", b"7"),
        (b"imei", b"867530912345678"),
    )
    assert set(publish.request.headers) == {
        (b"content-type", b"application/json"),
        (b"correlation-data", b"\1\2"),
        (b"response-topic", b"r"),
    }


def test_a_topic_goes_by_its_alias():
    sent = Sent(V5).connect().publish("long/topic", b"1", TopicAlias=3).publish("", b"2", TopicAlias=3)
    sent.publish("", b"3", TopicAlias=4)
    starts = [start[1] for start, _ in shown(run([(CLIENT, sent.bytes)], port=1883))]
    assert starts == ["/", "/long/topic", "/long/topic", "/"]


def test_aliases_are_bounded(monkeypatch):
    monkeypatch.setattr(mqtt, "_MOST_ALIASES", 10)
    sent = Sent(V5).connect().publish("12345678", b"1", TopicAlias=1).publish("12345678", b"1", TopicAlias=2)
    sent.publish("", b"2", TopicAlias=1).publish("", b"3", TopicAlias=2)
    starts = [start[1] for start, _ in shown(run([(CLIENT, sent.bytes)], port=1883))]
    assert starts[-2:] == ["/12345678", "/"]


def test_what_the_broker_publishes_is_a_response():
    down = Sent().publish("down/1", b"wake up").bytes
    seen = run([(CLIENT, Sent().connect().bytes), (SERVER, CONNACK[V311] + down)], port=1883)
    last = exchanges(seen)[-1]
    assert (last.request.start, last.request.body) == (("PUBLISH", "/down/1", "MQTT/3.1.1"), b"")
    assert last.response.body == b"wake up"


def test_within_tls():
    talk = Talk(ssl.TLSVersion.TLSv1_3).say(CLIENT, Sent().connect().publish("t", b"x").bytes)
    found = exchanges(run(talk.turns, talk.keys(), port=8883))
    assert [(one.scheme, one.host, one.origin.decrypted) for one in found] == [("mqtts", HOST, True)] * 2


def test_within_websocket():
    ask = b"GET /mqtt HTTP/1.1\r\nHost: push.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    ask += b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    told = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    data = Sent().connect().publish("t", b"imei").bytes
    frames = b"".join(bytes((0x82, 0x80 | len(part))) + bytes(4) + part for part in (data[:20], data[20:]))
    seen = run([(CLIENT, ask), (SERVER, told), (CLIENT, frames), (SERVER, b"\x82\x04" + CONNACK[V311])], port=80)
    assert [(one.origin.protocol, one.host, one.request.start[:2]) for one in exchanges(seen)] == [
        ("http/1.1", "push.example", ("GET", "/mqtt")),
        ("mqtt", "push.example", ("CONNECT", "/")),
        ("mqtt", "push.example", ("PUBLISH", "/t")),
        ("mqtt", "push.example", ("CONNECT", "/")),
    ]


# What is broken

CONNECT = Sent().connect().bytes


def test_a_gap_within_a_payload_costs_that_packet():
    first, second = Sent().publish("a", bytes(100)).bytes, Sent().publish("b", b"next").bytes
    layer = Mqtt(context(port=1883))
    made = [*layer.feed(CLIENT, segment(CONNECT + first[:50]))]
    made += [*layer.feed(CLIENT, segment(first[60:] + second, 2, lost=10)), *layer.close()]
    assert [one.request.start[1] for one in finished(made)] == ["/", "/b"]
    assert sum(one.bytes for one in blinds(made)) == len(first)


BROKEN = {
    "type 0": (b"\0\0", 2),
    "a long length": (b"\x30\xff\xff\xff\xff\x01", 6),
}


@pytest.mark.parametrize(("data", "count"), BROKEN.values(), ids=BROKEN)
def test_what_makes_no_sense_ends_the_side(data, count):
    layer = Mqtt(context(port=1883))
    made = [*layer.feed(CLIENT, segment(CONNECT + data)), *layer.feed(CLIENT, segment(CONNECT, 2))]
    assert len(finished(made)) == 1 and len([one for one in made if isinstance(one, Fault)]) == 1
    assert sum(one.bytes for one in blinds(made)) == count + len(CONNECT)


@pytest.mark.parametrize("data", [b"\x30\x02\0\x09", b"\x82\x05\0\1\0\x09a", b"\x10\x02\0\4", b"\x30\x00"])
def test_a_packet_that_is_too_short_is_blind_and_the_next_is_read(data):
    layer = Mqtt(context(port=1883))
    made = [*layer.feed(CLIENT, segment(CONNECT + data + Sent().publish("b", b"next").bytes))]
    assert [one.request.start[1] for one in finished(made)] == ["/", "/b"]
    assert [(one.why, one.bytes) for one in blinds(made)] == [("unreadable", len(data))]


SNIFF = [
    (CLIENT, CONNECT, True),
    (CLIENT, Sent(V5).connect().bytes, True),
    (CLIENT, Sent(V31).connect().bytes, True),
    (CLIENT, CONNECT[:8], None),
    (CLIENT, CONNECT[:2], None),
    (CLIENT, b"\x10", None),
    (SERVER, CONNECT, False),
    (CLIENT, CONNECT.replace(b"MQTT", b"AMQP"), False),
    (CLIENT, CONNECT.replace(b"MQTT\4", b"MQTT\x09"), False),
    (CLIENT, b"\x10\xff\xff\xff\xff", False),
    (CLIENT, b"\x20\x02\0\0", False),
    (CLIENT, b"\x16\x03\x01", False),
]


@pytest.mark.parametrize(("side", "data", "expected"), SNIFF)
def test_sniff(side, data, expected):
    assert PROTOCOL.sniff(side, data) is expected


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.binary(max_size=30) | st.sampled_from([CONNECT, CONNACK[V5]]), st.integers(0, 9)
        ),
        max_size=10,
    ),
    st.sampled_from([V311, V5]),
)
def test_nothing_raises(pieces, version):
    layer = Mqtt(context(port=1883))
    list(layer.feed(CLIENT, segment(Sent(version).connect().bytes)))
    for frame, (side, data, lost) in enumerate(pieces):
        list(layer.feed(side, segment(data, frame, lost if data else 0)))
    list(layer.close())


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.parametrize("version", [V31, V311, V5])
def test_as_tshark_reads_it(tmp_path, version):
    sent = Sent(version).connect("zhang", "secret").publish("up/1", b"one").publish("up/二", b"two", qos=1)
    path = write(tmp_path / "a.pcap", stream([(0, sent.bytes), (1, CONNACK[version])], 1883))
    found = [one for one in exchanges(read(path)[0]) if one.request.start[0] == "PUBLISH"]
    topics, payloads = [], []
    for row in tshark(path, "mqtt.topic", "mqtt.msg", "mqtt.clientid", options=("-Y", "mqtt")):
        topics += [each for each in row[0].split(",") if each]
        payloads += [bytes.fromhex(each) for each in row[1].split(",") if each]
    assert [one.request.start[1] for one in found] == ["/up/1", "/up/%E4%BA%8C"] and topics == ["up/1", "up/二"]
    assert [one.request.body for one in found] == payloads == [b"one", b"two"]
