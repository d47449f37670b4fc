"""Findings reach real receivers at least once and in order: down, killed, slow, refusing, and coming back."""

import json
import signal
import threading
import time

import pytest

from leaktap.sinks import Options, open_sink
from tests._waiting import PATIENCE
from tests.sinks.receivers import Hook, Mosquitto, Nats, Rsyslog, until
from tests.sinks.samples import finding, summary


def names(numbers):
    return [f"f{number:04}" for number in numbers]


def firsts(ids):
    """Ids of findings in the order of their first arrival: a repetition is allowed, a gap or a swap is not."""
    return list(dict.fromkeys(one for one in ids if one and one.startswith("f")))


class Told(list):
    """Faults, as a session is told of them."""

    def __call__(self, fault):
        self.append(fault)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def spool(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def syslog(how, scheme):
    def made(folder):
        server = Rsyslog(folder, how)
        return server, f"{scheme}://127.0.0.1:{server.port_}#" + (f"ca={server.ca}" if how == "tls" else "")

    return made


def hook(folder):
    server = Hook(folder)
    return server, f"https://127.0.0.1:{server.port}/hook#ca={server.ca}"


class Queue(list):
    def ids(self):
        return list(self)


def mqtt(folder):
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    server = Mosquitto(folder)
    got = Queue()
    client = Client(CallbackAPIVersion.VERSION2, client_id="reader", clean_session=False)
    client.reconnect_delay_set(0.1, 0.2)
    client.on_connect = lambda client, *_: client.subscribe("phones/lab", qos=1)
    client.on_message = lambda _client, _data, message: got.append(json.loads(message.payload).get("id"))
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", server.port)
    client.loop_start()
    assert subscribed.wait(PATIENCE)
    server.ids, server.reader = got.ids, client
    return server, f"mqtt://127.0.0.1:{server.port}/phones/lab#"


def nats(folder):
    import asyncio

    from nats.aio.client import Client

    server = Nats(folder, "-js", "-sd", str(folder / "js"))

    async def prepare():
        client = Client()
        await client.connect(f"nats://127.0.0.1:{server.port}")
        await client.jetstream().add_stream(name="LEAKS", subjects=["phones.>"])
        await client.close()

    async def fetch():
        client = Client()
        await client.connect(f"nats://127.0.0.1:{server.port}")
        stream = client.jetstream()
        count = (await stream.stream_info("LEAKS")).state.messages
        found = [await stream.get_msg("LEAKS", seq) for seq in range(1, count + 1)]
        await client.close()
        return [json.loads(one.data).get("id") for one in found]

    asyncio.run(prepare())
    server.ids = lambda: asyncio.run(fetch())
    return server, f"nats://127.0.0.1:{server.port}/phones/lab#"


RECEIVERS = {
    "syslog+tcp": (syslog("tcp", "syslog+tcp"), signal.SIGKILL),
    "syslog+tls": (syslog("tls", "syslog+tls"), signal.SIGKILL),
    "https": (hook, signal.SIGKILL),
    "mqtt": (mqtt, signal.SIGTERM),  # the broker itself forgets what it has acknowledged when it is killed
    "nats": (nats, signal.SIGKILL),
}


@pytest.fixture(params=RECEIVERS, scope="module")
def receiver(request, tmp_path_factory):
    made, how = RECEIVERS[request.param]
    server, target = made(tmp_path_factory.mktemp("receiver"))
    yield server, target, how
    server.stop(signal.SIGKILL)


def test_all_arrive_in_order_though_the_receiver_is_killed_and_comes_back(receiver, spool, told):
    server, target, how = receiver
    sink = open_sink(f"{target}&spool={spool}", Options(tell=told, drain=PATIENCE), "text")
    for number in range(300):
        if number == 100:
            server.stop(how)
        if number == 200:
            assert until(lambda: told), "nobody was told that it is away"
            server.start()
        sink.write(finding(number))
    sink.write(summary())
    sink.close()
    until(lambda: len(firsts(server.ids())) == 300)
    assert firsts(server.ids()) == names(range(300))
    assert [fault.stage for fault in told] == ["sink"] * len(told)
    assert all("wait" in fault.why for fault in told)


def test_what_is_left_is_sent_by_the_next_run(receiver, spool, told):
    server, target, _ = receiver
    server.stop(signal.SIGTERM)
    try:
        for begin in (1000, 1010):
            sink = open_sink(f"{target}&spool={spool}", Options(tell=told, drain=0.3), "text")
            for number in range(begin, begin + 10):
                sink.write(finding(number))
            sink.close()
        assert "20 records wait" in told[-1].why
    finally:
        server.start()
    sink = open_sink(f"{target}&spool={spool}", Options(tell=told, drain=PATIENCE), "text")
    sink.write(finding(1020))
    sink.close()
    until(lambda: "f1020" in server.ids())
    assert firsts(server.ids())[-21:] == names(range(1000, 1021))


def test_a_datagram_server_gets_them_too(tmp_path, spool, told):
    server = Rsyslog(tmp_path, "udp")
    try:
        sink = open_sink(f"syslog://127.0.0.1:{server.port_}#spool={spool}", Options(tell=told, drain=PATIENCE), "text")
        for number in range(100):
            sink.write(finding(number))
        sink.close()
        assert until(lambda: firsts(server.ids()) == names(range(100)))
    finally:
        server.stop(signal.SIGKILL)


def test_a_server_that_answers_500_and_is_slow_gets_all_of_it(tmp_path, spool, told):
    server, target = hook(tmp_path)
    try:
        server.mode("500")
        sink = open_sink(f"{target}&spool={spool}", Options(tell=told, drain=PATIENCE), "text")
        for number in range(20):
            sink.write(finding(number))
        assert until(lambda: told)
        server.mode("slow")
        sink.close()
        assert server.ids() == names(range(20))
        assert told[0].why == "answered 500; records wait in the spool and are sent when it is back"
        assert len(told) == 1
    finally:
        server.stop(signal.SIGKILL)


def test_a_slow_one_delays_neither_the_others_nor_the_run(tmp_path, spool, told):
    server, target = hook(tmp_path)
    other = Rsyslog(tmp_path, "tcp")
    try:
        server.mode("hang")
        sinks = [
            open_sink(one, Options(tell=told, drain=0.2, spool=spool), "text")
            for one in (target, f"syslog+tcp://127.0.0.1:{other.port_}")
        ]
        for number in range(500):
            for sink in sinks:
                sink.write(finding(number))
        assert until(lambda: firsts(other.ids()) == names(range(500)))
        assert server.ids() == []
        began = time.monotonic()
        for sink in sinks:
            sink.close()
        assert time.monotonic() - began < PATIENCE
        assert "500 records wait" in told[-1].why
    finally:
        server.stop(signal.SIGKILL)
        other.stop(signal.SIGKILL)


def test_two_sessions_with_one_target_send_each_record_once(tmp_path, spool, told):
    server, target = hook(tmp_path)
    try:
        sinks = [open_sink(target, Options(tell=told, drain=PATIENCE, spool=spool), "text") for _ in range(2)]
        for number in range(100):
            sinks[number % 2].write(finding(number))
        for sink in sinks:
            sink.close()
        assert server.ids() == names(range(100))
        assert told == []
    finally:
        server.stop(signal.SIGKILL)


def test_a_record_that_is_refused_is_set_aside_and_can_be_sent_again(tmp_path, spool, told):
    from leaktap.cli.deliver import deliver

    server, target = hook(tmp_path)
    try:
        server.mode("422")
        sink = open_sink(target, Options(tell=told, drain=PATIENCE, spool=spool), "text")
        sink.write(finding(1))
        assert until(lambda: told)
        server.mode("")
        sink.write(finding(2))
        sink.close()
        assert server.ids() == names([2])
        assert "is set aside" in told[0].why
        assert deliver(spool, PATIENCE, refused=True) == 0
        assert server.ids() == names([2, 1])
    finally:
        server.stop(signal.SIGKILL)


def test_core_nats_has_it_when_the_server_answers(tmp_path, spool, told):
    import asyncio

    from nats.aio.client import Client

    server = Nats(tmp_path)
    got = []

    async def listen(ready):
        client = Client()
        await client.connect(f"nats://127.0.0.1:{server.port}")
        subscription = await client.subscribe("leaktap")
        await client.flush()
        ready.set()
        while len(got) < 150:
            message = await subscription.next_msg(timeout=PATIENCE)
            got.append((message.headers["Nats-Msg-Id"], json.loads(message.data)["id"]))
        await client.close()

    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(listen(ready)))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        sink = open_sink(f"nats://127.0.0.1:{server.port}", Options(tell=told, drain=PATIENCE, spool=spool), "text")
        for number in range(150):
            sink.write(finding(number))
        sink.close()
        thread.join(PATIENCE)
        assert got == list(zip(names(range(150)), names(range(150)), strict=True))
    finally:
        server.stop(signal.SIGKILL)


def test_a_broker_with_tls_and_password(tmp_path, spool, told, monkeypatch):
    monkeypatch.setenv("MQTT_PASSWORD", "wrong one")
    server = Mosquitto(tmp_path, secure=True, password="the right one")
    try:
        target = f"mqtts://127.0.0.1:{server.port}/a/b#user=tap&password=env:MQTT_PASSWORD&ca={server.ca}"
        sink = open_sink(target, Options(tell=told, drain=1, spool=spool), "text")
        sink.write(finding(1))
        assert until(lambda: told)
        sink.close()
        assert "refused the connection" in told[0].why
        monkeypatch.setenv("MQTT_PASSWORD", "the right one")
        sink = open_sink(target, Options(tell=told, drain=PATIENCE, spool=spool), "text")
        told.clear()
        sink.close()
        assert told == []
    finally:
        server.stop(signal.SIGKILL)
    for file in spool.iterdir():
        assert b"right one" not in file.read_bytes()
        assert b"wrong one" not in file.read_bytes()
