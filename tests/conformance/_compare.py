"""Holds what leaktap sees against what tshark sees."""

from leaktap.model import Blind
from tests.conformance._judge import judged
from tests.conformance._ours import looked

LOOSE = ("-o", "tcp.reassemble_out_of_order:FALSE", "-o", "http.desegment_body:FALSE")
"""So that tshark shows the head of a message whose body is not all there."""


def differences(path, keys=None, options=(), judges=(), least=0):
    """Returns what differs as (table, who has it, row), bodies shortened.

    `judges` are the files that tshark reads, with their keys and options, if it is others. At least `least` tables.

    Two differences are none: a message that lacks bytes that were not captured, where the rest of it is right, and a
    response without its request, which is no exchange, but a `Blind`.
    """
    whole, broken, rest = looked(path, [keys] if keys else [])
    theirs: dict = {}
    for judge in judges or [(path, keys, options)]:
        for table, rows in judged(*judge).tables():
            theirs.setdefault(table, []).extend(rows)
    ours, parts = dict(whole.tables()), dict(broken.tables())
    heads = judged(path, keys, (*options, *LOOSE)) if parts and not judges else None
    found = [("tables", "tshark", len(theirs))] if len(theirs) < least else []
    for table in sorted({*theirs, *ours, *parts}, key=repr):
        expected, got = theirs.get(table, []), ours.get(table, [])
        for part in parts.get(table, []):
            same = [row for row in expected if row not in got and of(part, row)]
            if same:
                expected.remove(same[0])
            elif heads is None or part[:-1] not in [row[:-1] for row in dict(heads.tables()).get(table, [])]:
                found.append((table, "leaktap, in part", shortened(part)))
        if table[0] == "answers" and not got and alone(table[1], rest):
            expected = []
        if expected != got:
            some = [(table, "tshark", shortened(row)) for row in expected if row not in got]
            some += [(table, "leaktap", shortened(row)) for row in got if row not in expected]
            found += some or [(table, "both, in another order or number", len(got))]
    return found


def alone(stream, rest):
    """Tells whether leaktap told of responses without their requests."""
    return any(
        isinstance(blind, Blind) and blind.stream == stream and blind.detail == "a response without its request"
        for blind in rest
    )


def of(part, whole):
    """Tells whether a row is another one, except that bytes are missing in one place of its bodies."""
    if isinstance(part, bytes):
        same = next((at for at, (a, b) in enumerate(zip(part, whole, strict=False)) if a != b), len(part))
        return len(part) <= len(whole) and whole.endswith(part[same:])
    if len(part) == 6:  # HTTP/2
        return part[:4] == whole[:4] and of(part[4], whole[4]) and (part[5] == whole[5] or of(part[5], whole[5]))
    return part[:-1] == whole[:-1] and of(part[-1], whole[-1])


def shortened(row):
    if isinstance(row, bytes):
        return row if len(row) <= 60 else row[:30] + b"...%d..." % len(row) + row[-10:]
    return tuple(map(shortened, row)) if isinstance(row, tuple) else row
