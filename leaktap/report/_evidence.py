"""What is needed to see a finding again: where it stood, the request with the value marked, filters, a command.

All of it comes from the record alone, so values in it are masked as they are there.
"""

import re
import shlex
from dataclasses import dataclass

from markupsafe import Markup, escape

from leaktap.records import FindingRecord
from leaktap.report._hostile import Whole, harmless

_LONGEST = 1200
_MASKED = re.compile(r"[*%…].*", re.DOTALL)
_PIECES = re.compile(r"\|(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The pieces of the evidence; what a record does not have is empty."""

    begin: Whole
    steps: list[Whole]
    request: Markup
    wireshark: Whole
    mitmproxy: Whole
    curl: Whole


def evidence(record: FindingRecord) -> Evidence:
    """Returns the evidence of a finding."""
    begin, *opened = steps(record["path"])
    return Evidence(
        begin=begin,
        steps=opened,
        request=_request(record, begin, opened),
        wireshark=harmless(record["evidence"]["frame_filter"] or "", _LONGEST),
        mitmproxy=_mitmproxy(record),
        curl=_curl(record, begin),
    )


def steps(path: str) -> list[Whole]:
    """Returns the layers of a path, the outermost first."""
    return [harmless(piece, _LONGEST) for piece in _PIECES.split(path)]


def marked(text: str, value: str) -> Markup:
    """Returns text with each occurrence of the (masked) value in a `mark` element."""
    shown, secret = harmless(text, _LONGEST), harmless(value)
    if not secret:
        return escape(str(shown))
    return Markup("<mark>{}</mark>").format(str(secret)).join(escape(piece) for piece in shown.split(secret))


def _request(record: FindingRecord, begin: str, opened: list[Whole]) -> Markup:
    """Returns the request as far as the record has it: its first line, and the place of the value."""
    where = record["destination"]
    lines = [marked(f"{where['method']} {where['url'] or where['host']}".strip(), record["value"])]
    side, _, place = begin.partition(".")
    if side == "response":
        lines.append(Markup("← {}").format(place or "response"))
    if place.startswith("header.") and not opened:
        lines.append(Markup("{}: <mark>{}</mark>").format(place[7:], str(harmless(record["value"]))))
    elif "<mark>" not in lines[0] or side == "response":
        last = str(opened[-1]).partition(".")[2] if opened else ""
        name = last or place
        lines.append(Markup("{} = <mark>{}</mark>").format(name, str(harmless(record["value"]))))
    return Markup("\n").join(lines)


def _mitmproxy(record: FindingRecord) -> Whole:
    """Returns a filter for such requests (https://docs.mitmproxy.org/stable/concepts-filters/)."""
    where = record["destination"]
    host, method = _MASKED.sub("", where["host"]), where["method"]
    terms = [f"~d {_quoted(re.escape(host) + ('$' if host == where['host'] else ''))}"] if host else []
    if re.fullmatch(r"[A-Z]{1,20}", method):
        terms.append(f"~m ^{method}$")
    path = "/" + _MASKED.sub("", where["url"].partition("://")[2].partition("/")[2].partition("?")[0])
    if len(path) > 1:
        terms.append(f"~u {_quoted(re.escape(path))}")
    return harmless(" & ".join(terms), _LONGEST)


def _quoted(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _curl(record: FindingRecord, begin: str) -> Whole:
    """Returns a command that asks again, of HTTP alone; every captured piece is quoted for a POSIX shell."""
    where = record["destination"]
    if where["scheme"] not in ("http", "https") or record["direction"] == "response":
        return Whole("")
    words = ["curl"]
    if where["method"] not in ("GET", ""):
        words += ["-X", where["method"]]
    if begin.startswith("request.header."):
        words += ["-H", f"{begin[15:]}: {record['value'] if '|' not in record['path'] else '...'}"]
    if begin == "request.body":
        words += ["--data-binary", "@body"]
    words.append(where["url"])
    return Whole(" ".join(shlex.quote(harmless(word, _LONGEST)) for word in words))
