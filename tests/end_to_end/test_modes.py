"""The other faces and modes of mitmproxy through leaktap live: the browser's, WireGuard; and options that change."""

import json
import os
import signal
import subprocess
import urllib.request

from tests._ports import free_port
from tests._waiting import PATIENCE, wait
from tests.end_to_end.test_live import CASE, DEVICE, IMEI, LEAKTAP, Proxy, certificates, upstream
from tests.end_to_end.test_session import PATIENT, session
from tests.end_to_end.test_session import upstream as plain_upstream

site = plain_upstream
WEB = [LEAKTAP, "live", "--ui", "web", "--case", "case.yaml", "-o", "alerts.jsonl", "--"]


def test_mitmweb_shows_the_findings_on_the_flow(tmp_path, site):
    port = free_port()
    options = ["--no-web-open-browser", "--web-port", str(port), "--set", "web_password=secret"]
    with session(tmp_path, WEB, *options) as made:
        assert made.ask(f"http://127.0.0.1:{site}/log?imei={IMEI}")[0] == 200
        wait(made.findings)

        def noted():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/flows?token=secret", timeout=PATIENCE) as answer:
                return [flow for flow in json.load(answer) if flow["comment"].startswith("leaktap found imei")]

        (flow,) = wait(noted)
        assert flow["marked"]
    assert json.loads((tmp_path / "alerts.jsonl").read_text().splitlines()[-1])["schema"] == "leaktap.summary/1"


def test_wireguard_shows_its_configuration_and_ends_with_the_summary(tmp_path):
    command = [LEAKTAP, "live", "--ui", "dump", "-o", "out.jsonl", "--", "--mode", f"wireguard@{free_port()}"]
    command += ["-s", PATIENT, "--set", f"leaktap_listen=127.0.0.1:{free_port()}"]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [*command, "--set", f"confdir={tmp_path / 'conf'}"], cwd=tmp_path, stdout=out, stderr=out, env=environment
        )
    try:
        said = wait(lambda: text if "[Peer]" in (text := (tmp_path / "out").read_text()) else "")
        assert "PrivateKey" in said and "Endpoint" in said and "leak.tap" in said and "Traceback" not in said
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])["schema"] == "leaktap.summary/1"


def test_options_that_change_lose_nothing(tmp_path):
    (tmp_path / "case.yaml").write_text(CASE)
    (tmp_path / "device.yaml").write_text(DEVICE)
    ca, certificate = certificates(tmp_path)
    with upstream(certificate) as port:
        proxy = Proxy(tmp_path, ca, port)
        try:
            for n, value in enumerate(("true", "false", "true")):
                proxy.send("api.example-shop.cn", "GET", f"/a?imei={IMEI}&n={n}")
                proxy.order(f"set leaktap_responses {value}")
                proxy.send("api.example-shop.cn", "GET", f"/b?imei={IMEI}&n={n}")
            wait(lambda: (tmp_path / "live.jsonl").read_text().count("leaktap.finding/1") == 6)
        finally:
            proxy.stop()
    schemas = [json.loads(line)["schema"] for line in (tmp_path / "live.jsonl").read_text().splitlines()]
    assert schemas.count("leaktap.finding/1") == 6 and schemas.count("leaktap.summary/1") == 4
    assert "Traceback" not in (tmp_path / "log").read_text()
