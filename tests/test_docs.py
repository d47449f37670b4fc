"""What the documentation prints works as printed, and what it names exists."""

import base64
import gzip
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path

import pytest

from leaktap.cli import _Given, run, tree
from leaktap.cli._tree import commands
from leaktap.model import BLIND_REASONS
from leaktap.sinks._record import record
from tests._waiting import PATIENCE
from tests.sinks.samples import blind, declared, fault, finding, inventory, summary

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "captures" / "shop"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```sh\n(.*?)```|((?:^ {4,}.*\n)+)", re.M | re.S)
SCANS = [
    line
    for page in PAGES
    for block in BLOCK.findall(page.read_text())
    for line in "".join(block).splitlines()
    if re.match(r"(?! *leaktap ).*\| leaktap scan ", line) and not re.search(r"\bssh | /var/", line)
]
"""The scans in a line of the shell that can be run here: they name no machine."""

PRINTED = {
    page.relative_to(ROOT).as_posix(): [
        line.strip().removeprefix("$ ")
        for block in BLOCK.findall(page.read_text())
        for line in "".join(block).splitlines()
        if re.match(r" *(\$ )?leaktap ", line)
    ]
    for page in PAGES
}
"""The commands of each page, in their order."""

ELSEWHERE = re.compile(r"leaktap (live|mark|ap)\b| (?:/var|lab)/")
"""What needs a phone, a running session or another machine: it is parsed and not run."""


def shell(line):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", "-c", line]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=PATIENCE
    )


def test_there_are_commands_to_try():
    assert SCANS and sum(map(len, PRINTED.values())) >= 40


@pytest.mark.parametrize("line", SCANS)
def test_a_printed_scan_works(line):
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, "")
    assert "before" in done.stdout or "before_consent" in done.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the files that the documentation names."""
    folder = tmp_path_factory.mktemp("files")
    for file in SHOP.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    for run_of in ("a-1", "a-2", "b-1", "b-2"):
        shutil.copy(SHOP / "capture.pcapng", folder / f"phone-{run_of}.pcapng")
    (folder / "captures").symlink_to(ROOT / "captures")
    (folder / "payload").write_bytes(base64.b64encode(gzip.compress(b'{"imei": "867530912345673"}')))
    (folder / "hosts.txt").write_text("0.0.0.0 tracker.example\n")
    tracker = {"name": "Tracker", "network_signature": "collect\\.tracker\\.example"}
    (folder / "trackers.json").write_text(json.dumps({"trackers": {"1": tracker}}))
    for result, capture in (("results", "shop"), ("old", "shop"), ("new", "shop-clean")):
        source = ROOT / "captures" / capture
        done = run(
            ["scan", f"{source}/capture.pcapng", "--case", f"{source}/case.yaml", "-o", f"{folder}/{result}.jsonl"]
        )
        assert done == 0
    return folder


@pytest.fixture
def scratch(files, tmp_path, monkeypatch):
    """A copy of it to work in, with nothing of the user's own but the cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    for name, value in {"HOME": tmp_path / "home", "XDG_CACHE_HOME": cache}.items():
        monkeypatch.setenv(name, str(value))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    shutil.copytree(files, tmp_path / "work", symlinks=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def words_of(line, folder):
    """Returns the arguments of a printed command, with the id of a finding that is there for the printed one."""
    finding = re.search(r'"id":"([0-9a-f]+)"', (folder / "results.jsonl").read_text())[1]
    words = shlex.split(line.replace("89500bbb", finding[:10]), comments=True)[1:]
    return words[: words.index(">")] if ">" in words else words


def parsed(words):
    """Lets the real parser read arguments; it raises where they are not usable."""
    command = tree()
    context = command.make_context("leaktap", list(words), obj=_Given([]))
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        command, words = command.commands[rest[0]], rest[1:]
        context = command.make_context(rest[0], words, parent=context)


def works(line, folder, capsys):
    words = words_of(line, folder)
    if ELSEWHERE.search(line):
        parsed(words)
        return
    if re.search(r"leaktap (init|device new)\b", line):
        for name in ("case.yaml", "device.yaml"):
            (folder / name).unlink(missing_ok=True)
    code = run(words)
    said = capsys.readouterr()
    fails = {1} if re.search(r"--fail-on|doctor", line) else set()
    assert code in {0, *fails}, (line, said.err)


@pytest.mark.parametrize("page", [page for page, lines in PRINTED.items() if lines])
def test_what_a_page_prints_runs_in_its_order(page, scratch, capsys):
    for line in PRINTED[page]:
        works(line, scratch, capsys)


@pytest.mark.parametrize("command", [" ".join(words) for words, _ in commands(tree())])
def test_help_ends_with_examples_that_run(command, scratch, capsys):
    assert run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    if command and re.search(r"^Commands:", shown, re.M):
        return
    examples = re.findall(r"^ +(leaktap .*)$", shown.partition("Examples:")[2], re.M)
    assert 1 <= len(examples) <= 3
    for line in examples:
        works(line, scratch, capsys)


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
