"""How much is found of what is planted, and how little where nothing is.

Recall over messages drawn at random: identifier, form, up to five wrappers, place. Precision over ordinary traffic and
random bytes with an invented phone, of which nothing may be found. TrackHAR reads the same messages where it is there.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from benchmarks._benign import precision
from benchmarks._matrix import Draw, Matrix, Verdict
from benchmarks._measure import table
from benchmarks._options import Benchmark, Options
from benchmarks._trackhar import compare

_MOST_SHOWN = 40

type Judged = tuple[Draw, Verdict]


def _measure(options: Options) -> bool:
    seed, _, number = options.seed.partition("/")
    matrix = Matrix(seed or secrets.token_hex(4))
    if number:
        return _again(matrix, int(number))
    print(f"seed {matrix.seed}: {options.draws} messages")
    began = time.monotonic()
    judged = [(draw, matrix.judge(draw)) for draw in map(matrix.draw, range(options.draws))]
    seconds = time.monotonic() - began
    _recall(judged)
    missed = [each for each in judged if not each[1].found]
    astray = [each for each in judged if each[1].found and not each[1].right]
    for what, these in (("not found", missed), ("found by another path or form", astray)):
        _tell(matrix, what, these)
    print(f"{len(judged) - len(missed)} of {len(judged)} found, {len(astray)} of them astray, in {seconds:.0f} s")
    compare(matrix, judged)
    return precision(matrix.identity, options.size, matrix.seed) and not missed and len(astray) * 100 <= len(judged)


def _again(matrix: Matrix, number: int) -> bool:
    draw = matrix.draw(number)
    verdict = matrix.judge(draw)
    message = matrix.message(draw)
    print(draw, message.start[1], *message.headers, message.body, sep="\n  ")
    _tell_one(matrix, draw, verdict)
    return verdict.found and verdict.right


def _recall(judged: list[Judged]) -> None:
    """Prints what share was found, and what share at the right path in the right form, by each side of the matrix."""
    sides: dict[str, Callable[[Draw], Iterable[str]]] = {
        "wrapper": lambda draw: set(draw.wrappers),
        "identifier": lambda draw: (draw.writing.identifier,),
        "form": lambda draw: (draw.writing.family,),
        "place": lambda draw: (draw.place,),
        "depth": lambda draw: (str(len(draw.wrappers)),),
        "beside it": lambda draw: ("much" if draw.much else "little",),
    }
    for side, of in sides.items():
        groups: dict[str, list[Verdict]] = defaultdict(list)
        for draw, verdict in judged:
            for group in of(draw):
                groups[group].append(verdict)
        rows = [
            (name, str(len(these)), _share(these, "found"), _share(these, "right")) for name, these in groups.items()
        ]
        print(table((side, "draws", "found", "right"), sorted(rows)), end="\n\n")


def _share(verdicts: list[Verdict], what: str) -> str:
    return f"{100 * sum(getattr(verdict, what) for verdict in verdicts) / len(verdicts):.2f}%"


def _tell(matrix: Matrix, what: str, judged: list[Judged]) -> None:
    """Prints what went wrong, the same thing once: each draw is made as small as it can be."""
    smallest: dict[tuple[object, ...], list[Draw]] = defaultdict(list)
    for draw, _ in judged[: _MOST_SHOWN * 5]:
        small = matrix.shrunk(draw)
        smallest[small.writing.family, small.wrappers, small.place, small.much].append(small)
    for draws in sorted(smallest.values(), key=len, reverse=True)[:_MOST_SHOWN]:
        print(f"{what}{f' {len(draws)} times' if len(draws) > 1 else ''}:")
        _tell_one(matrix, draws[0], matrix.judge(draws[0]))


def _tell_one(matrix: Matrix, draw: Draw, verdict: Verdict) -> None:
    print(f"  {draw}\n    planted at {verdict.expected}\n    seen: {'; '.join(verdict.seen) or 'nothing'}"[:2000])


BENCHMARK = Benchmark("accuracy", "what is found of what is planted, and what is found where nothing is", _measure)
