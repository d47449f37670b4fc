"""Evidence comes out of the record alone: the value is marked, programs take the filters, commands are quoted."""

import shlex
import shutil
import subprocess

import pytest
from mitmproxy import flowfilter
from mitmproxy.test import taddons, tflow  # noqa: F401

from leaktap.report._evidence import evidence, steps
from tests.report.made import finding

HOSTILE = "x'; touch /tmp/leaktap-was-here; echo \"$(id)`id`\n#"


def test_a_path_is_its_layers():
    path = "request.body|gzip|form.a|b|base64|json.$.x"
    assert steps(path) == ["request.body", "gzip", "form.a", "b", "base64", "json.$.x"]


@pytest.mark.parametrize(
    ("changes", "request_"),
    [
        (
            {"path": "request.query.imei", "destination__url": "https://ads.example/l?imei=86***********07&x=1"},
            "POST https://ads.example/l?imei=<mark>86***********07</mark>&amp;x=1",
        ),
        (
            {"path": "request.header.x-device"},
            "POST https://ads.example/v2/log?app=shop\nx-device: <mark>86***********07</mark>",
        ),
        (
            {"path": "request.body|json.$.a.imei"},
            "POST https://ads.example/v2/log?app=shop\n$.a.imei = <mark>86***********07</mark>",
        ),
        (
            {"path": "request.body", "value": "<script>"},
            "POST https://ads.example/v2/log?app=shop\nbody = <mark>&lt;script&gt;</mark>",
        ),
    ],
)
def test_the_request_has_the_value_marked(changes, request_):
    assert evidence(finding(**changes)).request == request_


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"destination__host": HOSTILE, "destination__url": f"https://{HOSTILE}/{HOSTILE}"},
        {"destination__url": "https://ads.example/u/86***********07/x?y=1"},
        {"destination__method": "", "destination__url": "", "destination__host": ""},
        {"destination__host": "2001:db8::1", "destination__url": "https://[2001:db8::1]/a b/(c"},
    ],
)
def test_mitmproxy_takes_the_filter(changes):
    said = evidence(finding(**changes)).mitmproxy
    assert not said or flowfilter.parse(said)


def test_the_filter_finds_its_request():
    flow = tflow.tflow()
    flow.request.url, flow.request.method = "https://ads.example/v2/log?app=shop", "POST"
    said = flowfilter.parse(evidence(finding()).mitmproxy)
    assert flowfilter.match(said, flow)
    flow.request.host = "adsxexample.example"
    assert not flowfilter.match(said, flow)


@pytest.mark.parametrize("place", ["destination__url", "destination__method", "value"])
def test_a_command_is_words_and_nothing_else(place):
    said = evidence(finding(**{place: HOSTILE, "path": "request.header.a"})).curl
    assert "\n" not in said
    words = shlex.split(said)
    assert words[0] == "curl" and any("touch /tmp/leaktap-was-here" in word for word in words)
    done = subprocess.run(
        ["sh", "-c", said.replace("curl", "printf '%s\\n'", 1)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == words[1:]


@pytest.mark.parametrize("changes", [{"destination__scheme": "mqtt"}, {"direction": "response"}])
def test_there_is_no_command_for_what_curl_does_not_ask(changes):
    assert not evidence(finding(**changes)).curl


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_takes_the_filter():
    said = evidence(finding()).wireshark
    done = subprocess.run(["tshark", "-Y", said, "-r", "/dev/null"], capture_output=True, text=True, check=False)
    assert "not a valid display filter" not in done.stderr and "Error at" not in done.stderr
