"""dnsmasq's leases: which phone has which address, and what it calls itself."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import ConfigError, DeviceProfile, load_case
from leaktap.examine import Phones
from leaktap.leases import NO_LEASE, Lease, Leases, parse
from leaktap.model import Endpoint
from tests.test_pipeline import exchange

MAC, IP = "02:00:5e:10:00:01", "10.42.7.61"
LINE = f"1795000000 {MAC} {IP} Pixel-8 01:{MAC}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LINE, [Lease(MAC, IP, "Pixel-8")]),
        (LINE.replace("Pixel-8", "*"), [Lease(MAC, IP, "")]),
        (LINE.upper().replace("PIXEL", "Pixel"), [Lease(MAC, IP, "Pixel-8")]),
        (f"{LINE}\nduid 00:01\n1795000000 77 2001:db8::7 Pixel-8 00:01", [Lease(MAC, IP, "Pixel-8")]),
        ("", []),
        (LINE.replace(IP, "10.42.7.610"), []),
        (LINE.partition(" Pixel")[0], []),
        (f"soon {LINE}", []),
        ("\0\0\0 \0 \0 \0", []),
    ],
)
def test_lines(text, found):
    assert parse(text) == found


@given(st.binary(max_size=300))
def test_any_bytes(data):
    parse(data.decode("utf-8", "replace"))


def test_the_file_may_come_and_change_later(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("leaktap.leases.time.monotonic", lambda: now[0])
    file = tmp_path / "dnsmasq.leases"
    leases = Leases(file)
    assert leases.of(IP) == NO_LEASE
    file.write_text(LINE)
    assert leases.of(IP) == NO_LEASE, "it is looked at once a second"
    now[0] += 1
    assert leases.of(IP).name == "Pixel-8"
    file.write_text(LINE.replace("Pixel-8", "Pixel-9"))
    os.utime(file, (1, 1))
    now[0] += 1
    assert leases.of(IP).name == "Pixel-9"
    file.unlink()
    now[0] += 1
    assert leases.of(IP).name == "Pixel-9"
    assert Leases(None).of(IP) == NO_LEASE


def test_a_profile_is_known_by_the_hardware_address_behind_the_lease(tmp_path):
    file = tmp_path / "dnsmasq.leases"
    file.write_text(LINE)
    sent = exchange(client=Endpoint(IP, 40000))
    known = DeviceProfile.model_validate({"name": "lab-phone", "addresses": {"mac": [MAC]}})
    device = Phones([known], file).device(sent)
    assert (device.name, device.mac, device.ip) == ("lab-phone", MAC, IP)
    others = Phones([], file)
    assert (others.device(sent).name, others.called(others.device(sent))) == ("", "Pixel-8")
    assert Phones([known]).device(sent).name == ""


def test_a_case_names_the_file(tmp_path):
    case = tmp_path / "case.yaml"
    case.write_text("app: {package: com.example.shop}\nleases: lab/dnsmasq.leases\n")
    with pytest.raises(ConfigError, match=r"case.yaml:2: leases: there is no file .*lab/dnsmasq.leases"):
        load_case(case)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/dnsmasq.leases").touch()
    assert load_case(case).leases == tmp_path / "lab/dnsmasq.leases"
