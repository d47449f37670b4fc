"""HAR: each tool's way of writing things, entries that are broken, and files that end too early."""

import base64
import gzip
import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.model import Blind, Exchange, Fault
from leaktap.sources import Reading, har
from leaktap.sources._entry import exchanges as entry_exchanges

CAPTURES = Path(__file__).parents[2] / "../shared/captures"
GZIPPED = gzip.compress(b'{"imei":"867530912345678"}', mtime=0)


def entry(request=None, response=None, **more) -> dict:
    return {
        "startedDateTime": "2026-11-21T10:00:03.250Z",
        "time": 40.5,
        "request": {
            "method": "POST",
            "url": "https://API.Example.com:8443/v1/log?id=1#part",
            "httpVersion": "HTTP/1.1",
            "headers": [],
            "bodySize": -1,
            **(request or {}),
        },
        "response": {"status": 0, **(response or {})},
        **more,
    }


def document(*entries) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def read(data: bytes):
    items = list(har.read(io.BytesIO(data), "x.har", Reading()))
    return (
        [item for item in items if isinstance(item, Exchange)],
        [item for item in items if isinstance(item, Blind)],
        [item for item in items if isinstance(item, Fault)],
    )


def one(item: dict) -> Exchange:
    (found,), blind, faults = read(document(item))
    assert not blind and not faults
    return found


def test_an_entry_becomes_an_exchange():
    found = one(
        entry(
            {
                "headers": [
                    {"name": ":authority", "value": "api.example.com"},
                    {"name": "Content-Type", "value": "application/json"},
                ],
                "httpVersion": "h2",
                "postData": {"mimeType": "application/json", "text": '{"城市":"上海"}'},
            },
            {
                "status": 200,
                "statusText": "OK",
                "httpVersion": "h2",
                "headers": [{"name": "x", "value": "y"}],
                "content": {"text": base64.b64encode(b"\x89PNG").decode(), "encoding": "base64"},
            },
            serverIPAddress="[2001:db8::1]",
        )
    )
    assert found.id == "har:0" and found.origin.flow == "0" and found.origin.protocol == "h2"
    assert (found.scheme, found.host, found.server.ip, found.server.port) == (
        "https",
        "api.example.com",
        "2001:db8::1",
        8443,
    )
    assert found.request.start == ("POST", "/v1/log?id=1", "HTTP/2")
    assert found.request.headers == ((b"Content-Type", b"application/json"),)
    assert found.request.body == '{"城市":"上海"}'.encode()
    assert found.time == found.request.time == 1795255203250000
    assert found.response is not None
    assert found.response.start == ("HTTP/2", "200", "OK") and found.response.body == b"\x89PNG"
    assert found.response.time == found.time + 40_000


@pytest.mark.parametrize(
    ("text", "mime", "encoding", "body"),
    [
        pytest.param("a=1&b=2", "application/x-www-form-urlencoded", None, b"a=1&b=2", id="ascii"),
        pytest.param("上海", "text/plain", None, "上海".encode(), id="text"),
        pytest.param("上海", "text/plain; charset=GBK", None, "上海".encode("gbk"), id="text in its charset"),
        pytest.param("上海", "text/plain; charset=nonsense", None, "上海".encode(), id="unknown charset"),
        pytest.param("café", "text/plain", None, "café".encode(), id="text below 256"),
        pytest.param("café", "text/plain; charset=iso-8859-1", None, b"caf\xe9", id="Latin-1 that says so"),
        pytest.param(
            "上海".encode().decode("latin-1"), "text/plain", None, "上海".encode(), id="UTF-8 read as Latin-1"
        ),
        pytest.param(GZIPPED.decode("latin-1"), "application/octet-stream", None, GZIPPED, id="bytes as code points"),
        pytest.param(GZIPPED.decode("latin-1"), "text/plain", None, GZIPPED, id="bytes that call themselves text"),
        pytest.param("\xfe\xffabc", "application/x-protobuf", None, b"\xfe\xffabc", id="binary without control bytes"),
        pytest.param("ab\udce9\udcff", "text/plain", None, b"ab\xe9\xff", id="surrogate escapes"),
        pytest.param("ab\ud800", "text/plain", None, b"ab\xed\xa0\x80", id="a lone surrogate"),
        pytest.param(base64.b64encode(GZIPPED).decode(), "", "base64", GZIPPED, id="base64"),
        pytest.param("no base64!", "", "base64", b"no base64!", id="no base64 at all"),
        pytest.param("", "text/plain", None, b"", id="nothing"),
    ],
)
@pytest.mark.parametrize("where", ["postData", "_content", "content"])
def test_bodies_come_back_as_bytes(text, mime, encoding, body, where):
    said = {"text": text, "mimeType": mime, **({"encoding": encoding} if encoding else {})}
    if where == "content":
        message = one(entry(response={"status": 200, "content": said})).response
    else:
        message = one(entry({where: said})).request
    assert message is not None and message.body == body


