"""A decode tree as a person reads it, line by line, and as a program does.

Captured bytes are hostile: what cannot be printed is escaped, values are shortened, and of many parts the first are
shown and those that hold something.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.text import Text

from leaktap.decoders._plain import is_text
from leaktap.model import Match
from leaktap.sinks._words import counted, disguise, harmless, size
from leaktap.trees._tree import Node, Opening, Shown, Tree

SCHEMA = "leaktap.decode/1"

_MOST_PARTS = 100
"""How many parts of one value are shown that hold nothing."""

_MOST_LINES = 5_000
_MOST_IN_JSON = 20_000
_LONGEST_TEXT, _LONGEST_HEX, _LONGEST_IN_JSON = 160, 48, 4_096
_KNOWN, _GUESSED, _WRONG, _QUIET, _DECODER = "bold red", "yellow", "magenta", "dim", "bold cyan"


def lines(tree: Tree, shown: Shown) -> Iterator[Text]:
    """Yields the tree, indented, and what there is not room for as a number."""
    count = 0
    stack: list[tuple[int, Node | Opening | str]] = [(0, tree.root)]
    while stack:
        depth, item = stack.pop()
        for line in [Text(item, _QUIET)] if isinstance(item, str) else _place(item, shown):
            yield Text("  " * depth).append(line)
            count += 1
        if count >= _MOST_LINES:
            yield Text(f"and more: {count:,} lines are enough; --json has up to {_MOST_IN_JSON:,} values", _QUIET)
            return
        if isinstance(item, Opening) and (sole := _sole(item)):
            item = sole
        if isinstance(item, Node):
            stack.extend((depth + 1, opening) for opening in reversed(item.opened))
        elif isinstance(item, Opening):
            stack.extend((depth + 1, part) for part in reversed(_chosen(item.parts)))


def _sole(opening: Opening) -> Node | None:
    """Returns the only part of what has no members, which has no name."""
    return opening.parts[0] if len(opening.parts) == 1 and not opening.parts[0].step else None


def _chosen(parts: list[Node]) -> list[Node | str]:
    """Returns the first parts and those that hold something, and how many are left out."""
    kept: list[Node | str] = []
    quiet = 0
    for part in parts:
        quiet += not (part.holds or part.notes)
        if part.holds or part.notes or quiet <= _MOST_PARTS:
            kept.append(part)
    return kept if quiet <= _MOST_PARTS else [*kept, f"and {quiet - _MOST_PARTS:,} more values"]


def _place(place: Node | Opening, shown: Shown) -> Iterator[Text]:
    line = Text()
    node = _sole(place) if isinstance(place, Opening) else place
    matches, notes = list(place.matches), list(place.notes)
    if isinstance(place, Opening):
        line.append(f"|{place.decoder}", _DECODER)
        if node is None:
            line.append(f"  {counted(len(place.parts), 'value')}, {size(place.size)}", _QUIET)
        else:
            matches, notes = [*matches, *node.matches], [*notes, *node.notes]
    else:
        line.append(harmless(escaped(shown.text(place.step))))
    if node is not None:
        line.append(f"  {size(len(node.value))}", _QUIET)
        if not node.opened:
            line.append("  ").append(_value(node.value, shown))
    yield line
    for match in matches:
        yield Text("    ").append(_found(match, shown))
    for note in notes:
        yield Text(f"    ! {harmless(escaped(shown.text(note)))}", _WRONG)


def _found(match: Match, shown: Shown) -> Text:
    style = _KNOWN if match.basis == "known" else _GUESSED
    text = Text(f"◀ {match.identifier}", style)
    text.append(f" {harmless(escaped(shown.match(match)), _LONGEST_TEXT)}", "not bold")
    count = f", {match.count:,} together" if match.count > 1 else ""
    device = f" of {harmless(match.device)}" if match.device else ""
    text.append(f" ({disguise(match.form)}; {match.basis}{device}, {match.confidence:.2f}{count})", "not bold")
    return text


def _value(value: bytes, shown: Shown) -> Text:
    if is_text(value):
        return Text(harmless(escaped(shown.bytes(value).decode("utf-8", "replace")), _LONGEST_TEXT))
    masked = shown.bytes(value)
    if masked != value:
        return Text("(binary; what was found in it is below)", _QUIET)
    return Text(value[:_LONGEST_HEX].hex(" ", 2) + ("…" if len(value) > _LONGEST_HEX else ""), _QUIET)


def escaped(text: str) -> str:
    """Returns text in which everything that is no printable character is escaped: `\\n`, `\\x1b`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def document(tree: Tree, shown: Shown) -> dict[str, Any]:
    """Returns the tree as `docs/decoding.md` describes it."""
    left = [_MOST_IN_JSON]
    whole = {
        "schema": SCHEMA,
        "bytes": len(tree.root.value),
        "found": [_found_fields(match, shown) for match in tree.matches],
        "tree": _fields(tree.root, shown, left),
    }
    return {**whole, "left_out": max(-left[0], 0)}


def _fields(node: Node, shown: Shown, left: list[int]) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": shown.text(node.path), "bytes": len(node.value)}
    if not shown.is_hidden(node):
        fields |= _written(node.value, shown)
    fields |= _hung(node, shown)
    if node.opened:
        fields["opened"] = [
            {"decoder": opening.decoder, "parts": list(_each(opening.parts, shown, left)), **_hung(opening, shown)}
            for opening in node.opened
        ]
    return fields


def _each(parts: Iterable[Node], shown: Shown, left: list[int]) -> Iterator[dict[str, Any]]:
    for part in parts:
        left[0] -= 1
        if left[0] >= 0 or part.holds:
            yield _fields(part, shown, left)


def _hung(place: Node | Opening, shown: Shown) -> dict[str, Any]:
    found = [_found_fields(match, shown) for match in place.matches]
    notes = [shown.text(note) for note in place.notes]
    return {**({"found": found} if found else {}), **({"notes": notes} if notes else {})}


def _written(value: bytes, shown: Shown) -> dict[str, Any]:
    """Returns a value as text or hex, and whether that is all of it."""
    cut = {"cut": True} if len(value) > _LONGEST_IN_JSON else {}
    if is_text(value):
        return {"text": shown.bytes(value).decode("utf-8", "replace")[:_LONGEST_IN_JSON], **cut}
    if shown.bytes(value) != value:
        return {}
    return {"hex": value[:_LONGEST_IN_JSON].hex(), **cut}


def _found_fields(match: Match, shown: Shown) -> dict[str, Any]:
    return {
        "identifier": match.identifier,
        "category": match.category,
        "value": shown.match(match),
        "form": list(match.form),
        "basis": match.basis,
        "confidence": match.confidence,
        "device": match.device,
        "count": match.count,
        "path": shown.text(match.leaf.path),
    }
