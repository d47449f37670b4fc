"""The checks, each with the machine as it is and as it might be; and the command, as it is run."""

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import leaktap.doctor as doctor
from leaktap.doctor import (
    About,
    _api,
    ca,
    clock,
    disk,
    dns,
    firewall,
    forwarding,
    mitmproxy,
    permissions,
    ports,
    tshark,
)
from leaktap.sessions import Running, announce
from tests._ports import free_port

LEAKTAP = str(Path(sys.executable).with_name("leaktap"))


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def certificate(folder, days):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mitmproxy")])
    begin = datetime.now(UTC) - timedelta(days=100)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=100 + days))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "mitmproxy-ca-cert.pem").write_bytes(pem)


def test_every_check_says_something_and_what_is_amiss_has_a_cure(tmp_path):
    verdicts = doctor.examine(About(confdir=tmp_path, folder=tmp_path))
    assert len(verdicts) == 10 and len({verdict.name for verdict in verdicts}) == 10
    for verdict in verdicts:
        assert verdict.says and (verdict.state == "ok" or verdict.mend), verdict


@pytest.mark.parametrize(("days", "state"), [(None, "warn"), (300, "warn"), (-1, "fail"), ("broken", "fail")])
def test_the_certificate(tmp_path, days, state):
    if days == "broken":
        (tmp_path / "mitmproxy-ca-cert.pem").write_text("nothing")
    elif days is not None:
        certificate(tmp_path, days)
    assert ca.check(About(confdir=tmp_path)).state == state


@pytest.mark.parametrize(
    ("phones", "state"),
    [
        ({}, "warn"),
        ({"192.0.2.7": {"accepted": 3, "refused": 1}}, "ok"),
        ({"192.0.2.7": {"accepted": 3, "refused": 0}, "192.0.2.8": {"accepted": 0, "refused": 2}}, "fail"),
    ],
)
def test_whether_phones_accept_it(tmp_path, monkeypatch, phones, state):
    import os

    certificate(tmp_path, 300)
    announce(Running(os.getpid(), "http://127.0.0.1:1", "t", ""))
    monkeypatch.setattr(ca, "_phones", lambda session: phones)
    verdict = ca.check(About(confdir=tmp_path))
    assert verdict.state == state and all(ip in verdict.says for ip in phones)


@pytest.mark.parametrize(
    ("v4", "v6", "state", "named"),
    [
        ("1\n", "1\n", "ok", []),
        ("0\n", "1\n", "warn", ["net.ipv4.ip_forward=1"]),
        (None, None, "warn", ["ipv4", "ipv6"]),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_forwarding(tmp_path, v4, v6, state, named):
    for name, value in (("ipv4/ip_forward", v4), ("ipv6/conf/all/forwarding", v6)):
        file = tmp_path / "sys/net" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if value is not None:
            file.write_text(value)
    verdict = forwarding.check(About(proc=tmp_path))
    assert verdict.state == state and all(word in verdict.mend for word in named)


@pytest.mark.parametrize(
    ("on", "state"),
    [(["wlan0", "eth0.7"], "ok"), (["wlan0"], "warn"), (["all", "default", "lo"], "warn"), ([], "warn")],
)
def test_forwarding_of_single_interfaces(tmp_path, on, state):
    for name in ("all", "default", "lo", "wlan0", "eth0.7", "eth1"):
        file = tmp_path / "sys/net/ipv4/conf" / name / "forwarding"
        file.parent.mkdir(parents=True)
        file.write_text(f"{int(name in on)}\n")
    verdict = forwarding.check(About(proc=tmp_path))
    assert verdict.state == state
    assert state == "warn" or "eth0.7 and wlan0" in verdict.says


REDIRECT = "tcp dport { 80, 443 } redirect to :8080"


@pytest.mark.parametrize(
    ("rules", "state", "word"),
    [
        (None, "warn", "cannot be seen"),
        ("", "warn", "nothing is redirected"),
        (REDIRECT, "warn", "QUIC"),
        (f"{REDIRECT}\nudp dport 443 reject", "ok", "8080"),
        ("tcp dport 80 redirect to :9090\nudp dport 443 reject", "warn", "nothing is redirected"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="nftables is Linux's")
def test_the_firewall(monkeypatch, rules, state, word):
    monkeypatch.setattr(firewall, "output", lambda *command: rules)
    verdict = firewall.check(About())
    assert verdict.state == state and word in verdict.says


def test_a_port_that_is_free_and_one_that_is_not():
    with socket.socket() as taken:
        taken.bind(("", port := free_port()))
        taken.listen()
        verdict = ports.check(About(port=port))
        assert verdict.state == "fail" and str(port) in verdict.mend
    assert ports.check(About(port=port)).state == "ok"


def test_folders(tmp_path):
    assert permissions.check(About(folder=tmp_path)).state == "ok"
    (tmp_path / "leaktap").mkdir(mode=0o755)
    (tmp_path / "leaktap").chmod(0o755)
    assert permissions.check(About(folder=tmp_path)).state == "warn"
    assert permissions.check(About(folder=tmp_path / "nowhere")).state == "fail"
    assert disk.check(About(folder=tmp_path / "nowhere")).state == "fail"


@pytest.mark.parametrize(("said", "state"), [("yes\n", "ok"), ("no\n", "warn")])
def test_the_clock(monkeypatch, said, state):
    monkeypatch.setattr(clock, "output", lambda *command: said)
    assert clock.check(About()).state == state


def test_the_clock_where_only_the_kernel_can_be_asked(monkeypatch):
    monkeypatch.setattr(clock, "output", lambda *command: None)
    assert clock.check(About()).state in ("ok", "warn")


def test_a_name_that_is_not_found(monkeypatch):
    monkeypatch.setattr(dns, "_NAME", "nobody.invalid")
    assert dns.check(About()).state == "fail"


def test_programs(monkeypatch):
    assert mitmproxy.check(About()).state == "ok"
    monkeypatch.setattr(tshark, "output", lambda *command: None)
    assert tshark.check(About()).mend == "apt install tshark"


@pytest.mark.parametrize("command", [("nobody-has-this",), (sys.executable, "-c", "exit(3)")])
def test_a_program_that_is_missing_or_fails_says_nothing(command):
    assert _api.output(*command) is None


def test_the_command(tmp_path):
    done = subprocess.run([LEAKTAP, "doctor", "--json", "--confdir", str(tmp_path)], capture_output=True, text=True)
    said = json.loads(done.stdout)
    failed = any(check["state"] == "fail" for check in said["checks"])
    assert (said["schema"], done.returncode, done.stderr) == ("leaktap.doctor/1", int(failed), "")
    assert {"certificate", "forwarding", "firewall", "ports"} <= {check["name"] for check in said["checks"]}
    done = subprocess.run([LEAKTAP, "doctor", "--confdir", str(tmp_path)], capture_output=True, text=True)
    assert "start leaktap live once" in done.stdout