@pytest.mark.parametrize(
    ("mime", "params", "body"),
    [
        (
            "application/x-www-form-urlencoded",
            [{"name": "phone", "value": "13800138000"}, {"name": "姓名", "value": "a b&c"}],
            b"phone=13800138000&%E5%A7%93%E5%90%8D=a+b%26c",
        ),
        (
            "application/x-www-form-urlencoded; charset=utf-8",
            [{"name": "q", "value": "%E4%B8%8A"}],
            b"q=%E4%B8%8A",
        ),
        (
            "multipart/form-data; boundary=XX",
            [{"name": "f", "fileName": "a.txt", "contentType": "text/plain", "value": "hi"}, {"name": "g"}],
            b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
            b"hi\r\n"
            b'--XX\r\nContent-Disposition: form-data; name="g"\r\n\r\n\r\n--XX--\r\n',
        ),
    ],
)
def test_form_fields_stand_in_for_a_missing_text(mime, params, body):
    found = one(entry({"postData": {"mimeType": mime, "params": params}}))
    assert found.request.body == body
    assert found.request.header(b"content-type").decode() == mime


def test_a_multipart_body_made_of_fields_has_the_boundary_of_its_header():
    headers = [{"name": "content-type", "value": "multipart/form-data"}]
    posted = {"mimeType": "multipart/form-data", "params": [{"name": "a", "value": "b"}]}
    found = one(entry({"headers": headers, "postData": posted})).request
    assert found.header(b"content-type") == b"multipart/form-data; boundary=leaktap"
    assert found.body.startswith(b"--leaktap\r\n")


@pytest.mark.parametrize(
    ("coding", "text", "encoding", "kept"),
    [
        ("gzip", '{"a":1}', None, False),
        ("gzip", base64.b64encode(GZIPPED).decode(), "base64", True),
        ("br", '{"a":1}', None, False),
        ("zstd", "plain", None, False),
        ("br", base64.b64encode(b"\x0b\x02\x80\xff\x03").decode(), "base64", True),
    ],
)
def test_a_coding_that_was_removed_is_no_longer_announced(coding, text, encoding, kept):
    posted = {"text": text, "mimeType": "application/json", "encoding": encoding}
    found = one(entry({"headers": [{"name": "Content-Encoding", "value": coding}], "postData": posted}))
    assert bool(found.request.header(b"content-encoding")) is kept


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-21T10:00:03.25Z", 1795255203250000),
        ("2026-11-21T18:00:03.250+08:00", 1795255203250000),
        ("2026-11-21T18:00:03.2500009+0800", 1795255203250000),
        ("2026-11-21T10:00:03.250", 1795255203250000),
    ],
)
def test_times_in_any_iso_form(text, time):
    assert one(entry(startedDateTime=text)).time == time


@pytest.mark.parametrize(
    "headers", [[["X-A", "1"]], [{"name": "X-A", "value": "1"}], [{"name": "X-A", "value": "1"}, 5]]
)
def test_headers_as_objects_or_pairs(headers):
    assert one(entry({"headers": headers})).request.headers == ((b"X-A", b"1"),)


