"""What findings leave on a flow: a comment, a marker and metadata, which mitmproxy's own filters find.

`~comment leaktap` and `~marker red` work in every mitmproxy. What the user wrote stays: the comment is appended to, a
marker of the user's own is not touched.
"""

from collections.abc import Sequence
from typing import Any

from mitmproxy.flow import Flow

from leaktap.addon._log import recipient
from leaktap.model import SEVERITIES, Finding, Severity
from leaktap.sinks._record import record
from leaktap.sinks._words import consent, disguise, harmless

MARKERS: dict[Severity, str] = {
    "critical": ":red_circle:",
    "high": ":red_circle:",
    "medium": ":orange_circle:",
    "low": ":yellow_circle:",
    "info": ":white_circle:",
}
_MOST_FINDINGS = 50
"""Findings kept in a flow's metadata; outputs have them all."""
_MOST_WORDS = 8


def annotate(flow: Flow, findings: Sequence[Finding], reveal: bool) -> None:
    """Writes findings on their flow, beside what earlier ones left there."""
    kept: dict[str, Any] = flow.metadata.get("leaktap") or {}
    severities: list[Severity] = [finding.severity for finding in findings]
    if kept.get("severity") in SEVERITIES:
        severities.append(kept["severity"])
    severity = min(severities, key=SEVERITIES.index)
    said = list(dict.fromkeys([*kept.get("said", []), *map(_words, findings)]))
    comment, before = f"leaktap found {'; '.join(said[:_MOST_WORDS])}", kept.get("comment", "")
    if len(said) > _MOST_WORDS:
        comment += f"; and {len(said) - _MOST_WORDS} more"
    if before and before in flow.comment:
        flow.comment = flow.comment.replace(before, comment)
    else:
        flow.comment = f"{flow.comment} | {comment}" if flow.comment else comment
    if flow.marked in ("", kept.get("marker")):
        flow.marked = MARKERS[severity]
    records = [*kept.get("findings", []), *(record(finding, reveal) for finding in findings)]
    flow.metadata["leaktap"] = {
        "comment": comment,
        "marker": MARKERS[severity],
        "severity": severity,
        "said": said[:200],
        "findings": records[:_MOST_FINDINGS],
    }


def _words(finding: Finding) -> str:
    """Says a finding without its value: `imei (MD5) -> Umeng, before consent [MIIT-337-2019/1-2]`."""
    match = finding.match
    form = f" ({disguise(match.form)})" if match.form else ""
    clauses = " ".join(dict.fromkeys(clause.id for clause in finding.clauses))
    phase = ", ".join(consent(finding.phase, None, None))
    return harmless(f"{match.identifier}{form} -> {recipient(finding)}, {phase}{clauses and f' [{clauses}]'}")
