"""What the user searched for, under a name that says so. A bare `q` or `keyword` is found by known values alone."""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict

_LONGEST = 100


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text.strip()
    if not candidate.named or not 2 <= len(text) <= _LONGEST or re.search(r"://|[{}<>\[\]=]", text):
        return None
    if not any(c.isalpha() for c in text) or re.fullmatch(r"[A-Za-z0-9_.-]*[0-9_.][A-Za-z0-9_.-]*", text):
        return None
    return Verdict("key", 0.7)


IDENTIFIERS = (
    Identifier(
        "search",
        "behaviour",
        keys=(
            "(?:.*_)?search_(?:word|words|keyword|keywords|query|text|term|terms|content|key|kw)",
            "sou_suo_(?:ci|guan_jian_ci|nei_rong)?|guan_jian_ci|搜索(?:词|内容|关键[词字])",
        ),
        known_keys=("(?:.*_)?(?:q|query|keyword|kw|search|word)",),
        judge=_judge,
    ),
)
