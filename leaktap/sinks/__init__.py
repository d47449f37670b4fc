"""One file per output, each with `SINK`; `_api` is the contract, `_record` the one way from a record to its fields."""

import sys
from pathlib import PurePath

from leaktap.discover import discover
from leaktap.sinks._api import Options, ReaderGone, Sink, SinkError, SinkKind
from leaktap.sinks._spooled import Spooled

__all__ = ["Options", "ReaderGone", "Sink", "SinkError", "Spooled", "kinds", "open_sink"]


def kinds() -> list[SinkKind]:
    """Returns every kind of output there is."""
    return discover(sys.modules[__name__], "SINK")


def open_sink(target: str, options: Options, default_format: str) -> Sink:
    """Opens `target`: its scheme says the kind, else its ending; standard output (`-`) takes `default_format`.

    Raises:
        SinkError: no kind fits, or it cannot be written.
    """
    known = kinds()
    scheme, colon, rest = target.partition(":")
    if colon:
        for kind in known:
            if scheme.lower() in (kind.name, *kind.schemes):
                return kind.open(target if rest.startswith("//") else rest, options)
    if target == "-":
        formats = {kind.name: kind for kind in known if not kind.far}
        if default_format in formats:
            return formats[default_format].open(target, options)
        raise SinkError(f"{default_format!r} is no format: use one of {', '.join(formats)}")
    name = PurePath(target).name.lower()
    for kind in known:
        if any(name.endswith(ending) and name != ending for ending in kind.endings):
            return kind.open(target, options)
    endings = " ".join(ending for kind in known for ending in kind.endings)
    schemes = " ".join(f"{name}:" for kind in known for name in (kind.name, *kind.schemes))
    raise SinkError(
        f"{target or repr(target)}: no output is known by this name: end it in {endings}, or begin it with {schemes}"
    )
