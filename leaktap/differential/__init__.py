"""Differential analysis: the same app run on different phones, for what no decoder opens.

`_fields` takes requests apart, `_follow` tells which fields follow the phone and not chance or the clock.
"""

from leaktap.differential._fields import Field, Seen, fields
from leaktap.differential._follow import Analysis, Run, Suspect

__all__ = ["Analysis", "Field", "Run", "Seen", "Suspect", "fields"]
