"""What mitmproxy loads with `-s`: it makes leaktap importable where only a checkout is there, and nothing else."""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("leaktap") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from leaktap.addon._joined import joined
from leaktap.addon._marks import MARKS
from leaktap.addon.commands import Commands
from leaktap.addon.live import Live
from leaktap.addon.page import Page
from leaktap.addon.view import Views

live = Live(MARKS)
page = Page(live)
globals().update(joined(page, live, Commands(live, page), Views(live)))
