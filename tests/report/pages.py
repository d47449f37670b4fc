"""Pages to look at: golden cases, invented runs, and one whose every string is hostile."""

from functools import cache

from leaktap.report import collect, report
from leaktap.sinks._record import record
from tests._golden import CASES as CASES
from tests._golden import items
from tests.report.made import finding, run

HOSTILE = (
    "<script>window.hacked=1</script>'\"><img src=x onerror=window.hacked=1><svg onload=window.hacked=1>"
    "</style></title></textarea>{{7*7}}{% raw %}javascript:window.hacked=1 \u202e\x00\x1b[2J\n&lt;b&gt;"
)


@cache
def golden(case):
    """Returns the records of a golden case."""
    return [record(item, reveal=False) for item in items(case)]


def page(records, language):
    """Returns the page of records as text."""
    return report(collect(records), language).decode()


_KEPT = ("schema", "time", "first", "last", "severity", "party", "phase", "direction", "basis", "sha256", "event")


def hostile(value, name=""):
    """Returns a value with each free text in it, keys of mappings too, replaced by markup and control characters."""
    match value:
        case dict():
            free = name in ("hosts", "options", "versions", "identifiers", "clock_offset", "blind_bytes")
            return {(HOSTILE if free else key): hostile(each, key) for key, each in value.items()}
        case list():
            return [hostile(each, name) for each in value] or ([HOSTILE] if name in ("form", "domains") else [])
        case str() if name not in _KEPT and name != "verdict" and name != "subject":
            return HOSTILE + value
    return value


def hostile_run():
    """Returns a run in which every string is hostile."""
    return [hostile(each) for each in [*run(30), finding(destination__url=HOSTILE * 20, path=HOSTILE)]]
