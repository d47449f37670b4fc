"""The way through the rooms: who sent it, in which phase, what is counted, and that nothing is lost on the way."""

import gzip
import hashlib
import json
from dataclasses import replace

import pytest

from leaktap.config import Case, DeviceProfile, Event, Location
from leaktap.consent import Timeline
from leaktap.model import App, Blind, Endpoint, Exchange, Fault, Finding, Mark, Message, Origin, Progress, Summary
from leaktap.pipeline import Pipeline, url

IMEI = "867530912345673"
PROFILE = DeviceProfile.model_validate(
    {"name": "lab", "addresses": {"mac": "a4:50:46:12:34:56"}, "identifiers": {"imei": IMEI}}
)
OTHER = DeviceProfile.model_validate({"name": "other", "addresses": {"ip": "192.0.2.7"}, "identifiers": {}})
CASE = Case.model_validate({"app": {"package": "com.example.shop", "domains": "example-shop.cn"}})
SECOND = 1_000_000


def exchange(body=b"", *, host="ulogs.umeng.com", time=0, client=None, headers=(), number=0, response=None, port=443):
    return Exchange(
        f"tcp.0:{number}",
        time,
        client or Endpoint("192.0.2.5", 40000, "a4:50:46:12:34:56"),
        Endpoint("198.51.100.9", port),
        "https",
        host,
        Message(("POST", "/report?a=1", "HTTP/1.1"), headers, body, time, (7,)),
        response,
        Origin("a.pcap", transport="tcp", stream=0),
    )


def pipeline(case=CASE, devices=(PROFILE,), events=(), **kwargs):
    return Pipeline(case, devices, Timeline(Event.model_validate(event) for event in events), **kwargs)


def leak(**fields):
    return json.dumps({"imei": IMEI, **fields}).encode()


def findings(items, **kwargs):
    return [record for record in pipeline(**kwargs).run(items) if isinstance(record, Finding)]


def test_a_finding_says_everything():
    events = [{"at": "1970-01-01T00:00:01Z", "event": "launch"}, {"at": "1970-01-01T00:00:09Z", "event": "consent"}]
    (found,) = findings([exchange(gzip.compress(leak()), time=2 * SECOND)], events=events)
    assert (found.match.identifier, found.match.leaf.path) == ("imei", "request.body|gzip|json.$.imei")
    assert (found.device.name, found.app.package) == ("lab", "com.example.shop")
    assert (found.owner.party, found.owner.company) == ("third", "Umeng")
    assert (found.phase.name, found.phase.to_consent) == ("before_consent", 7 * SECOND)
    assert found.url == "https://ulogs.umeng.com/report?a=1"
    assert found.severity == "high" and "MIIT-337-2019/1-2" in {hit.id for hit in found.clauses}


@pytest.mark.parametrize(
    ("at", "phase"), [(9 * SECOND - 1, "before_consent"), (9 * SECOND, "consented"), (20 * SECOND, "consented")]
)
def test_the_request_counts_from_its_begin(at, phase):
    events = [{"at": "1970-01-01T00:00:09Z", "event": "consent"}]
    (found,) = findings([exchange(leak(), time=at)], events=events)
    assert found.phase.name == phase


def test_ids_are_stable_and_differ():
    items = [exchange(leak(), number=1), exchange(leak(), number=2)]
    one, two = findings(items)
    assert [found.id for found in findings(items)] == [one.id, two.id]
    assert one.id != two.id and one.value_ref == two.value_ref


def test_a_value_reference_needs_the_key():
    item = exchange(leak())
    refs = {findings([item], key=key)[0].value_ref for key in (b"a", b"b")}
    assert len(refs) == 2 and IMEI not in "".join(refs)


def test_another_app_and_the_system_are_kept_apart():
    agent = ((b"User-Agent", b"com.other.app/1.0 (Linux; U; Android 14)"),)
    events = [{"at": "1970-01-01T00:00:01Z", "event": "launch"}]
    theirs, system = findings(
        [
            exchange(leak(), headers=agent, time=2 * SECOND),
            exchange(leak(), host="connectivitycheck.gstatic.com", time=2 * SECOND, number=1),
        ],
        events=events,
    )
    assert (theirs.app.package, theirs.phase.name, theirs.clauses) == ("com.other.app", "unknown", ())
    assert (system.app, system.owner.party, system.clauses) == (None, "platform", ())


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (Endpoint("192.0.2.5", 1, "a4:50:46:12:34:56"), "lab"),
        (Endpoint("192.0.2.7", 1, ""), "other"),
        (Endpoint("192.0.2.8", 1, "00:00:5e:00:53:01"), "lab"),
    ],
)
def test_devices_are_known_by_address_then_by_value(client, name):
    (found,) = findings([exchange(leak(), client=client)], devices=(PROFILE, OTHER))
    assert (found.device.name, found.device.ip) == (name, client.ip)


@pytest.mark.parametrize(("mac", "name"), [("a4:50:46:12:34:56", "lab"), ("00:00:5e:00:53:01", ""), ("", "lab")])
def test_a_place_that_phones_share_does_not_say_whose_phone_it_was(mac, name):
    profile = PROFILE.model_copy(update={"location": (Location(lat=31.2304, lon=121.4737),)})
    body = b'{"lat": 31.2304, "lon": 121.4737}'
    records = findings([exchange(body, client=Endpoint("192.0.2.8", 1, mac))], devices=(profile, OTHER))
    assert {(found.match.identifier, found.device.name) for found in records} == {("location", name)}


