"""What the documentation prints works as printed, and what it names exists."""

import importlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path

import pytest

from leaktap.model import BLIND_REASONS
from leaktap.sinks._record import record
from tests.sinks.samples import blind, declared, fault, finding, inventory, summary

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SCANS = [
    line
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```|((?:^ {4}.*\n)+)", page.read_text(), re.M | re.S)
    for line in "".join(block).replace("    leaktap", "leaktap").splitlines()
    if "leaktap scan " in line and not re.search(r"\bssh | /var/", line)
]
"""The scans that can be run here: they name no machine and no file of the reader's."""


def shell(line):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", "-c", line]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=90
    )


def test_there_are_commands_to_try():
    assert len(SCANS) >= 4


@pytest.mark.parametrize("line", SCANS)
def test_a_printed_scan_works(line):
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, "")
    assert "before" in done.stdout or "before_consent" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    known = {path.name for path in ROOT.joinpath("leaktap").rglob("*.py")}
    for name in re.findall(
        r"`((?:leaktap|tests|captures|docs|benchmarks)/[\w/.-]+|_\w+\.py|\w+/_\w+\.py)`", page.read_text()
    ):
        if "NAME" in name or name.isupper() or "COMPANY" in name or "DOCUMENT" in name or "hello" in name:
            continue
        assert (ROOT / name).exists() or (ROOT / "leaktap" / name).exists() or name in known, name


@pytest.mark.parametrize(
    "item", [finding(), blind(), fault(), inventory(), declared(), summary()], ids=lambda item: type(item).__name__
)
def test_every_field_of_a_record_is_described(item):
    text = (ROOT / "docs" / "records.md").read_text()
    for field in record(item, reveal=False):
        assert f"`{field}`" in text, field


def test_every_reason_for_not_inspecting_is_described():
    text = (ROOT / "docs" / "records.md").read_text()
    for why, words in BLIND_REASONS.items():
        assert f"| `{why}` | {words} |" in text


def test_the_example_decoder_works(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "adding.md").read_text()
    code = re.search(r'^ {4}"""Hello.*?^(?=Saved)', text, re.M | re.S)[0]
    names = {}
    exec(re.sub(r"^ {4}", "", code, flags=re.M), names)
    decoder = names["DECODER"]
    assert [part.value for part in decoder.decode(b"hello:you", None)] == [b"you"]
    assert decoder.decode(b"bye", None) is None
    with pytest.raises(Exception, match="no colon"):
        decoder.decode(b"hello!", None)


def test_every_option_of_scan_is_described():
    text = (ROOT / "docs" / "scan.md").read_text()
    shown = shell("leaktap scan --help").stdout
    for option in set(re.findall(r"--[a-z-]+", shown)) - {"--help", "--output", "--jobs", "--engine"}:
        assert f"`{option}" in text, option


def test_the_picture_shows_what_the_demo_prints(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    make_picture = importlib.import_module("make_picture")
    svg = (ROOT / "docs" / "demo.svg").read_text()
    ElementTree.fromstring(svg)
    assert "://" not in re.sub(r'xmlns="[^"]+"|<!--.*?-->', "", svg)
    assert make_picture.COMMAND in words(svg)
    assert timeless(words(make_picture.picture(make_picture.output()))) == timeless(words(svg))


def words(svg):
    return unescape(" ".join(re.findall(r">([^<>]+)</text>", svg))).replace("\xa0", " ")


def timeless(text):
    """Cuts off how long it took."""
    return text[: text.rindex(" inspected")]
