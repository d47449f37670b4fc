"""What a benchmark is, and how it is asked to run."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`size` of the traffic in MB (10^6 bytes), `runs` of each contestant, whether to `keep` the traffic.

    `draws` is how many messages are drawn at random, by `seed` (the same again where it is `SEED/NUMBER`), or sent.
    """

    size: float = 100
    runs: int = 3
    keep: bool = False
    draws: int = 10_000
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`run` prints its results and returns whether they are right: speed is never of a wrong result.

    `draws` is how many messages it takes unless told otherwise.
    """

    name: str
    about: str
    run: Callable[[Options], bool]
    draws: int = 10_000
