import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.lzstring import decode
from leaktap.identifiers._lzstring import lz_string
from tests._kept import KEPT

LZ_STRING = KEPT / "lz-string-1.5.0.js"
VECTORS = [  # as lz-string 1.5.0 writes them
    ("19900001234", "IwThAZPYCYGYAsQ"),
    ("867530912345673", "BwNg7ArAzADAnARgExQCwXFI"),
    ("张三丰 867530912345673", "gT6kg5QMcgBAHAbA7AVgMwAYCcBGATEgLA+JI"),
    ('{"imei":"867530912345673"}', "N4IglgtgpmIFwgBwDYDsBWAzABgJwEYAmTAFnTUxAF8g"),
    ("a" * 110, "IY18ZXTt/Dx"),
]
texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=6, max_size=60) | st.text("ab01", min_size=6)


@pytest.mark.parametrize(("text", "signs"), VECTORS)
def test_written(text, signs):
    made = lz_string(text).decode()
    assert made.startswith(signs) and not made[len(signs) :].strip("A")


@given(texts)
def test_what_is_written_is_read(text):
    signs = lz_string(text)
    assert [part.value for part in decode(signs + b"=" * (-len(signs) % 4), Context())] == [text.encode()]


@pytest.mark.skipif(shutil.which("node") is None, reason="the program node is not there")
@pytest.mark.skipif(not LZ_STRING.is_file(), reason=f"there is no {LZ_STRING}: see .ci/run")
def test_what_javascript_writes():
    texts = [f"1990000{n * 7919 % 10**4:04}" for n in range(200)]
    texts += ["张三丰", "a", "aa", "😀😀1", "é" * 40, "ab" * 90]
    script = (
        "const z=require(process.argv[1]);const t=JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(t.map(x=>z.compressToBase64(x))))"
    )
    made = subprocess.run(
        ["node", "-e", script, LZ_STRING], input=json.dumps(texts).encode(), capture_output=True, check=True
    )
    assert [lz_string(text).decode() for text in texts] == [each.rstrip("=") for each in json.loads(made.stdout)]
