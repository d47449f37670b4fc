"""The output of a session without outputs: each new thing is one line in mitmproxy's log, at once."""

import logging
from collections import Counter

from leaktap.model import BLIND_REASONS, Blind, Fault, Finding, Record, Summary
from leaktap.sinks._record import shown_value
from leaktap.sinks._words import consent, counted, disguise, harmless

log = logging.getLogger("leaktap")

ALERT = logging.INFO + 1
"""mitmproxy's level for what the user is to see at once. mitmproxy itself is not imported where records are written."""
_MOST_SEEN = 10_000
_TOLD = frozenset(10**power for power in range(9))
"""The counts at which something that repeats is said."""


class LogLines:
    """A sink. What differs only in time and value is one line, and once more at its tenth, hundredth, ... time."""

    def __init__(self, reveal: bool) -> None:
        """With `reveal`, values are shown whole."""
        self._reveal = reveal
        self._seen: Counter[tuple[object, ...]] = Counter()

    def write(self, record: Record) -> None:
        """Says what is new."""
        match record:
            case Finding():
                match, phase = record.match, record.phase
                count = self._count(match.identifier, match.form, recipient(record), phase.name, phase.background)
                if count in _TOLD:
                    log.log(ALERT, line(record, self._reveal) + (f" ×{count:,}" if count > 1 else ""))
            case Blind():
                host = record.host or record.ip
                if self._count(record.why, record.protocol, host) == 1:
                    why = BLIND_REASONS.get(record.why, record.why)
                    log.info(harmless(f"leaktap: not inspected: {host or record.protocol}: {why} {record.detail}"))
            case Fault():
                if self._count(record.stage, record.why) == 1:
                    log.info(harmless(f"leaktap: {record.where}: {record.why}"))
            case Summary():
                log.log(ALERT, _totals(record))

    def close(self) -> None:
        """Has nothing to do."""

    def _count(self, *key: object) -> int:
        """Returns how often this has been, or nothing where there are too many different ones to count."""
        if key not in self._seen and len(self._seen) >= _MOST_SEEN:
            return 0
        self._seen[key] += 1
        return self._seen[key]


def recipient(finding: Finding) -> str:
    """Returns who received something, in few words."""
    return finding.owner.sdk or finding.owner.company or finding.exchange.host


def line(finding: Finding, reveal: bool) -> str:
    """Says a finding in one line."""
    match, to_consent = finding.match, finding.phase.to_consent
    clauses = " ".join(dict.fromkeys(clause.id for clause in finding.clauses))
    return harmless(
        f"leaktap: {finding.severity}: {match.identifier} {shown_value(finding, reveal)} ({disguise(match.form)}) "
        f"to {recipient(finding)} ({finding.exchange.host}), "
        f"{', '.join(consent(finding.phase, to_consent, to_consent))}{clauses and f' [{clauses}]'}"
    )


def _totals(summary: Summary) -> str:
    found = [f"{count} {severity}" for severity, count in summary.findings.items() if count]
    blind = [f"{count} {why}" for why, count in summary.blind.items()]
    return (
        f"leaktap: {', '.join(found) or 'no findings'}; {counted(summary.exchanges, 'exchange')}, "
        f"{summary.inspected_share:.0%} of the bytes inspected; not inspected: {', '.join(blind) or 'nothing'}"
    )
