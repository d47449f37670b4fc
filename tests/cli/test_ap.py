"""`leaktap ap plan`: the files, what their own programs say of them, and what is refused in one line."""

import os
import shutil
import stat
import subprocess

import pytest

from leaktap.cli import run
from leaktap.cli._ap_checks import check

NAMES = ["dnsmasq.conf", "hostapd.conf", "leaktap.nft", "live.sh", "start.sh", "stop.sh"]
PLAN = ["ap", "plan", "--iface", "wlan0", "--uplink", "eth0"]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "lab"


def test_the_files_and_who_may_read_them(lab, capsys):
    assert run([*PLAN, "--passphrase", "correct horse"]) == 0
    said = capsys.readouterr().out
    assert sorted(file.name for file in lab.iterdir()) == NAMES
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in lab.iterdir()}
    assert modes["hostapd.conf"] == 0o600
    assert all(modes[name] == (0o755 if name.endswith(".sh") else 0o644) for name in NAMES if name != "hostapd.conf")
    for words in ("QUIC      is refused", "IPv6      is refused", "'correct horse'", "sudo lab/start.sh", "leak.tap"):
        assert words in said
    assert run([*PLAN, "--quic", "pass"]) == 0, "its own files are written anew"
    said = capsys.readouterr().out
    assert "QUIC      passes and is not seen" in said and "correct horse" not in said


@pytest.mark.parametrize("options", [[], ["--wired"], ["--channel", "149", "--country", "CN"], ["--ssid", "测试'\"$x"]])
def test_each_file_is_right_for_its_program(lab, options):
    assert run([*PLAN, *options]) == 0
    for file in lab.iterdir():
        program = {"hostapd.conf": "hostapd", "dnsmasq.conf": "dnsmasq", "leaktap.nft": "nft"}.get(file.name, "sh")
        assert check(file).state == ("ok" if shutil.which(program) else "unchecked"), check(file)


@pytest.mark.parametrize(
    ("name", "program", "wrong"),
    [
        ("hostapd.conf", "hostapd", "wpa_passphrase=short\n"),
        ("hostapd.conf", "hostapd", "no_such_thing=1\n"),
        ("dnsmasq.conf", "dnsmasq", "dhcp-range=nowhere\n"),
        ("leaktap.nft", "nft", "table inet x { chain y { no such rule } }\n"),
        ("start.sh", "sh", "if then\n"),
    ],
)
def test_a_file_that_is_wrong_is_told(lab, name, program, wrong):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    assert run(PLAN) == 0
    with (lab / name).open("a") as file:
        file.write(wrong)
    verdict = check(lab / name)
    assert verdict.state == "fail" and verdict.says.isprintable(), verdict


def test_a_program_that_is_missing_is_told(lab, monkeypatch, capsys):
    monkeypatch.setattr("leaktap.cli._ap_checks._found", lambda program: None)
    assert run(PLAN) == 0
    assert capsys.readouterr().out.count("unchecked") == len(NAMES)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--subnet", "10.42.7.1/24"], "--subnet: '10.42.7.1/24' is no network"),
        (["--subnet", "somewhere"], "--subnet: 'somewhere' is no network"),
        (["--uplink", "wlan0"], "--uplink: wlan0 is the phones' interface"),
        (["--passphrase", "short"], "--passphrase: has 5 characters"),
        (["--ssid", ""], "--ssid: is empty"),
        (["--ssid", "a\nb"], "--ssid: 'a\\nb' has characters"),
        (["--quic", "maybe"], "--quic"),
    ],
)
def test_what_is_refused_is_one_line_and_writes_nothing(lab, options, why, capsys):
    assert run([*PLAN, *options]) == 2
    said = capsys.readouterr()
    assert why in said.err and said.err.count("\n") == 1 and not said.out
    assert not lab.exists()


def test_a_network_that_this_machine_has_is_refused(lab, monkeypatch, capsys):
    routes = '[{"dst":"default","dev":"eth0"},{"dst":"10.42.0.0/16","dev":"eth0"},{"dst":"10.9.9.9","dev":"tun0"}]'
    monkeypatch.setattr("leaktap.cli._ap_checks.said", lambda *command: (0, routes))
    assert run(PLAN) == 2
    assert "10.42.7.0/24 overlaps 10.42.0.0/16, which eth0 leads to" in capsys.readouterr().err


def test_files_of_others_are_kept(lab, capsys):
    lab.mkdir()
    (lab / "dnsmasq.conf").write_text("port=53\n")
    assert run(PLAN) == 2
    assert "lab/dnsmasq.conf: is there and not from leaktap ap plan" in capsys.readouterr().err
    assert [file.name for file in lab.iterdir()] == ["dnsmasq.conf"]
    assert (lab / "dnsmasq.conf").read_text() == "port=53\n"


def test_a_folder_that_cannot_be_made(lab, capsys):
    lab.write_text("")
    assert run(PLAN) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["start.sh", "stop.sh"])
def test_without_root_nothing_is_done(lab, name):
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs root, to give it up")
    assert run(PLAN) == 0
    for file in (lab.parent, lab):
        file.chmod(0o755)
    command = ["setpriv", "--reuid", "65534", "--clear-groups", "sh", "-s"]
    done = subprocess.run(command, input=(lab / name).read_text(), capture_output=True, text=True, cwd="/")
    assert done.returncode == 1 and "needs root" in done.stderr


def test_the_session_is_led_to_where_the_rules_lead(lab):
    """The command of live.sh, without a session: its last words are options of mitmproxy, behind one --."""
    assert run(PLAN) == 0
    script = (lab / "live.sh").read_text().replace("exec ", "exec echo ")
    for given, words in ([], "live --"), (["-o", "x", "--", "--set", "a=b"], "live -o x -- --set a=b"):
        done = subprocess.run(["sh", "-s", "--", *given], input=script, capture_output=True, text=True, cwd=lab)
        assert f"{words} --mode transparent@10.42.7.1:8080 --mode regular@10.42.7.1:8079" in done.stdout
