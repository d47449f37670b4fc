"""Header fields that say how a body is to be read: media type with parameters, content codings, dispositions."""

import re
from functools import lru_cache

_PARAMETER = re.compile(r';\s*([\w!#$&^.+*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_AROUND = " \t\"'"
_NONE = frozenset(
    ("", "identity", "none", "null", "binary", "7bit", "8bit", "utf-8", "utf8", "text", "plain", "amz-1.0")
)
"""What is said where no coding was applied: rightly, or by mistake for a charset, a transfer encoding or a protocol."""

_ESCAPED = re.compile(r"\\(.)")


@lru_cache(1024)
def parameterised(value: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Returns the value in lower case and its parameters with lower-case names (RFC 9110, section 5.6.6)."""
    text = value.decode("utf-8", "replace")
    head = text.partition(";")[0].strip().lower()
    parameters = []
    for name, content in _PARAMETER.findall(text):
        content = content.strip()
        if len(content) > 1 and content[0] == content[-1] == '"':
            content = _ESCAPED.sub(r"\1", content[1:-1])
        parameters.append((name.lower(), content))
    return head, tuple(parameters)


@lru_cache(256)
def codings(values: tuple[bytes, ...]) -> tuple[str, ...]:
    """Returns the content codings of all Content-Encoding fields, the outermost (last applied) first."""
    names = [name.partition(";")[0].strip(_AROUND) for value in values for name in value.decode("latin-1").split(",")]
    return tuple(name for name in reversed([name.lower() for name in names]) if name not in _NONE)
