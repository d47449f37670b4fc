import os
import re
import subprocess
import sys
import time
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from leaktap.model import ClauseHit, Device, Owner, Phase
from leaktap.sinks import Options, open_sink
from leaktap.sinks._words import clause_ids, duration, harmless, local, size
from tests.sinks.samples import TIME, blind, fault, finding, inventory, summary

BIDI = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@pytest.fixture(autouse=True)
def zone(monkeypatch):
    """Lets a test say in which zone the machine stands; in UTC, unless it does."""

    def stand(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    stand("UTC")
    yield stand
    monkeypatch.undo()
    time.tzset()


def printed(tmp_path, *records, **options):
    file = tmp_path / "out.txt"
    sink = open_sink(str(file), Options(**options), "jsonl")
    for item in records:
        sink.write(item)
    sink.close()
    return file.read_text()


def cells(text, heading="What leaked"):
    """Returns the columns of the first table as lists of what stands in them, folded lines put together again."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(heading))
    starts = [match.start() for match in re.finditer(r"\S+( \S+)*", lines[start])]
    block = []
    for line in lines[start + 2 :]:
        if not line.strip():
            break
        block.append(line)
    return ["".join(line[a:b].strip() for line in block) for a, b in zip(starts, [*starts[1:], None], strict=True)]


def test_a_row_says_everything(tmp_path):
    text = printed(tmp_path, finding(form=("no-separator", "md5", "hex")), summary())
    assert text.startswith("lab-phone-3 (192.168.1.5) · Example Shop (com.example.shop)\n")
    what, whom, how, consent, clauses = cells(text)
    assert what == "imei8675***********" or what == "imei8675" + "*" * 11
    assert whom == "Umeng Analytics(Umeng)log.umeng.example"
    assert how == "without separators,MD5, hexrequest.body|json.$.imei"
    assert consent == "before consent16 s before"
    assert clauses == "highCAC-191-2019/3.1MIIT-337-2019/1-2"


def test_like_findings_are_one_row_with_a_count(tmp_path):
    like = [
        finding(
            number,
            time=TIME + number,
            path=f"request.body|json.$.a[{number}].imei",
            phase=Phase("before_consent", to_consent=seconds * 1_000_000),
        )
        for number, seconds in enumerate((30, 4, 12))
    ]
    what, _, _, consent, _ = cells(printed(tmp_path, *like))
    assert what == "imei ×386***********72"
    assert consent == "before consent30 s to 4.0 s before"


@pytest.mark.parametrize(
    "other",
    [
        finding(identifier="android_id"),
        finding(form=("md5", "hex")),
        finding(owner=Owner("third", "JPush", "Jiguang")),
        finding(phase=Phase("consented", to_consent=-5_000_000)),
        finding(phase=Phase("before_consent", True, to_consent=5_000_000)),
        finding(path="request.body|json.$.imei2"),
        finding(app=False),
        replace(finding(), device=Device("lab-phone-4")),
        finding(owner=Owner("unknown"), host="other.example"),
    ],
)
def test_unlike_findings_are_two_rows(tmp_path, other):
    text = printed(tmp_path, finding(), other)
    assert " ×2\n" not in text
    assert text.count("86***********72") + text.count("8675***********") == 2


def test_the_worst_comes_first_then_the_earliest(tmp_path):
    text = printed(
        tmp_path,
        finding(1, identifier="oaid", severity="low", time=TIME),
        finding(2, identifier="imei", severity="critical", time=TIME + 9),
        finding(3, identifier="meid", severity="critical", time=TIME + 5),
        finding(4, identifier="imsi", severity="info", time=TIME),
    )
    assert re.findall(r"^(oaid|imei|meid|imsi)\b", text, re.M) == ["meid", "imei", "oaid", "imsi"]


def test_what_was_not_inspected_comes_after(tmp_path):
    text = printed(
        tmp_path,
        finding(),
        blind(),
        blind(),
        blind(why="quic", protocol="quic", host="", bytes=2_000_000),
        fault(),
        fault(),
        summary(session_clauses=(ClauseHit("MIIT-337-2019/1-1", "No notice at all", "high", "direct"),)),
    )
    assert re.search("high +×1 CAC-191-2019/3.1 +Collecting before the user consents", text)
    order = [
        "What leaked",
        "Not inspected",
        "QUIC ",
        "TLS without a key",
        "Faults",
        "as a whole",
        "Not observable",
        "3 findings",
    ]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert re.search(r"TLS without a key +tls +push\.example\.net +96\.4 kB +2\n", text)
    assert "source: capture.pcapng: byte 4711, packet 12: cut short (2 times)" in text
    assert re.search("high +MIIT-337-2019/1-1 No notice at all", text)
    assert "Not observable in traffic (3 clauses): CAC-191-2019/1.1, 1.3; MIIT-337-2019/8" in text
    assert text.endswith(
        "3 findings (2 high, 1 low) · 214 exchanges · 45.2 MB · 97% inspected · 1 fault · 0.9 s, 50.2 MB/s\n"
    )


def test_nothing_found_is_said(tmp_path):
    text = printed(tmp_path, summary(findings={}, inspected_share=1.0))
    assert text.startswith("No personal information was found leaving.\n")
    text = printed(tmp_path, summary(findings={}, inspected_share=0.4))
    assert text.startswith(
        "No personal information was found leaving in the 40% of the traffic that could be inspected."
    )


def test_all_means_all(tmp_path):
    assert "99.9% inspected" in printed(tmp_path, summary(inspected_share=0.99999))
    assert "100% inspected" in printed(tmp_path, summary(inspected_share=1.0))


def test_wide_characters_are_aligned(tmp_path):
    owner = Owner("third", "神策分析", "神策网络科技(北京)有限公司")
    text = printed(tmp_path, finding(owner=owner), finding(2, severity="low", identifier="name", value="欧阳修永叔"))
    table = text[text.index("What leaked") : text.index("\nClauses\n")].splitlines()
    assert {cell_len(line) for line in table if line.strip()} == {100}
    positions = {
        cell_len(line[: line.index(word)]) for line in table for word in ("plain", "request.body") if word in line
    }
    assert len(positions) == 1


def test_many_faults_and_hosts_are_counted_not_listed(tmp_path):
    text = printed(
        tmp_path, *(fault(why=f"broken {n}") for n in range(50)), *(blind(host=f"h{n}.example") for n in range(90))
    )
    assert "and 30 more" in text
    assert "and 60 more rows" in text
    assert len(text.splitlines()) < 80


HOSTILE = "\x1b[31mred\x1b]0;title\x07\r\n\x9b2J[bold]b[/bold]:smile:" + BIDI


def test_hostile_strings_stay_text(tmp_path):
    parts = {"value": HOSTILE, "path": HOSTILE, "host": HOSTILE, "target": HOSTILE}
    evil = finding(owner=Owner("unknown"), clauses=(ClauseHit(HOSTILE, HOSTILE, "high", "direct"),), **parts)
    evil = replace(evil, device=Device(HOSTILE), app=replace(evil.app, name=HOSTILE))
    things = [
        evil,
        blind(host=HOSTILE, protocol=HOSTILE, why=HOSTILE, detail=HOSTILE),
        fault(where=HOSTILE, why=HOSTILE),
    ]
    for reveal in (True, False):
        for live in (True, False):
            text = printed(tmp_path, *things, summary(unobservable=(HOSTILE,)), reveal=reveal, live=live)
            assert not [c for c in text if unicodedata.category(c)[0] == "C" and c != "\n"]
            if reveal:
                assert "[bold]b[/bold]:smile:" in text.replace("\n", "").replace(" ", "")


@given(st.text(max_size=500))
def test_harmless_text_is_one_printable_line(text):
    shown = harmless(text)
    assert not [c for c in shown if unicodedata.category(c)[0] == "C"]
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= 401


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=400))
def test_harmless_text_stays(text):
    assert harmless(text) == text


def test_a_live_session_says_each_new_thing_once_and_at_once(tmp_path):
    file = tmp_path / "live.txt"
    sink = open_sink(str(file), Options(live=True), "text")
    sink.write(finding())
    sink.write(finding(2))
    assert file.read_text() == (
        "Times are UTC\n"
        "10:00:03 high     imei 86***********72 (plain) to Umeng Analytics (Umeng) (log.umeng.example), "
        "before consent, 16 s before, CAC-191-2019/3.1; MIIT-337-2019/1-2\n"
    )
    sink.write(finding(3, identifier="oaid"))
    assert file.read_text().count("\n") == 3
    for number in range(4, 102):
        sink.write(finding(number))
    assert [line.rpartition(" ")[2] for line in file.read_text().splitlines()[3:]] == ["×10", "×100"]
    sink.write(summary())
    sink.close()
    assert "What leaked" not in file.read_text()
    assert "97% inspected" in file.read_text()


PROGRAM = (
    "from leaktap.sinks import *\n"
    "from tests.sinks.samples import finding, summary\n"
    "sink = open_sink('-', Options(), 'text')\n"
    "sink.write(finding(value='张三丰', identifier='name')); sink.write(summary()); sink.close()\n"
)


@pytest.mark.parametrize(
    "environment", [{}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "gbk"}, {"TERM": "dumb"}, {"COLUMNS": "3"}]
)
def test_a_pipe_gets_plain_text_a_hundred_wide(environment):
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, env={**os.environ, **environment})
    text = done.stdout.decode(environment.get("PYTHONIOENCODING", "utf-8"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\x1b" not in text
    assert ("张**" in text) is (environment.get("PYTHONIOENCODING") != "ascii")
    assert max(cell_len(line) for line in text.splitlines()) == 100


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm-256color"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colour_unless_it_says_no(environment, coloured):
    command = ["script", "-qec", f'stty cols 120; {sys.executable} -c "{PROGRAM}"', "/dev/null"]
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    out = subprocess.run(
        command, capture_output=True, env={**kept, **environment}, stdin=subprocess.DEVNULL
    ).stdout.decode()
    assert "Umeng" in out
    assert (re.search(r"\x1b\[[\d;]*3\dm", out) is not None) is coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert max(cell_len(line) for line in plain.splitlines()) in (119, 120)


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0.0 s"),
        (9_940_000, "9.9 s"),
        (9_960_000, "10 s"),
        (119_400_000, "119 s"),
        (120_000_000, "2 min"),
        (7_200_000_000, "2 h"),
        (172_800_000_000, "2 d"),
    ],
)
def test_durations(microseconds, words):
    assert duration(microseconds) == words


def test_clauses_of_a_document_stand_together():
    ids = ["B-1/2", "A-1/10", "A-1/9", "A-1/2-1", "A-1/1.2.3", "A-1/x", "odd"]
    assert clause_ids(ids) == ["A-1/x, 1.2.3, 2-1, 9, 10", "B-1/2", "odd"]


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (999_999, "1.0 MB"), (5 * 10**12, "5.0 TB")],
)
def test_sizes(count, words):
    assert size(count) == words


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, ""),
        ({"clock_offset": {"": 3.2}}, "Phone's clock: +3.200 s against the capture's (given)"),
        (
            {"clock_offset": {"left": -0.5}, "clock_measured": True},
            "Phone's clock of left: -0.500 s against the capture's (measured from a mark)",
        ),
        ({"clock_measured": True}, "Phone's clock: not measured, for no mark is like an event of the case"),
    ],
)
def test_the_phones_clock_is_told(tmp_path, parts, words):
    text = printed(tmp_path, summary(**parts))
    assert words in text if words else "clock" not in text


def test_times_are_in_the_machines_zone_which_is_named(tmp_path, zone):
    zone("Asia/Shanghai")
    file = tmp_path / "live.txt"
    sink = open_sink(str(file), Options(live=True), "text")
    sink.write(finding())
    sink.close()
    assert file.read_text().startswith("Times are UTC+08:00\n18:00:03 high ")
    text = printed(tmp_path, inventory())
    assert "(UTC+08:00)" in text and "18:00:0" in text


@pytest.mark.parametrize("moment", [10**30, -(10**30), 253_402_300_799_999_999, -62_135_596_800_000_000])
def test_a_time_that_no_calendar_has_is_shown_all_the_same(moment, zone):
    for name in ("Asia/Shanghai", "America/New_York"):
        zone(name)
        assert f"{local(moment):%H:%M:%S}"
