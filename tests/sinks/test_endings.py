"""Declared against observed and the inventory as a person sees them: what is said, how wide, and nothing hostile."""

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from leaktap.model import App, Coverage, Device, Owner
from leaktap.sinks import Options, open_sink
from tests.sinks.samples import TIME, declared, inventory, summary
from tests.sinks.test_text import cells


def printed(tmp_path, *records, **options):
    file = tmp_path / "out.txt"
    sink = open_sink(str(file), Options(**options), "jsonl")
    for item in records:
        sink.write(item)
    sink.close()
    return file.read_text()


def test_the_inventory_says_everything(tmp_path):
    text = printed(tmp_path, inventory(), summary())
    what, whom, count, seen, phases, how = cells(text, "Class ")
    assert (what, count, how) == ("imei", "3", "MD5, hex;plain")
    assert (whom.replace(" ", ""), seen) == ("UmengAnalytics(Umeng)analytics", "10:00:0310:01:04")
    assert phases.replace(" ", "") == "2beforeconsent1afterconsent1inthebackground"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"direction": "response"}, "received"),
        ({"owner": Owner("unknown"), "hosts": {"a.example": 3}}, "a.example"),
        ({"owner": Owner("unknown"), "hosts": {}, "app": None, "device": Device()}, "further hosts"),
        ({"last": TIME + 86_400_000_000}, "2026-11-22"),
        ({"forms": {("sm3",): 9, (): 1, ("md5",): 2, ("sha1",): 3}}, "and 2 more"),
        ({"count": 12_345}, "12,345"),
    ],
)
def test_rows_of_the_inventory(tmp_path, parts, words):
    assert words in " ".join(printed(tmp_path, inventory(**parts)).split())


def test_phones_and_apps_have_their_own_tables(tmp_path):
    rows = [inventory(), inventory(device=Device("lab-phone-4")), inventory(app=App("com.example.other"))]
    text = printed(tmp_path, *rows)
    assert text.count("Inventory: ") == 3 and "Inventory: lab-phone-4 · Example Shop" in text
    assert printed(tmp_path, rows[0], rows[0]).count("Inventory\n") == 1


UNDECLARED = {"verdict": "undeclared", "form": "", "max_per_hour": None}
SDK = {"subject": "sdk", "name": "Solo", "form": "", "max_per_hour": None}


@pytest.mark.parametrize(
    ("parts", "row"),
    [
        (UNDECLARED, ["undeclared", "imei", "not in it", "×3 to Umeng Analytics"]),
        (
            {**UNDECLARED, "confidence": 0.4},
            ["undeclared", "imei", "not in it", "×3 to Umeng Analytics, confidence 0.4"],
        ),
        ({"forms": {(): 3}}, ["weaker", "imei", "md5, at most 12 an hour", "×3 (plain) to Umeng Analytics"]),
        (
            {"verdict": "more_often", "form": "", "per_hour": 40},
            ["more often", "imei", "at most 12 an hour", "40 requests within an hour"],
        ),
        (
            {"verdict": "unseen", "form": "", "max_per_hour": None},
            ["never seen", "imei", "declared", "not in the 97% that could be inspected"],
        ),
        (
            {"verdict": "unseen", "form": "sm3", "max_per_hour": None, "coverage": Coverage()},
            ["never seen", "imei", "sm3", "not in this traffic"],
        ),
        (
            {**SDK, "verdict": "unseen", "coverage": Coverage(0.5, {"no_key": 2})},
            ["never seen", "SDK Solo", "declared", "its traffic could not be inspected: 2 TLS without a key"],
        ),
        (
            {**SDK, "verdict": "undeclared", "company": "Acme", "identifiers": ("imei",)},
            ["undeclared", "SDK SoloAcme", "not in it", "2 requests with imei"],
        ),
        (
            {**SDK, "verdict": "undeclared", "exchanges": 1},
            ["undeclared", "SDK Solo", "not in it", "1 request, nothing personal found"],
        ),
    ],
)
def test_rows_of_declared_against_observed(tmp_path, parts, row):
    shown = cells(printed(tmp_path, declared(**parts)), "Verdict ")
    assert [cell.replace(" ", "") for cell in shown] == [cell.replace(" ", "") for cell in row]


def test_what_is_as_declared_is_one_line(tmp_path):
    rows = [declared(name=name, verdict="as_declared") for name in ("imei", "oaid")]
    rows.append(declared(name="Umeng", subject="sdk", verdict="as_declared"))
    text = printed(tmp_path, *rows)
    assert text.count("Declared against observed\nAs declared: imei, oaid, SDK Umeng\n") == 1


def test_many_rows_are_counted_not_listed(tmp_path):
    rows = [inventory(identifier=f"custom.a{n}") for n in range(60)] + [
        declared(name=f"custom.b{n}") for n in range(50)
    ]
    text = printed(tmp_path, *rows)
    assert "and 20 further rows; the JSON lines have them all" in text
    assert "and 10 further rows; the JSON lines have them all" in text


@pytest.mark.parametrize("live", [True, False])
def test_hostile_strings_stay_text(tmp_path, live):
    evil = "\x1b[31mred\x1b]0;title\x07\r\n\x9b2J[bold]b[/bold]\u202e"
    owner = Owner("third", evil, evil, evil)
    rows = [
        inventory(identifier=evil, owner=owner, hosts={evil: 1}, app=App(evil, evil), forms={(evil,): 1}),
        inventory(owner=Owner("unknown"), hosts={evil: 1}),
        replace(declared(verdict="undeclared", recipients=(evil,), form=evil), name=evil, company=evil),
        declared(verdict="undeclared", subject="sdk", name=evil, identifiers=(evil,)),
        declared(verdict="as_declared", name=evil),
    ]
    text = printed(tmp_path, *rows, live=live)
    assert not [c for c in text if unicodedata.category(c)[0] == "C" and c != "\n"]


PROGRAM = (
    "from leaktap.sinks import *\n"
    "from tests.sinks.samples import declared, inventory\n"
    "sink = open_sink('-', Options(), 'text')\n"
    "sink.write(inventory()); sink.write(declared(name='高德地图', subject='sdk')); sink.close()\n"
)


@pytest.mark.skipif(not shutil.which("script"), reason="script is not installed")
def test_eighty_columns_are_enough():
    command = ["script", "-qec", f'stty cols 80; {sys.executable} -c "{PROGRAM}"', "/dev/null"]
    kept = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | {"NO_COLOR": "1"}
    out = subprocess.run(command, capture_output=True, env=kept, stdin=subprocess.DEVNULL).stdout.decode()
    out = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert max(cell_len(line.rstrip()) for line in out.splitlines()) <= 80
    assert "Umeng" in out and "高德地图" in out and "10:01:04" in out
