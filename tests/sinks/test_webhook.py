"""Signatures are checked by another library or computed anew; chat tools by what their documents say of messages."""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from standardwebhooks import Webhook

from leaktap.sinks import Options, SinkError, open_sink
from leaktap.sinks._record import record
from leaktap.sinks._template import load_template
from leaktap.sinks.jsonl import to_json
from leaktap.spool import Row
from tests._waiting import PATIENCE
from tests.sinks.receivers import Hook, until
from tests.sinks.samples import HOSTILE, finding, hostile_records, summary

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(b"an invented secret of 32 bytes..").decode()


@pytest.fixture(scope="module")
def hook(tmp_path_factory):
    server = Hook(tmp_path_factory.mktemp("hook"))
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def sent(hook, tmp_path, monkeypatch):
    def send(settings, items, path="/hook"):
        hook.answer(b"{}")
        (hook.folder / "taken").write_text("")
        monkeypatch.setenv("HOOK_URL", f"https://127.0.0.1:{hook.port}{path}")
        monkeypatch.setenv("HOOK_SECRET", SECRET if "template" not in settings else "SECabc")
        told = []
        target = f"webhook:env:HOOK_URL#ca={hook.ca}&spool={tmp_path / 'spool'}&{settings}"
        sink = open_sink(target, Options(tell=told.append, drain=PATIENCE), "text")
        for item in items:
            sink.write(item)
        sink.close()
        return hook.taken(), told

    return send


def test_a_record_is_a_signed_request(sent):
    taken, told = sent("secret=env:HOOK_SECRET", [finding(1), summary()])
    assert told == []
    assert [json.loads(one["body"])["schema"] for one in taken] == ["leaktap.finding/1", "leaktap.summary/1"]
    assert taken[0]["headers"]["webhook-id"] == "f0001"
    for one in taken:
        assert Webhook(SECRET).verify(one["body"], one["headers"])
        with pytest.raises(Exception, match="signature"):
            Webhook(SECRET).verify(one["body"].replace("leaktap", "other"), one["headers"])


def test_without_a_secret_nothing_is_signed(sent):
    taken, _ = sent("", [finding(1)])
    assert "webhook-signature" not in taken[0]["headers"]
    assert taken[0]["headers"]["Content-Type"] == "application/json"


def test_dingtalk_gets_its_own_signature(sent, hook):
    settings, path = "template=dingtalk&secret=env:HOOK_SECRET", "/robot/send?access_token=x"
    taken, told = send_answering(sent, hook, b'{"errcode":0}', settings, path)
    assert told == []
    asked = parse_qs(urlsplit(taken[0]["path"]).query)
    moment = asked["timestamp"][0]
    expected = hmac.new(b"SECabc", f"{moment}\nSECabc".encode(), hashlib.sha256).digest()
    assert asked["sign"] == [base64.b64encode(expected).decode()]
    assert asked["access_token"] == ["x"]
    assert abs(int(moment) / 1000 - time.time()) < 3600
    said = json.loads(taken[0]["body"])
    assert said["msgtype"] == "text"
    assert "imei" in said["text"]["content"]


def send_answering(sent, hook, answer, settings, path="/hook", items=None):
    original = hook.answer
    hook.answer = lambda _data: original(answer)
    try:
        return sent(settings, items or [finding(1)], path)
    finally:
        hook.answer = original


def test_feishu_gets_its_own_signature(sent, hook):
    taken, told = send_answering(sent, hook, b'{"code":0}', "template=feishu&secret=env:HOOK_SECRET")
    assert told == []
    said = json.loads(taken[0]["body"])
    expected = hmac.new(f"{said['timestamp']}\nSECabc".encode(), b"", hashlib.sha256).digest()
    assert said["sign"] == base64.b64encode(expected).decode()
    assert said["msg_type"] == "text"


def test_wecom_and_slack_get_messages(sent, hook):
    taken, told = send_answering(sent, hook, b'{"errcode":0}', "template=wecom")
    assert told == []
    assert json.loads(taken[0]["body"])["msgtype"] == "text"
    taken, told = send_answering(sent, hook, b"ok", "template=slack")
    assert told == []
    assert json.loads(taken[0]["body"])["mrkdwn"] is False


def test_several_findings_are_one_message(sent, hook):
    items = [finding(number) for number in range(20)]
    taken, _ = send_answering(sent, hook, b"ok", "template=slack", items=items)
    texts = "\n".join(json.loads(one["body"])["text"] for one in taken)
    assert len(taken) <= 3
    assert [line.split("#")[-1] for line in texts.splitlines()] == [f"f{number:04}" for number in range(20)]


def test_an_answer_that_says_no_is_a_no(sent, hook, tmp_path, monkeypatch):
    hook.answer(b'{"errcode":310000,"errmsg":"sign not match\\u001b[31m"}')
    monkeypatch.setenv("HOOK_URL", f"https://127.0.0.1:{hook.port}/")
    told = []
    target = f"webhook:env:HOOK_URL#template=dingtalk&ca={hook.ca}&spool={tmp_path}"
    sink = open_sink(target, Options(tell=told.append, drain=0.2), "text")
    sink.write(finding())
    assert until(lambda: told)
    sink.close()
    assert told[0].why.startswith("answered errcode 310000 sign not match�[31m; records wait")