def test_websocket_messages_are_exchanges_of_their_own():
    messages = [
        {"type": "send", "time": 1795255204.5, "opcode": 1, "data": '{"imei":"867530912345678"}'},
        {"type": "receive", "time": 1795255205.0, "opcode": 2, "data": base64.b64encode(b"\x00\x01").decode()},
        "nonsense",
    ]
    item = entry({"url": "wss://push.example.com/s?token=1"}, {"status": 101}, _webSocketMessages=messages)
    found, _, faults = read(document(item))
    assert [exchange.id for exchange in found] == ["har:0", "har:0.0", "har:0.1", "har:0.2"] and not faults
    assert found[0].scheme == "https" and found[0].request.start[1] == "/s?token=1"
    assert found[1].origin.protocol == "websocket" and found[1].time == 1795255204500000
    assert found[1].request.body == b'{"imei":"867530912345678"}' and found[1].response is None
    assert found[1].request.start[1] == "/s", "the query left once, with the handshake"
    assert found[2].request.body == b"" and found[2].response.body == b"\x00\x01"


@pytest.mark.parametrize(
    ("item", "size", "detail"),
    [
        (entry({"bodySize": 512}), 512, "request body of entry 0"),
        (entry({"_content": {"text": "", "size": 90}}), 90, "request body of entry 0"),
        (entry(response={"status": 200, "content": {"size": 70}}), 70, "response body of entry 0"),
        (entry(response={"status": 200, "bodySize": 71, "content": {}}), 71, "response body of entry 0"),
    ],
)
def test_bodies_that_were_left_out_are_blind(item, size, detail):
    found, (blind,), _ = read(document(item))
    assert len(found) == 1
    assert (blind.why, blind.bytes, blind.detail, blind.host) == ("streamed", size, detail, "api.example.com")


@pytest.mark.parametrize("item", [entry({"bodySize": 0}), entry({"bodySize": -1}), entry(response={"status": 204})])
def test_messages_without_a_body_are_not_blind(item):
    assert read(document(item))[1] == []


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (5, "no request"),
        (None, "no request"),
        ("text", "no request"),
        ({}, "no request"),
        ({"request": []}, "no request"),
        (entry({"url": 7}), "URL"),
        (entry({"url": "https://[::1/x"}), "URL"),
        (entry({"url": "https://example.com:99999/"}), "URL"),
        (entry({"url": "https:///nowhere"}), "URL"),
        (entry({"url": "gopher://example.com/"}), "URL"),
    ],
)
def test_a_bad_entry_is_a_fault_and_the_rest_goes_on(item, why):
    found, _, (fault,) = read(document(entry(), item, entry()))
    assert [exchange.id for exchange in found] == ["har:0", "har:2"]
    assert fault.where == "x.har, entry 1" and why in fault.why and fault.stage == "source"


def test_an_impossible_time_is_a_fault_but_not_the_end_of_its_entry():
    for text in ("yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", ""):
        found, _, faults = read(document(entry(startedDateTime=text)))
        assert len(found) == 1 and "is no time" in faults[0].why


def test_what_never_left_the_browser_is_no_traffic():
    local = [
        entry({"url": url}) for url in ("data:text/plain,hi", "blob:https://example.com/1", "chrome-extension://a/b")
    ]
    found, blind, faults = read(document(*local, entry()))
    assert [exchange.id for exchange in found] == ["har:3"] and not blind and not faults


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b" \r\n\t", b""])
def test_byte_order_marks_and_space_are_passed_over(start):
    data = start + document(entry())
    assert har.sniff(data[:4096]) and len(read(data)[0]) == 1


def test_utf_16_is_read():
    data = document(entry({"postData": {"text": "上海"}})).decode().encode("utf-16")
    assert har.sniff(data[:4096])
    assert read(data)[0][0].request.body == "上海".encode()


@pytest.mark.parametrize("head", [b"", b"{", b"[]", b'["log"]', b'{"logs": 1}', b"\xff\xd8\xff", b'x{"log":{'])
def test_other_things_are_not_recognised(head):
    assert not har.sniff(head)