def test_responses_are_looked_into_only_when_asked():
    item = exchange(response=Message(("HTTP/1.1", "200", "OK"), (), leak()))
    assert findings([item]) == []
    (found,) = findings([item], responses=True)
    assert (found.direction, found.match.leaf.path, found.clauses) == ("response", "response.body|json.$.imei", ())


def test_blinds_get_an_owner_and_everything_is_counted():
    blind = Blind(0, "no_key", "tls", "ulogs.umeng.com", bytes=300)
    items = [Progress("a.pcap", 5000), exchange(leak()), blind, Fault("source", "a.pcap", "is cut off")]
    *records, summary = pipeline().run(items)
    (told,) = [record for record in records if isinstance(record, Blind)]
    assert told.owner and told.owner.company == "Umeng"
    assert isinstance(summary, Summary)
    assert (summary.inputs, summary.exchanges, summary.faults) == (("a.pcap",), 1, 1)
    assert (summary.blind, summary.blind_bytes) == ({"no_key": 1}, {"no_key": 300})
    assert summary.bytes == 300 + len(leak()) and summary.inspected_share == round(len(leak()) / summary.bytes, 4)
    assert sum(summary.findings.values()) == 1


def test_a_limit_is_a_blind_with_its_place():
    bomb = gzip.compress(bytes(80 << 20), 9)
    records = list(pipeline().inspect(exchange(gzip.compress(bomb))))
    (blind,) = [record for record in records if isinstance(record, Blind)]
    assert (blind.why, blind.frames, blind.host) == ("limit", (7,), "ulogs.umeng.com")
    assert "request.body" in blind.detail


def test_broken_content_is_a_fault_with_its_place_and_the_rest_is_read():
    body = gzip.compress(leak(rest=[hashlib.md5(b"%d" % n).hexdigest() for n in range(200)]))
    records = list(pipeline().inspect(exchange(body[:-60], number=3)))
    places = [record.where for record in records if isinstance(record, Fault)]
    assert places == ["a.pcap: tcp.0:3: request.body|gzip", "a.pcap: tcp.0:3: request.body|gzip|json"]
    assert any(isinstance(record, Finding) for record in records)


def test_schemas_that_do_not_load_are_said_once(tmp_path):
    case = Case.model_validate({"protobuf": [{"descriptors": str(tmp_path / "none.desc"), "message": "a.B"}]})
    records = list(pipeline(case=case).run([exchange(leak()), exchange(leak(), number=1)]))
    (fault,) = [record for record in records if isinstance(record, Fault)]
    assert "none.desc" in fault.where and "cannot be read" in fault.why


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("example.cn", 443, "https://example.cn/report?a=1"),
        ("example.cn", 8443, "https://example.cn:8443/report?a=1"),
        ("2001:db8::1", 443, "https://[2001:db8::1]/report?a=1"),
        ("example.cn", 0, "https://example.cn/report?a=1"),
    ],
)
def test_urls(host, port, expected):
    assert url(exchange(host=host, port=port)) == expected


@pytest.mark.parametrize(
    ("scheme", "target", "port", "expected"),
    [
        ("tcp", "", 7000, "tcp://192.0.2.9:7000"),
        ("dns", "/a.example", 53, "dns://192.0.2.9/a.example"),
        ("ssdp", "*", 1900, "ssdp://192.0.2.9:1900"),
        ("http", "a.example:443", 80, "http://192.0.2.9"),
    ],
)
def test_urls_of_what_is_no_path(scheme, target, port, expected):
    one = exchange(host="192.0.2.9", port=port)
    assert url(replace(one, scheme=scheme, request=replace(one.request, start=("X", target, "")))) == expected


@pytest.mark.parametrize("room", [lambda run: run._phones, lambda run: run.examiner._phones])
def test_a_bug_costs_one_exchange_and_not_the_run(monkeypatch, room):
    run = pipeline()
    phones = room(run)
    device = phones.device
    monkeypatch.setattr(phones, "device", lambda exchange: 1 // 0 if exchange.request.body else device(exchange))
    records = list(run.run([exchange(leak()), exchange(b"", number=1)]))
    (fault,) = [record for record in records if isinstance(record, Fault)]
    assert (fault.stage, fault.where) == ("pipeline", "a.pcap: tcp.0:0") and "ZeroDivisionError" in fault.why
    assert isinstance(records[-1], Summary) and records[-1].exchanges == 2


def test_a_mark_is_an_event_of_the_case():
    run = pipeline()
    marks = [
        Mark(SECOND, "launch"),
        Mark(5 * SECOND, "consent", "com.example.shop", device="lab"),
        Mark(3 * SECOND, permission=(("contacts", "denied"),)),
        Mark(4 * SECOND, action="opens the map"),
    ]
    records = list(run.run([*marks, exchange(leak(), time=2 * SECOND), exchange(leak(), time=6 * SECOND, number=1)]))
    assert [r.phase.name for r in records if isinstance(r, Finding)] == ["before_consent", "consented"]
    assert run.timeline.denied(4 * SECOND) == {"contacts"}
    assert run.timeline.acted(4 * SECOND, 0)
    assert not [record for record in records if isinstance(record, Fault)]


@pytest.mark.parametrize("told", [None, App("com.example.other", "Other", "uid 7")])
def test_a_known_app_is_known_whoever_receives(told):
    sent = replace(exchange(leak(), host="connectivitycheck.gstatic.com"), app=told)
    (found,) = findings([sent])
    assert (found.owner.party, found.app, found.clauses) == ("platform", told, ())