def test_only_findings_that_are_bad_enough_are_sent(sent):
    items = [finding(1, severity="low"), finding(2, severity="high"), finding(3, severity="medium"), summary()]
    taken, _ = sent("severity=medium&records=finding", items)
    assert [json.loads(one["body"])["id"] for one in taken] == ["f0002", "f0003"]


@pytest.mark.parametrize("name", ["dingtalk", "feishu", "wecom", "slack"])
@pytest.mark.parametrize("text", HOSTILE)
def test_captured_text_stays_text_and_fits(name, text):
    template = load_template(name, "x")
    items = [item for item in hostile_records(text) if type(item).__name__ == "Finding"] * template.most
    rows = [Row(1, "f", to_json(record(item, reveal=False))) for item in items]
    message = template.message(rows)
    said = message.get("text") or message.get("content")
    said = said if isinstance(said, str) else said.get("content") or said.get("text")
    assert len(said.encode()) <= template.longest
    assert len(said.splitlines()) == template.most
    assert "\x1b" not in said
    if name != "dingtalk":
        assert "<" not in said
        assert ">" not in said


OWN = """
body: |
  {"lines": ["{text}"], "count": "{count}"}
finding: "{identifier} -> {destination.host} {clauses}"
summary: "{exchanges} exchanges"
escape: {"<": "("}
most: 5
"""


def test_a_template_of_ones_own(sent, tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(OWN)
    taken, told = sent(f"template={file}", [finding(1), finding(2), summary()])
    assert told == []
    said = [line for one in taken for line in json.loads(one["body"])["lines"][0].splitlines()]
    one = "imei -> log.umeng.example CAC-191-2019/3.1; MIIT-337-2019/1-2"
    assert said == [one, one, "214 exchanges"]
    assert {one["headers"]["webhook-id"] for one in taken} >= {"f0001"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("{identifier}", "{nonsense}"), "{nonsense} is no field of it"),
        (('{"lines"', '{"lines'), "is no JSON"),
        (("most: 5", "most: 0"), "most"),
        (("most: 5", "moist: 5"), "moist"),
    ],
)
def test_a_wrong_template_names_file_and_key(tmp_path, change, why):
    file = tmp_path / "own.yaml"
    file.write_text(OWN.replace(*change))
    with pytest.raises(SinkError) as raised:
        load_template(str(file), "x")
    assert str(file) in str(raised.value)
    assert why in str(raised.value)


def test_a_template_that_is_none_names_those_there_are(tmp_path):
    with pytest.raises(SinkError, match="use dingtalk, feishu, slack, wecom, or the path"):
        load_template("teams", "https://x")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("http://alerts.example/x", "findings must not pass a network in the clear: use https"),
        ("https://user:pw@alerts.example/x", "a secret must not stand here"),
        ("https://oapi.example/send?access_token=abc", "a secret must not stand here"),
        ("https://alerts.example/x#secret=abc", "a secret must not stand here: write secret=env:NAME"),
        ("https://alerts.example/x#secret=env:NOT_SET_AT_ALL", "the environment variable NOT_SET_AT_ALL is not set"),
        ("webhook:env:NOT_SET_AT_ALL", "the environment variable NOT_SET_AT_ALL is not set"),
        ("webhook:file:/none/at/all", "/none/at/all: cannot be read"),
        ("webhook:ftp://alerts.example", "is no address for it: write http://HOST or https://HOST"),
        ("https:///x", "is no address for it"),
        ("https://alerts.example:70000/", "is no address"),
        ("https://alerts.example/a b", "blanks or control characters"),
    ],
)
def test_a_target_that_is_wrong_or_tells_a_secret_is_refused(tmp_path, target, why):
    with pytest.raises(SinkError) as raised:
        mark = "&" if "#" in target else "#"
        open_sink(f"{target}{mark}spool={tmp_path}", Options(dry=True), "text")
    assert why in str(raised.value)
    for secret in ("pw", "abc"):
        assert secret not in str(raised.value).replace("passw", "")


def test_secrets_are_nowhere(sent, hook, tmp_path):
    """Neither in the queue, nor in what is told, also when it fails."""
    hook.mode("500")
    try:
        target = f"webhook:env:HOOK_URL#ca={hook.ca}&secret=env:HOOK_SECRET&spool={tmp_path}"
        program = (
            "import time; from leaktap.sinks import *; from tests.sinks.samples import finding\n"
            "told = []\n"
            f"sink = open_sink({target!r}, Options(tell=told.append, drain=0.5), 'text')\n"
            "sink.write(finding())\n"
            "while not told: time.sleep(0.01)\n"
            "sink.close(); print(*told)"
        )
        environment = {
            **os.environ,
            "HOOK_URL": f"https://127.0.0.1:{hook.port}/services/T0PSECRETPATH?key=T0PSECRETKEY",
            "HOOK_SECRET": "T0PSECRETSIGN",
        }
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, env=environment, cwd=ROOT, timeout=PATIENCE
        )
    finally:
        hook.mode("")
    assert b"answered 500" in done.stdout
    assert b"T0PSECRET" not in done.stdout + done.stderr
    for file in tmp_path.iterdir():
        assert b"T0PSECRET" not in file.read_bytes(), file


def test_a_certificate_that_is_not_trusted_is_an_outage(hook, tmp_path):
    told = []
    target = f"https://127.0.0.1:{hook.port}/#spool={tmp_path}"
    sink = open_sink(target, Options(tell=told.append, drain=0.2), "text")
    sink.write(finding())
    assert until(lambda: told)
    sink.close()
    assert "its certificate is not trusted" in told[0].why