def test_a_file_that_ends_anywhere_gives_every_complete_entry():
    data = document(*[entry({"postData": {"text": "上海" * 9}}) for _ in range(4)])
    ends = [data.index(b"]", data.rindex(b"}}", 0, len(data) - 3))]
    whole = json.loads(data)["log"]["entries"]
    marks, at = [], 0
    for item in whole:
        at = data.index(json.dumps(item).encode(), at) + len(json.dumps(item))
        marks.append(at)
    for cut in (*range(20, len(data) - 3, 7), *ends):
        found, _, faults = read(data[:cut])
        assert len(found) == sum(mark <= cut for mark in marks), cut
        assert faults, cut


@pytest.mark.parametrize("damage", ["\n!!!", '"unclosed": ', "}", "]]]", '{"a":'])
def test_entries_behind_a_broken_one_are_found_again(damage):
    texts = [json.dumps(entry({"headers": [{"name": "a", "value": "b"}, {"name": "c", "value": "d"}]}))] * 5
    half = texts[1].index('"headers"')
    texts[1] = texts[1][:half] + damage + texts[1][half:]
    found, _, faults = read(f'{{"log":{{"entries":[{",".join(texts)}]}}}}'.encode())
    assert faults and faults[0].where == "x.har, entry 1"
    assert [exchange.id for exchange in found] == ["har:0", "har:2", "har:3", "har:4"]


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(b"[" * 200_000, id="deep lists"),
        pytest.param(b'{"a":' * 100_000, id="deep objects"),
        pytest.param(b',{"a":[' * 100_000, id="deep and looking like entries"),
        pytest.param(b'{"request":{"bodySize":' + b"9" * 10_000 + b"}}", id="a long number"),
        pytest.param(b'{"request":{"url":"https://a/","bodySize":NaN}},{"time":Infinity,"request":1}', id="no numbers"),
        pytest.param(b'"' + b"a" * 3_000_000, id="an endless string"),
    ],
)
def test_hostile_entries_end_in_faults(hostile):
    _, _, faults = read(b'{"log":{"entries":[' + hostile)
    assert faults


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(entry())), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_value_of_any_type_raises(data):
    item = entry({"postData": {"text": "x"}}, {"status": 200}, _webSocketMessages=[{}])
    for _ in range(3):
        place = data.draw(st.sampled_from([item, item["request"], item["response"]]))
        if isinstance(place, dict) and place:
            place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
        if not isinstance(item.get("request"), dict) or not isinstance(item.get("response"), dict):
            break
    read(json.dumps({"log": {"entries": [item]}}).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_as_code_points_of_a_binary_type_round_trip(data):
    posted = {"text": data.decode("latin-1"), "mimeType": "application/octet-stream"}
    assert one(entry({"postData": posted})).request.body == data


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300))
def test_damage_anywhere_never_raises(noise, at):
    data = document(entry(), entry())
    read(data[:at] + noise + data[at + len(noise) :])


@pytest.mark.parametrize(
    "file",
    [pytest.param(file, id=file.name) for file in sorted(CAPTURES.glob("*/*har"))] or [pytest.param(None, id="none")],
)
def test_real_files_have_one_exchange_for_each_entry(file):
    if file is None:
        pytest.skip("../shared/captures is not here")
    from leaktap.sources import read as read_any

    items = list(read_any(str(file), Reading()))
    assert not [item for item in items if isinstance(item, Fault)]
    if file.suffix == ".zhar":
        return
    entries = json.loads(file.read_bytes().decode("utf-8-sig"))["log"]["entries"]
    found = [item for item in items if isinstance(item, Exchange) and item.origin.protocol != "websocket"]
    assert [exchange.request.start[0] for exchange in found] == [item["request"]["method"] for item in entries]
    for exchange, item in zip(found, entries, strict=True):
        assert item["request"]["url"].partition("#")[0].endswith(exchange.request.start[1]) or quote(
            exchange.request.start[1]
        )
        text = item["request"].get("postData", {}).get("text")
        if text and text.isascii():
            assert exchange.request.body == text.encode()


def test_reading_one_entry_needs_no_file():
    assert [item.id for item in entry_exchanges(entry(), 7, "x") if isinstance(item, Exchange)] == ["har:7"]
