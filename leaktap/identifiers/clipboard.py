"""What the user copied: the text under a name for the clipboard."""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict

_SHORTEST = 4


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text.strip()
    if not candidate.named or len(text) < _SHORTEST or re.fullmatch(r"[0-9.]{1,5}|[a-z]{1,12}|[A-Z_]{1,20}", text):
        return None
    return Verdict("key", 0.75)


IDENTIFIERS = (
    Identifier(
        "clipboard",
        "behaviour",
        keys=(
            "(?:.*_)?(?:clipboard|clip_board|paste_board)_(?:text|content|data|str|string|value)?",
            "(?:.*_)?clip_(?:text|content|data)|jian_qie_ban|zhan_tie_ban|剪[贴切]板(?:内容)?|粘贴板(?:内容)?",
        ),
        known_keys=("(?:.*_)?clip",),
        judge=_judge,
        long_values=True,
    ),
)
