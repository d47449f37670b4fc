"""One file per format. Each defines `DECODER`; `_api` is the contract, `_walk` the one recursion over all of them."""

from leaktap.decoders._message import parts
from leaktap.decoders._schema import check
from leaktap.decoders._walk import Limited, Limits, hints, walk

__all__ = ["Limited", "Limits", "check", "hints", "parts", "walk"]
