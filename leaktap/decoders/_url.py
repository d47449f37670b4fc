"""What a URL's path, query and fragment say, piece by piece: of a request's target and of URLs in values."""

from collections.abc import Iterator

from leaktap.decoders._api import LimitReached, Part
from leaktap.decoders._plain import unquote
from leaktap.decoders.form import fields

_SHORTEST_SEGMENT = 8
_MOST = 10_000


def path_and_query(target: bytes, at: str, most: int = _MOST) -> Iterator[Part]:
    """Yields the path (`.path`), each longer segment of it (`.path[i]`, named by the one before), the query's fields.

    `at` is the beginning of the parts' paths. What follows a `#` is left out.
    """
    path, _, query = target.partition(b"#")[0].partition(b"?")
    decoded = unquote(path)
    if decoded.strip(b"/"):
        yield Part(decoded, f"{at}.path", final=True)
    before = ""
    for index, raw in enumerate(path.strip(b"/").split(b"/", most)[:most]):
        segment = unquote(raw)
        if len(segment) >= _SHORTEST_SEGMENT:
            yield Part(segment, f"{at}.path[{index}]", (before,) if before.isidentifier() else ())
        before = segment.decode("utf-8", "replace")
    yield from named(query, f"{at}.query", most)


def named(query: bytes, at: str, most: int = _MOST) -> Iterator[Part]:
    """Yields the fields of a query, or the whole where it has none."""
    if b"=" not in query:
        if query:
            yield Part(unquote(query), at)
        return
    try:
        found = fields(query, most)
    except LimitReached as limit:
        # The whole is a part as well: there the walk will say that there was too much.
        found = [*limit.parts, Part(query)]
    for field in found:
        yield Part(field.value, f"{at}{field.path}", field.keys)
