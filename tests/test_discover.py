import importlib
import sys

import pytest

from leaktap.discover import discover

MODULES = {
    "__init__.py": "PART = 'the package itself'",
    "b.py": "PART = 'b'",
    "a.py": "PART = 'a'",
    "c.py": "OTHER = 'c'",
    "_machinery.py": "PART = 'machinery'",
    "notes.txt": "PART = 'notes'",
}


@pytest.fixture
def room(tmp_path, monkeypatch):
    folder = tmp_path / "room_of_parts"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("room_of_parts")
    for name in [name for name in sys.modules if name.startswith("room_of_parts")]:
        del sys.modules[name]


def test_parts_are_found_in_the_order_of_their_modules(room):
    assert discover(room, "PART") == ["a", "b"]
    assert discover(room, "OTHER") == ["c"]
    assert discover(room, "NOTHING") == []


def test_a_new_file_is_a_new_part(room, tmp_path):
    (tmp_path / "room_of_parts" / "d.py").write_text("PART = 'd'")
    importlib.invalidate_caches()
    assert discover(room, "PART") == ["a", "b", "d"]


def test_a_broken_part_is_not_swallowed(room, tmp_path):
    (tmp_path / "room_of_parts" / "e.py").write_text("PART = undefined")
    importlib.invalidate_caches()
    with pytest.raises(NameError):
        discover(room, "PART")
