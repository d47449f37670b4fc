"""An explanation as a person reads it, section by section, and as a program does.

What was found anywhere in the exchange is masked in every form unless it may be shown; a form that holds it in disguise
cannot be shown then at all. Captured bytes are hostile: what cannot be printed is escaped, values are shortened.
"""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from leaktap.decoders import is_text
from leaktap.examine import Found
from leaktap.explain import Explanation, Step
from leaktap.model import Finding, Message
from leaktap.records import FindingRecord
from leaktap.rules import Clause
from leaktap.sinks._words import disguise, harmless, size
from leaktap.trees import Shown
from leaktap.trees._picture import escaped

SCHEMA = "leaktap.explanation/1"

_HEAD, _QUIET, _FOUND = "bold", "dim", "bold red"
_LONGEST_TEXT, _HEX_BYTES = 600, 64
_MOST_HEADERS = 30
_MARK_AROUND = 200


def shown_of(explanation: Explanation, reveal: bool) -> Shown:
    """Returns what masks everything that was found in the exchange."""
    found = [item.match for item in explanation.examined.found if isinstance(item, Found)]
    return Shown([*found, explanation.finding.match], reveal)


def of_record(record: FindingRecord, clauses: dict[str, Clause]) -> Iterator[Text]:
    """Yields what the record of a finding says, in words."""
    place, owner, evidence = record["destination"], record["owner"], record["evidence"]
    yield _head(f"{record['severity']}: {record['identifier']} to {_name(record)}")
    yield from _pairs(
        id=record["id"],
        what=f"{record['value']} ({disguise(record['form'])})",
        certainty=_joined(f"{record['basis']}, {record['confidence']:.2f}", record["why"]),
        where=record["path"],
        request=f"{place['method']} {place['url']}",
        time=record["time"],
    )
    yield _head("To whom")
    said = (("company", owner["company"]), ("purpose", owner["purpose"]), ("group", owner.get("group", "")))
    yield from _pairs(party=owner["party"], sdk=owner["sdk"], **dict(said))
    yield from _pairs(carrier=owner.get("carrier", ""), because=owner["basis"])
    yield _head("When")
    seconds = record["seconds_to_consent"]
    to_consent = "" if seconds is None else f"{abs(seconds):.3f} s {'before' if seconds > 0 else 'after'} consent"
    phase = record["phase"].replace("_", " ") + (", in the background" if record["background"] else "")
    yield from _pairs(phase=_joined(phase, to_consent))
    app = record["app"]
    yield from _pairs(app=_joined(app["package"] or app["name"], app["basis"]) if app else "not known which app")
    yield _head("Against what")
    for hit in record["clauses"]:
        yield Text(f"  {hit['id']}  {hit['severity']}, {hit['evidence']}: {harmless(hit['title'])}")
        clause = clauses.get(hit["id"])
        yield from _pairs(
            "    ",
            text=clause.title.zh if clause else "",
            because=str(hit.get("why", "")),
            remedy=clause.remedy.en if clause and clause.remedy else "",
            proof=", ".join(hit.get("proof", ())),
        )
    if not record["clauses"]:
        yield Text("  no clause is broken, as far as traffic and case can tell")
    yield _head("In the input")
    frames = ", ".join(map(str, evidence["frames"]))
    yield from _pairs(
        source=evidence["source"], packets=frames, Wireshark=evidence["frame_filter"] or "", flow=evidence["flow"] or ""
    )


def of_bytes(explanation: Explanation, shown: Shown, reveal: bool) -> Iterator[Text]:
    """Yields the request and every form on the way to the value."""
    finding = explanation.finding
    yield _head("The message")
    for line in _message(finding, shown):
        yield Text(f"  {line}")
    yield _head("From the bytes to the value")
    for step, last in zip(explanation.steps, _lasts(explanation.steps), strict=True):
        made = f"|{step.decoder}: " if step.decoder else ""
        yield Text(f"  {made}{harmless(escaped(shown.text(step.path)))}  ").append(size(len(step.value)), _QUIET)
        for row in _value(step, last, finding, shown, reveal):
            yield Text("    ").append(row)
    yield Text(f"  curl: {harmless(_curl(finding, shown), 4000)}", _QUIET)


