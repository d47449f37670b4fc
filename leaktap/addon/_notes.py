"""What findings leave on a flow: a comment, a marker and metadata, which mitmproxy's own filters find.

`~comment leaktap` and `~marker red` work in every mitmproxy. What the user wrote stays: the comment is appended to, a
marker of the user's own is not touched.
"""

from collections.abc import Sequence
from typing import Any

from mitmproxy.flow import Flow

from leaktap.addon._session import Noted
from leaktap.model import SEVERITIES, Severity

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


def annotate(flow: Flow, notes: Sequence[Noted]) -> None:
    """Writes findings on their flow, beside what earlier ones left there."""
    kept: dict[str, Any] = flow.metadata.get("leaktap") or {}
    severities: list[Severity] = [note.severity for note in notes]
    if kept.get("severity") in SEVERITIES:
        severities.append(kept["severity"])
    severity = min(severities, key=SEVERITIES.index)
    said = list(dict.fromkeys([*kept.get("said", []), *(note.said for note in notes)]))
    comment, before = f"leaktap found {'; '.join(said[:_MOST_WORDS])}", kept.get("comment", "")
    if len(said) > _MOST_WORDS:
        comment += f"; and {len(said) - _MOST_WORDS} more"
    if before and before in flow.comment:
        flow.comment = flow.comment.replace(before, comment)
    else:
        flow.comment = f"{flow.comment} | {comment}" if flow.comment else comment
    if flow.marked in ("", kept.get("marker")):
        flow.marked = MARKERS[severity]
    records = [*kept.get("findings", []), *(note.record for note in notes)]
    flow.metadata["leaktap"] = {
        "comment": comment,
        "marker": MARKERS[severity],
        "severity": severity,
        "said": said[:200],
        "findings": records[:_MOST_FINDINGS],
    }
