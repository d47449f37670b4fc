"""Who received something, and which app sent it; `known()` is the catalogue of SDKs behind the answers."""

from leaktap.attribution._catalogue import Entry
from leaktap.attribution._developer import registrable
from leaktap.attribution._known import known
from leaktap.attribution.apps import Apps
from leaktap.attribution.clues import NO_CLUES, Clues, Witness
from leaktap.attribution.owners import Owners

__all__ = ["NO_CLUES", "Apps", "Clues", "Entry", "Owners", "Witness", "known", "registrable"]
