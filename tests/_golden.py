"""What a scan of each golden case yields, worked out once in a process."""

from functools import cache
from pathlib import Path

from leaktap.config import load_case, load_devices
from leaktap.consent import Timeline
from leaktap.pipeline import Pipeline
from leaktap.sources import Reading, read

CAPTURES = Path(__file__).parents[1] / "captures"
CASES = sorted(file.parent.name for file in CAPTURES.glob("*/case.yaml"))


@cache
def items(case):
    """Returns the records of a golden case, of the first of its captures."""
    folder = CAPTURES / case
    about = load_case(folder / "case.yaml")
    pipeline = Pipeline(about, load_devices(about.devices), Timeline(about.events))
    (file, *_) = sorted(folder.glob("capture.*"))
    return tuple(pipeline.run(read(str(file), Reading())))
