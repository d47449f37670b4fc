"""What mitmproxy loads: from an installation, and from a checkout that nothing installed, also through its link."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import sys
sys.path.append({packages!r})
import importlib.util
assert importlib.util.find_spec("leaktap") is None
import runpy
made = runpy.run_path({script!r})
import leaktap
print(leaktap.__file__)
for name in ("request", "response", "configure", "leaktap.mark", "leaktap.page"):
    assert callable(made[name]), name
"""


@pytest.mark.parametrize("script", ["addon/script.py", "leaktap/addon/script.py"])
def test_a_checkout_needs_no_installation(script, tmp_path):
    code = CODE.format(packages=sysconfig.get_paths()["purelib"], script=str(ROOT / script))
    done = subprocess.run([sys.executable, "-ES", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(ROOT / "leaktap/__init__.py")


def test_the_path_is_printed_without_loading_mitmproxy():
    code = (
        "import sys; from leaktap.cli import run; run(['addon-path']); "
        "print([m for m in ('mitmproxy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    path, loaded = done.stdout.split("\n")[:2]
    assert Path(path) == ROOT / "leaktap/addon/script.py" and Path(path).is_file() and loaded == "[]"
