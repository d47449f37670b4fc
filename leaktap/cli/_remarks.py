"""What a scan says beside its results to somebody who looks on: a hint before it, and one line after it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from leaktap.cli._voice import remark
from leaktap.model import SEVERITIES, Inventory, Record, Summary
from leaktap.sinks._words import counted, recipient_words

_BEFORE = ("not_running", "before_notice", "before_consent", "refused", "withdrawn")
_MOST_NAMES = 4


def hint(case: bool, device: bool, consent: bool) -> None:
    """Says what would tell more, where nothing is configured; a case may well mean to leave something out."""
    missing = []
    if not device:
        missing.append("with a device profile (--device FILE) the phone's own values are found in any disguise")
    if not consent:
        missing.append("with --consent TIME, or --before-consent, it is said what was sent before the user agreed")
    if missing and not case:
        missing.append("a case (--case FILE) adds the app, its own servers and its policy: leaktap init writes both")
        remark(f"hint: {'; '.join(missing)}")


class Total:
    """Counts what a run found, for its last line."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._rows: list[Inventory] = []
        self._summary: Summary | None = None

    def take(self, record: Record) -> None:
        """Takes what closes a run."""
        match record:
            case Inventory(direction="request"):
                self._rows.append(record)
            case Summary():
                self._summary = record

    def say(self, written: Sequence[str]) -> None:
        """Says what was found, and where it was `written`."""
        if self._summary:
            remark("; ".join(self._parts(self._summary)) + (f": {', '.join(written)}" if written else ""))

    def _parts(self, summary: Summary) -> Iterable[str]:
        findings = sum(summary.findings.values())
        severities = [f"{summary.findings[name]:,} {name}" for name in SEVERITIES if summary.findings.get(name)]
        classes = Counter[str]()
        whom = Counter[str]()
        before = 0
        for row in self._rows:
            classes[row.identifier] += row.count
            host = next(iter(row.hosts), "other hosts")
            whom[recipient_words(row.owner.sdk, row.owner.company, host)] += row.count
            before += sum(count for phase, count in row.phases.items() if phase in _BEFORE)
        if findings:
            yield f"{counted(findings, 'finding')} ({', '.join(severities)})"
            if self._rows:
                yield f"{_few(classes)} to {_few(whom)}"
            if before:
                yield f"{before:,} before consent"
        else:
            yield "nothing personal was found leaving"
        if broken := {*summary.clauses, *(clause.id for clause in summary.session_clauses)}:
            yield f"{counted(len(broken), 'clause')} broken"
        yield f"{int(summary.inspected_share * 1000) / 10:g}% inspected"
        if summary.faults:
            yield counted(summary.faults, "fault")


def _few(names: Counter[str]) -> str:
    shown = [name for name, _ in names.most_common(_MOST_NAMES)]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
