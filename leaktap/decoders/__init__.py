"""One file per format. Each defines `DECODER`; `_api` is the contract, `_walk` the one recursion over all of them."""

from leaktap.decoders._api import Part, Watch
from leaktap.decoders._choice import hints
from leaktap.decoders._ciphertext import is_opaque, sealed
from leaktap.decoders._message import parts
from leaktap.decoders._opening import Opener
from leaktap.decoders._plain import is_text
from leaktap.decoders._schema import check
from leaktap.decoders._walk import LIMITS, Limited, Limits, walk
from leaktap.decoders.alphabet64 import shipped as alphabets

__all__ = [
    "LIMITS",
    "Limited",
    "Limits",
    "Opener",
    "Part",
    "Watch",
    "alphabets",
    "check",
    "hints",
    "is_opaque",
    "is_text",
    "parts",
    "sealed",
    "walk",
]
