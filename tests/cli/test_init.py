"""`leaktap init` writes files that load as they are, and with every example taken in."""

import stat

import pytest

from leaktap.cli import run
from leaktap.config import load_case, load_devices
from leaktap.identifiers import names


def test_the_files_load_as_they_are(tmp_path, capsys):
    assert run(["init", str(tmp_path / "new"), "--package", "com.example.shop"]) == 0
    case = load_case(tmp_path / "new" / "case.yaml", names())
    assert case.app.package == "com.example.shop" and case.declared is None
    (device,) = load_devices(case.devices, names())
    assert device.identifiers == {}
    assert "case.yaml" in capsys.readouterr().out


def test_every_example_in_the_case_can_be_taken_in(tmp_path):
    assert run(["init", str(tmp_path)]) == 0
    file = tmp_path / "case.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    whole = "\n".join(
        line.removeprefix("#") if (line[:1] == "#" and line[1:2] != " ") or line[:3] == "#  " else line
        for line in lines
    )
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "dnsmasq.leases").touch()
    (tmp_path / "old.jsonl").write_text('{"schema": "leaktap.summary/1"}\n', encoding="utf-8")
    file.write_text(whole, encoding="utf-8")
    case = load_case(file, names())
    assert case.app.keys == ("ExampleAppKey",) and case.declared.identifiers["contacts"].collected is False
    assert len(case.events) == 3 and case.necessary == ("phone",) and case.baseline is not None
    assert case.leases == tmp_path / "lab" / "dnsmasq.leases"


def test_what_is_there_is_kept(tmp_path, capsys):
    (tmp_path / "case.yaml").write_text("app: {package: com.example.mine}\n", encoding="utf-8")
    assert run(["init", str(tmp_path)]) == 0
    assert "mine" in (tmp_path / "case.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "device.yaml").exists()
    assert run(["init", str(tmp_path)]) == 2
    assert "nothing was written" in capsys.readouterr().err


def test_personal_files_are_their_owners_alone(tmp_path):
    assert run(["init", str(tmp_path)]) == 0
    assert stat.S_IMODE((tmp_path / "device.yaml").stat().st_mode) == 0o600


@pytest.mark.parametrize("package", ["shop", "com.example shop", "../x.y"])
def test_what_is_no_package_is_refused(tmp_path, package, capsys):
    assert run(["init", str(tmp_path / "n"), "--package", package]) == 2
    assert "no package name" in capsys.readouterr().err and not (tmp_path / "n").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert run(["init", str(tmp_path / "file" / "sub")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
