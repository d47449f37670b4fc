"""What archives have in common: members with names, of which each is a part; nothing is ever written anywhere.

A member's path is `.NAME`; a name is quoted if it could be mistaken for another piece of a path, and a repeated one
gets its index. A name that may be data itself is a part too, at the member's path with `#key`.
"""

import re

from leaktap.decoders._api import Context, LimitReached, Part
from leaktap.decoders._plain import DATA_NAME, step

_PATH = re.compile(r"[\w$@/-][\w$@/ .,+=~-]{0,99}")


class Members:
    """The parts of one archive, within the limits."""

    def __init__(self, context: Context) -> None:
        """Begins with none."""
        self.parts: list[Part] = []
        self.problems: list[str] = []
        self._most, self.room = context.most, context.room
        self._counts: dict[str, int] = {}

    def name(self, raw: bytes) -> tuple[str, tuple[str, ...]]:
        """Returns the path and the key of the next member, and lists its name."""
        name = _text(raw)
        here = f".{name}" if _PATH.fullmatch(name) else step(name)
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        if count:
            here = f"{here}[{count}]"
        elif DATA_NAME.search(name):
            self.add(Part(name.encode("utf-8", "replace"), f"{here}#key", ()))
        return here, (name,)

    def add(self, part: Part) -> None:
        """Lists a part, if there is anything in it.

        Raises:
            LimitReached: there are more parts or bytes than the context allows.
        """
        if not part.value:
            return
        if len(self.parts) >= self._most:
            raise LimitReached("parts", self.parts)
        if len(part.value) > self.room:
            raise LimitReached("bytes", self.parts)
        self.room -= len(part.value)
        self.parts.append(part)

    def problem(self, why: str) -> None:
        """Notes what could not be read."""
        if len(self.problems) < 3:
            self.problems.append(why)


def _text(raw: bytes) -> str:
    """Returns a name as text: archives say of which charset it is only if it is UTF-8, and not even that reliably."""
    for charset in ("utf-8", "gb18030"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
