"""`leaktap diff`: runs of one app on two phones, read from any input that scan reads."""

import base64
import json

import orjson
import pytest

from leaktap.cli import run

IMEI = {"a": "867531042188306", "b": "862149055173266"}
PAD = bytes(range(40, 80))


def har(path, side, number, extra):
    entries = []
    for index in range(4):
        minute = 2 * number + (side == "b")
        body = json.dumps({"ts": 1_795_255_203_000 + minute * 60_017 + index * 977, **extra(side)})
        request = {
            "method": "POST",
            "url": "https://log.a.example/v1",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "postData": {"mimeType": "application/json", "text": body},
        }
        at = f"2026-11-21T10:{minute:02}:{index:02}.000Z"
        entries.append({"startedDateTime": at, "request": request, "response": {"status": 200, "headers": []}})
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return str(path)


def secret(side):
    return {"x": base64.b64encode(bytes(a ^ b for a, b in zip(IMEI[side].encode(), PAD, strict=False))).decode()}


@pytest.fixture
def runs(tmp_path):
    def make(extra, repeats=2):
        paths = {(s, n): har(tmp_path / f"{s}{n}.har", s, n, extra) for s in "ab" for n in range(repeats)}
        again = [part for s in "ab" for n in range(1, repeats) for part in (f"--again-{s}", paths[s, n])]
        return ["diff", paths["a", 0], paths["b", 0], *again]

    return make


def test_a_secret_pad_is_suspected_and_masked(runs, capsys):
    assert run([*runs(secret), "--json"]) == 0
    (row,) = map(orjson.loads, capsys.readouterr().out.splitlines())
    assert (row["schema"], row["kind"], row["host"]) == ("leaktap.suspect/1", "value", "log.a.example")
    assert row["path"].startswith("request.body|json.$.x") and row["explained"] == []
    assert "*" in row["values"][0] and {each["run"][-6:] for each in row["exchanges"]} == {
        "a0.har", "b0.har", "a1.har", "b1.har",
    }  # fmt: skip


def test_a_folder_is_one_run(runs, tmp_path, capsys):
    """What its captures say together: single runs cannot tell a phone from chance, however many files they have."""
    _, _, b, *_ = runs(secret)
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("a0.har", "a1.har"):
        (tmp_path / name).rename(folder / name)
    assert run(["diff", str(folder), b]) == 0
    assert "single runs cannot tell a phone from" in capsys.readouterr().out
    again = ["--again-a", har(tmp_path / "a2.har", "a", 2, secret), "--again-b", str(tmp_path / "b1.har")]
    assert run(["diff", str(folder), b, *again, "--json"]) == 0
    (row,) = map(orjson.loads, capsys.readouterr().out.splitlines())
    assert {each["run"].rpartition("/")[2] for each in row["exchanges"]} == {"run", "a2.har", "b0.har", "b1.har"}
    assert run(["diff", str(folder), str(folder / "a0.har")]) == 2
    (tmp_path / "empty").mkdir()
    assert run(["diff", str(tmp_path / "empty"), b]) == 2


def test_what_a_profile_explains_is_said(runs, tmp_path, capsys):
    devices = []
    for side, imei in IMEI.items():
        file = tmp_path / f"{side}.yaml"
        file.write_text(f"name: {side}\nidentifiers: {{imei: ['{imei}']}}\n", encoding="utf-8")
        devices += ["--device", str(file)]
    assert run([*runs(lambda side: {"x": IMEI[side]}), *devices, "--json", "--reveal"]) == 0
    (row,) = map(orjson.loads, capsys.readouterr().out.splitlines())
    assert row["explained"] == ["imei"] and row["values"] == [IMEI["a"], IMEI["b"]]


def test_the_table_names_field_and_reason(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")
    assert run(runs(secret)) == 0
    text = capsys.readouterr().out
    assert "log.a.example" in text and "json.$.x" in text and IMEI["a"] not in text


@pytest.mark.parametrize(
    ("extra", "repeats", "words"),
    [
        (lambda side: {}, 2, "Nothing follows the phone in 2 and 2 runs."),
        (secret, 1, "single runs cannot tell a phone from"),
    ],
)
def test_where_nothing_can_be_said_that_is_said(runs, extra, repeats, words, capsys):
    assert run(runs(extra, repeats)) == 0
    assert words in " ".join(capsys.readouterr().out.split())


def test_a_run_given_twice_is_refused(runs, capsys):
    arguments = runs(secret, 1)
    assert run([*arguments, "--again-a", arguments[1]]) == 2
    assert "named twice" in capsys.readouterr().err


def test_a_run_that_is_not_there_is_refused(runs, capsys):
    assert run([*runs(secret, 1), "--again-a", "nowhere.har"]) == 2
    assert "nowhere.har" in capsys.readouterr().err


def test_a_run_that_breaks_off_counts_as_far_as_it_goes(runs, tmp_path, capsys):
    broken = tmp_path / "a9.har"
    whole = har(broken, "a", 9, secret)
    broken.write_text(broken.read_text(encoding="utf-8")[:-60], encoding="utf-8")
    assert run([*runs(secret), "--again-a", whole]) == 3
    assert "a9.har" in capsys.readouterr().err