def document(
    record: FindingRecord, explanation: Explanation | None, shown: Shown | None, reveal: bool
) -> dict[str, Any]:
    """Returns the whole for a program."""
    fields: dict[str, Any] = {"schema": SCHEMA, "finding": record}
    if explanation and shown:
        lasts = _lasts(explanation.steps)
        fields["steps"] = [
            _step(step, last, shown, reveal) for step, last in zip(explanation.steps, lasts, strict=True)
        ]
        fields["message"] = list(_message(explanation.finding, shown))
    return fields


def _lasts(steps: Sequence[Step]) -> list[bool]:
    return [index == len(steps) - 1 for index in range(len(steps))]


def _step(step: Step, last: bool, shown: Shown, reveal: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": shown.text(step.path), "decoder": step.decoder, "bytes": len(step.value)}
    if not (last or reveal):
        return {**fields, "hidden": True}
    if is_text(step.value):
        return {**fields, "text": shown.bytes(step.value).decode("utf-8", "replace")[:_LONGEST_TEXT]}
    return {**fields, "hex": step.value[:_HEX_BYTES].hex()} if reveal else {**fields, "hidden": True}


def _value(step: Step, last: bool, finding: Finding, shown: Shown, reveal: bool) -> Iterator[Text]:
    if not (last or reveal):
        yield Text("holds the value in disguise: --reveal shows it", _QUIET)
        return
    value = step.value
    if is_text(value):
        start, end = finding.match.span if last else (0, 0)
        if last and len(value) > _LONGEST_TEXT:
            cut = max(start - _MARK_AROUND, 0)
            value = value[cut : end + _MARK_AROUND]
        text = shown.bytes(value).decode("utf-8", "replace")
        yield Text(harmless(escaped(text), _LONGEST_TEXT), _FOUND if last else "")
        return
    if not reveal:
        yield Text("binary, and the value is in it: --reveal shows it", _QUIET)
        return
    for at in range(0, min(len(value), _HEX_BYTES), 16):
        row = value[at : at + 16]
        printable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield Text(f"{at:04x}  {row.hex(' '):47}  {printable}", _QUIET)
    if len(value) > _HEX_BYTES:
        yield Text(f"and {len(value) - _HEX_BYTES:,} bytes more", _QUIET)


def _message(finding: Finding, shown: Shown) -> Iterator[str]:
    """Yields the message's head, with what was found masked."""
    message: Message = finding.message
    yield harmless(escaped(shown.text(" ".join(message.start))), _LONGEST_TEXT)
    for name, value in message.headers[:_MOST_HEADERS]:
        line = f"{name.decode('latin-1')}: {shown.bytes(value).decode('utf-8', 'replace')}"
        yield harmless(escaped(line), _LONGEST_TEXT)
    if len(message.headers) > _MOST_HEADERS:
        yield f"and {len(message.headers) - _MOST_HEADERS} header fields more"
    if message.body:
        yield f"({size(len(message.body))} of body)"


def _curl(finding: Finding, shown: Shown) -> str:
    """Returns a command that would send the head of the request again, with what was found masked."""
    request = finding.exchange.request
    words = ["curl", "-X", request.start[0], shown.text(finding.url)]
    for name, value in request.headers[:_MOST_HEADERS]:
        if name.lower() not in (b"content-length", b"host", b"connection") and not name.startswith(b":"):
            words += ["-H", f"{name.decode('latin-1')}: {shown.bytes(value).decode('utf-8', 'replace')}"]
    if request.body:
        words += ["--data-binary", "@BODY"]
    return shlex.join(words)


def _name(record: FindingRecord) -> str:
    owner = record["owner"]
    return owner["sdk"] or owner["company"] or record["destination"]["host"]


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _head(text: str) -> Text:
    return Text(harmless(text), _HEAD)


def _pairs(indent: str = "  ", /, **said: str) -> Iterator[Text]:
    for name, value in said.items():
        if value:
            yield Text(f"{indent}{name:10}").append(harmless(value, 2000))
