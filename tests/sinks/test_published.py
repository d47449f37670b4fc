"""What comes of the golden cases and of hostile records, held against what others publish: schemas and field lists.

SARIF against its schema, EVE against Suricata's own and through FEVER, which reads EVE, ECS against Elastic's fields.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from functools import cache
from ipaddress import ip_address

import jsonschema
import pytest

from leaktap.sinks import Options, open_sink
from tests._golden import CASES, items
from tests._kept import KEPT
from tests._waiting import PATIENCE
from tests.sinks.samples import HOSTILE, blind, fault, finding, hostile_records, summary

RUNS = {
    **{case: (lambda case=case: items(case)) for case in CASES},
    "plain": lambda: [finding(1), finding(2, clauses=()), blind(), fault(), summary()],
    **{f"hostile {n}": (lambda text=text: hostile_records(text)) for n, text in enumerate(HOSTILE)},
}


def published(name, package):
    """Returns what .ci/run keeps of a package; without it the test is skipped."""
    if not (KEPT / name).is_file():
        pytest.skip(f"{KEPT / name} is not there: .ci/run fetches it from {package}")
    return loaded(name)


@cache
def loaded(name):
    return json.loads((KEPT / name).read_text(encoding="utf-8"))


@cache
def validator(name):
    schema = loaded(name)
    made = jsonschema.validators.validator_for(schema)
    made.check_schema(schema)
    return made(schema)


def written(folder, target, run):
    file = folder / ("out" + target if target.startswith(".") else "out")
    sink = open_sink(str(file) if target.startswith(".") else f"{target}{file}", Options(), "text")
    for item in RUNS[run]():
        sink.write(item)
    sink.close()
    return file.read_bytes()


@pytest.mark.parametrize("run", RUNS)
def test_sarif_fits_its_schema(tmp_path, run):
    published("sarif-2.1.0.json", "the npm package @microsoft/jest-sarif")
    validator("sarif-2.1.0.json").validate(json.loads(written(tmp_path, ".sarif", run)))


@pytest.mark.parametrize("run", RUNS)
def test_eve_fits_suricatas_schema(tmp_path, run):
    published("suricata-8-eve.json", "Debian's sources of Suricata")
    for line in written(tmp_path, "eve:", run).splitlines():
        validator("suricata-8-eve.json").validate(json.loads(line))


@pytest.mark.parametrize(
    "wrong",
    [{"event_type": "leak"}, {"alert": {"action": 1}}, {"src_port": "443"}, {"leaktap": {}}, {"dest_ip": None}],
    ids=str,
)
def test_the_schema_refuses_what_is_no_eve(tmp_path, wrong):
    published("suricata-8-eve.json", "Debian's sources of Suricata")
    (event, *_) = (json.loads(line) for line in written(tmp_path, "eve:", "plain").splitlines())
    event |= wrong
    if "event_type" in wrong:
        del event["event_type"]
    assert not validator("suricata-8-eve.json").is_valid(event)


class Fever:
    """A running FEVER: what goes in as EVE comes out again, event by event."""

    def __init__(self, folder):
        self.ahead = socket.socket(socket.AF_UNIX)
        self.ahead.bind(str(folder / "out"))
        self.ahead.listen(1)
        self.ahead.settimeout(PATIENCE)
        command = ["fever", "run", "-i", folder / "in", "-o", folder / "out", "--mgmt-socket", folder / "mgmt"]
        options = ["--fwd-all-types", "--dummy", "--in-buffer-drop=false", "--config", os.devnull]
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [*command, *options], cwd=folder, stdout=self.log, stderr=self.log, env={**os.environ, "HOME": str(folder)}
        )
        self.inlet = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + PATIENCE
        while self.inlet.connect_ex(str(folder / "in")):
            assert self.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        self.behind, _ = self.ahead.accept()
        self.behind.settimeout(2)
        self.rest, self.before = b"", []

    def through(self, line):
        """Returns an event as it came out. FEVER drops what comes while it hands another on: then once more.

        What was sent twice may come twice, late: an earlier event is no answer to this one.
        """
        for _ in range(20):
            self.inlet.sendall(line + b"\n")
            try:
                while came := self.behind.recv(1 << 20):
                    *whole, self.rest = (self.rest + came).split(b"\n")
                    for event in map(json.loads, whole):
                        if event not in self.before or event == json.loads(line):
                            self.before.append(event)
                            return event
            except TimeoutError:
                continue
        raise AssertionError(f"FEVER did not hand on {line!r}")

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        for each in (self.inlet, self.behind, self.ahead, self.log):
            each.close()


@pytest.fixture(scope="module")
def fever(tmp_path_factory):
    if shutil.which("fever") is None:
        pytest.skip("fever is not installed (Debian has it)")
    made = Fever(tmp_path_factory.mktemp("fever"))
    yield made
    made.close()


@pytest.mark.parametrize("run", RUNS)
def test_fever_reads_eve(tmp_path, fever, run):
    events = {}
    for line in written(tmp_path, "eve:", run).splitlines():
        event = json.loads(line)
        events.setdefault((event["event_type"], *sorted(event.get("alert", {}).get("metadata", ()))), (event, line))
    for event, line in events.values():
        assert fever.through(line) == event


def flat(value, name=""):
    """Yields the fields of a document that are Elastic's, with their values."""
    if isinstance(value, dict):
        for key, item in value.items():
            if name or key != "leaktap":
                yield from flat(item, f"{name}.{key}" if name else key)
    else:
        yield name, value


FITS = {
    "ip": lambda value: bool(ip_address(value)),
    "long": lambda value: type(value) is int and -(1 << 63) <= value < 1 << 63,
    "date": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value),
    **dict.fromkeys(("keyword", "wildcard", "match_only_text"), lambda value: isinstance(value, str)),
}


@pytest.mark.parametrize("run", RUNS)
def test_ecs_has_elastics_fields(tmp_path, run):
    fields = published("ecs-8.11.json", "the npm package @elastic/ecs")
    required = {name for name, about in fields.items() if about.get("required")}
    categories = {each["name"]: each.get("expected_event_types") for each in fields["event.category"]["allowed_values"]}
    for line in written(tmp_path, "ecs:", run).splitlines():
        document = dict(flat(json.loads(line)))
        assert required <= document.keys() and document["ecs.version"].startswith("8.11.")
        for name, value in document.items():
            about = fields[name]
            allowed = {each["name"] for each in about.get("allowed_values", ())}
            assert isinstance(value, list) or "array" not in about["normalize"], name
            for each in value if isinstance(value, list) else [value]:
                assert FITS[about["type"]](each), (name, each)
                assert each in allowed or not allowed, (name, each)
        for category in document.get("event.category", ()):
            assert set(document["event.type"]) <= set(categories[category])
