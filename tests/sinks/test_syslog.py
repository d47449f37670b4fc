"""Messages against RFC 5424's grammar and CEF's rules, written down anew; transports against real servers elsewhere."""

import json
import re
import socket
import threading

import orjson
import pytest

from leaktap.sinks import Options, SinkError, open_sink
from leaktap.sinks._record import record
from leaktap.sinks._syslog import message
from leaktap.sinks._target import parse
from leaktap.sinks._to_syslog import Syslog
from leaktap.sinks.jsonl import to_json
from leaktap.spool import Row, SendError
from tests._ports import free_port
from tests._waiting import PATIENCE
from tests.sinks.samples import HOSTILE, blind, fault, finding, hostile_records, summary

RFC5424 = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) "
    rb"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
    rb'(\[[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\.)*")*\]) (.*)',
    re.DOTALL,
)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


def body(item, reveal=False):
    return to_json(record(item, reveal))


def read(item, form="json", most=8096, facility=16):
    data = message(body(item), facility, form, most)
    found = RFC5424.fullmatch(data)
    assert found, data
    return int(found[1]), found[6].decode(), found[8].decode()


def cef(text):
    """Splits CEF as its guide says: fields of the header at pipes, then NAME=VALUE up to the next one."""
    pieces = re.split(r"(?<!\\)\|", text, maxsplit=7)
    header = [re.sub(r"\\([|\\])", r"\1", piece) for piece in pieces[:7]]
    found = re.findall(r"(\w+)=((?:\\.|[^\\=])*?)(?= \w+=|$)", pieces[7])
    return header, {name: re.sub(r"\\(.)", r"\1", value) for name, value in found}


@pytest.mark.parametrize(
    ("item", "priority", "kind"),
    [
        (finding(severity="critical"), 16 * 8 + 2, "finding"),
        (finding(severity="high"), 16 * 8 + 3, "finding"),
        (finding(severity="info"), 16 * 8 + 6, "finding"),
        (blind(), 16 * 8 + 5, "blind"),
        (fault(), 16 * 8 + 4, "fault"),
        (summary(), 16 * 8 + 6, "summary"),
    ],
)
@pytest.mark.parametrize("form", ["json", "cef"])
def test_a_record_is_a_message(item, priority, kind, form):
    got = read(item, form)
    assert got[:2] == (priority, kind)


def test_the_text_is_the_record():
    assert json.loads(read(finding())[2]) == json.loads(body(finding()))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", ["json", "cef"])
def test_captured_text_stays_text(text, form):
    for item in hostile_records(text):
        said = read(item, form)[2]
        assert not CONTROLS.search(said)
        if form == "json":
            assert json.loads(said)["schema"] == json.loads(body(item))["schema"]
        else:
            header, pairs = cef(said)
            assert header[:3] == ["CEF:0", "leaktap", "leaktap"]
            assert set(pairs) <= {
                "externalId", "rt", "src", "dst", "dpt", "dhost", "app", "requestMethod", "request", "cat", "act",
                "outcome", "sourceProcessName", "fname", "msg", "reason", "in", "cnt", "cfp1", "cfp1Label",
                *(f"cs{n}" for n in range(1, 7)), *(f"cs{n}Label" for n in range(1, 7)),
            }  # fmt: skip


def test_cef_says_what_the_finding_says():
    header, pairs = cef(read(finding(1, host="a=b|c.example"), "cef")[2])
    assert header[4] == "imei"
    assert header[6] == "8"
    assert pairs["externalId"] == "f0001"
    assert pairs["rt"] == "1795255203250"
    assert pairs["dhost"] == "a=b|c.example"
    assert (pairs["cs4Label"], pairs["cs4"]) == ("clauses", "CAC-191-2019/3.1 MIIT-337-2019/1-2")


@pytest.mark.parametrize("most", [480, 600, 1000, 2048])
@pytest.mark.parametrize("form", ["json", "cef"])
@pytest.mark.parametrize("item", [finding(), *hostile_records("y" * 9000)])
def test_a_long_record_is_cut_to_what_fits_and_stays_whole(item, most, form):
    data = message(body(item), 16, form, most)
    assert len(data) <= most
    if form == "json":
        said = json.loads(RFC5424.fullmatch(data)[8])
        assert said["schema"] == json.loads(body(item))["schema"]
        assert said.get("id", "f0001") == "f0001"


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("format=xml", "#format=json or cef"),
        ("facility=24", "#facility=0 to 23"),
        ("facility=x", "must be a number"),
        ("most=10", "#most=480 or more"),
        ("colour=red", "#colour: is no setting of it"),
        ("ca=/none/ca.pem", "cannot be used for TLS"),
        ("records=findings", "#records=findings: use finding"),
        ("severity=bad", "#severity=bad: use critical"),
        ("limit=-1", "must be a number"),
    ],
)
def test_a_wrong_setting_is_said(tmp_path, setting, why):
    with pytest.raises(SinkError, match=re.escape(why)):
        open_sink(f"syslog+tls://log.example#{setting}&spool={tmp_path}", Options(dry=True), "text")


class Server:
    """A TCP server that reads what it is told to and then ends the connection in its way."""

    def __init__(self, how):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.how, self.got = self.socket.getsockname()[1], how, b""
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        connection, _ = self.socket.accept()
        with connection:
            if self.how == "dies":
                connection.recv(10)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            while data := connection.recv(4096):
                self.got += data
            if self.how == "is killed":
                self.socket.close()


def rows(count):
    return [Row(number, f"f{number}", body(finding(number))) for number in range(count)]


def test_octets_are_counted():
    server = Server("reads")
    Syslog(parse("syslog", f"syslog+tcp://127.0.0.1:{server.port}", {"syslog+tcp"}, set())).send(rows(3))
    server.thread.join(PATIENCE)
    got, data = [], server.got
    while data:
        size, _, rest = data.partition(b" ")
        got.append(orjson.loads(RFC5424.fullmatch(rest[: int(size)])[8])["id"])
        data = rest[int(size) :]
    assert got == ["f0000", "f0001", "f0002"]


def test_a_server_that_dies_before_it_has_read_all_has_not_got_it():
    server = Server("dies")
    receiver = Syslog(parse("syslog", f"syslog+tcp://127.0.0.1:{server.port}", {"syslog+tcp"}, set()))
    with pytest.raises(SendError, match=r"Connection reset|Broken pipe|not connected"):
        receiver.send(rows(400))
    server.thread.join(PATIENCE)


def test_a_server_that_is_gone_after_the_end_of_the_connection_has_not_got_it():
    server = Server("is killed")
    receiver = Syslog(parse("syslog", f"syslog+tcp://127.0.0.1:{server.port}", {"syslog+tcp"}, set()))
    with pytest.raises(SendError, match="Connection refused"):
        receiver.send(rows(3))
    server.thread.join(PATIENCE)


def test_a_closed_port_is_noticed_over_udp_too():
    with pytest.raises(SendError, match="Connection refused"):
        Syslog(parse("syslog", f"syslog://127.0.0.1:{free_port()}", {"syslog"}, set())).send(rows(2))
