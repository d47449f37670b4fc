"""TrackHAR (https://github.com/tweaselORG/TrackHAR) on the same messages and HARs, where node and the package are.

It knows adapters for trackers' endpoints and, told the phone's values, looks for them plain, in base64 and
percent-encoded. The package is looked for where node looks from the working folder, and in `npm root -g`.
"""

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks._benign import CAPTURES
from benchmarks._matrix import Draw, Matrix, Verdict
from benchmarks._measure import table
from leaktap.config import Case
from leaktap.examine import Examiner, Found
from leaktap.model import Exchange, Message
from leaktap.sources import Reading, read

_SECONDS = 600
_CODE = """
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
const [har, values, ...folders] = process.argv.slice(2);
let where;
for (const folder of folders) {
    try { where = createRequire(folder + '/x.js').resolve('trackhar'); break; } catch { continue; }
}
if (!where) { console.log('null'); process.exit(0); }
const trackhar = await import(pathToFileURL(where));
const indicatorValues = JSON.parse(readFileSync(values, 'utf8'));
const found = trackhar.process(JSON.parse(readFileSync(har, 'utf8')), { indicatorValues });
console.log(JSON.stringify((await found).map((entry) => entry ? entry.length : 0)));
"""


def compare(matrix: Matrix, judged: Sequence[tuple[Draw, Verdict]]) -> None:
    """Prints of how many messages each finds what is planted, and of the captures' HARs in how many each finds any."""
    why = _missing()
    if why:
        print(f"TrackHAR is left out: {why}")
        return
    values = {name: list(each) for name, each in matrix.identity.profile.identifiers.items()}
    drawn = _har([matrix.message(draw) for draw, _ in judged])
    rows = [("drawn messages", len(judged), sum(verdict.found for _, verdict in judged), _entries(drawn, values))]
    for file in sorted((CAPTURES / "har").glob("*.har")) if CAPTURES.is_dir() else ():
        exchanges = [item for item in read(str(file), Reading()) if isinstance(item, Exchange)]
        rows.append((file.name, len(exchanges), _ours(exchanges), _entries(file.read_bytes(), {})))
    cells = [(name, str(count), str(ours), str(theirs)) for name, count, ours, theirs in rows]
    print(table(("requests in which something is found", "requests", "leaktap", "TrackHAR"), cells))


def _ours(exchanges: Sequence[Exchange]) -> int:
    examiner = Examiner(Case(), ())
    return sum(any(isinstance(item, Found) for item in examiner.examine(each).found) for each in exchanges)


def _missing() -> str:
    if not shutil.which("node"):
        return "there is no node"
    return "" if _run(_har([]), {}) is not None else "there is no package trackhar (npm install trackhar)"


def _entries(har: bytes, values: dict[str, Any]) -> int | str:
    counts = _run(har, values)
    return "failed" if counts is None else sum(map(bool, counts))


def _run(har: bytes, values: dict[str, Any]) -> list[int] | None:
    """Returns how much TrackHAR finds in each entry; None where it is not there or fails."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "run.mjs").write_text(_CODE, encoding="utf-8")
        (here / "har").write_bytes(har)
        (here / "values").write_text(json.dumps(values), encoding="utf-8")
        folders = [str(Path.cwd()), *_global_folder()]
        done = subprocess.run(
            ["node", here / "run.mjs", here / "har", here / "values", *folders],
            capture_output=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    lines = done.stdout.decode().strip().splitlines()
    if done.returncode or not lines:
        print(f"  TrackHAR failed: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
        return None
    counts: list[int] | None = json.loads(lines[-1])
    return counts


def _global_folder() -> list[str]:
    """Returns where npm installs for everybody: beside the packages."""
    npm = shutil.which("npm")
    if not npm:
        return []
    done = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, timeout=60, check=False)
    return [str(Path(done.stdout.strip()).parent)] if done.returncode == 0 else []


def _har(messages: Sequence[Message]) -> bytes:
    """Writes messages as a HAR (http://www.softwareishard.com/blog/har-12-spec/)."""
    entries = [
        {
            "startedDateTime": "2026-01-01T00:00:00.000Z",
            "time": 0,
            "request": {
                "method": message.start[0],
                "url": f"https://t.example{message.start[1]}",
                "httpVersion": "HTTP/1.1",
                "headers": [
                    {"name": name.decode(), "value": value.decode("latin-1")} for name, value in message.headers
                ],
                "queryString": [],
                "cookies": [],
                "headersSize": -1,
                "bodySize": len(message.body),
                "postData": _posted(message),
            },
            "response": {"status": 200, "statusText": "", "headers": [], "cookies": [], "content": {}},
            "cache": {},
            "timings": {},
        }
        for message in messages
    ]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "drawn"}, "entries": entries}}).encode()


def _posted(message: Message) -> dict[str, str]:
    said = message.header(b"content-type").decode("latin-1")
    try:
        return {"mimeType": said, "text": message.body.decode()}
    except UnicodeDecodeError:
        return {"mimeType": said, "text": base64.b64encode(message.body).decode(), "encoding": "base64"}
