import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from leaktap.spool import Row, Store, StoreError, folder, stores
from tests._waiting import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "spool", "mqtt://host", "mqtt://host#user=tap")
    yield made
    made.close()


def bodies(store, most=100):
    return [row.body for row in store.head(most)]


def test_rows_come_out_in_the_order_in_which_they_went_in(store):
    for number in range(5):
        store.put(f"f{number}", b"%d" % number)
    assert [row.id for row in store.head(3)] == ["f0", "f1", "f2"]
    store.done(store.head(2)[-1].seq)
    assert bodies(store) == [b"2", b"3", b"4"]
    assert store.waiting() == 3


def test_numbers_never_come_again(store):
    store.put("a", b"a")
    first = store.head(1)[0].seq
    store.done(first)
    store.put("b", b"b")
    assert store.head(1)[0].seq > first


def test_all_or_none(store):
    with pytest.raises(StoreError):
        store.put_all([Row(0, "a", b"a"), Row(0, None, b"b")])
    assert bodies(store) == []
    store.put("c", b"c")
    assert bodies(store) == [b"c"]


def test_a_row_that_is_set_aside_lets_the_others_pass_and_can_come_back(store):
    for name in "abc":
        store.put(name, name.encode())
    store.set_aside(store.head(2)[1], "answered 422")
    assert (bodies(store), store.refused()) == ([b"a", b"c"], 1)
    assert store.take_back() == 1
    assert (bodies(store), store.refused()) == ([b"a", b"c", b"b"], 0)


def test_only_its_owner_can_read_it(store, tmp_path):
    store.put("a", b"a")
    assert store.lock()
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    files = list((tmp_path / "spool").iterdir())
    assert len(files) >= 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_one_at_a_time_empties_it(store, tmp_path):
    other = Store(tmp_path / "spool", "mqtt://host", "mqtt://host#user=tap")
    assert store.lock()
    assert store.lock()
    assert not other.lock()
    other.put("a", b"a")
    assert bodies(store) == [b"a"]
    store.unlock()
    assert other.lock()
    other.close()


def test_each_receiver_has_its_own(store, tmp_path):
    other = Store(tmp_path / "spool", "mqtt://other", "mqtt://other")
    other.put("a", b"a")
    assert bodies(store) == []
    assert sorted(stores(tmp_path / "spool")) == ["mqtt://host#user=tap", "mqtt://other"]
    other.close()


def test_the_newest_target_is_kept(tmp_path):
    for target in ("nats://a#user=x", "nats://a#user=y"):
        Store(tmp_path, "nats://a", target).close()
    assert list(stores(tmp_path)) == ["nats://a#user=y"]


def test_a_full_queue_refuses_the_newest_and_says_so(tmp_path):
    store = Store(tmp_path, "x", "x", 300_000)
    with pytest.raises(StoreError, match=r"the spool is full \(0 MB\): allow more with #limit=MB"):
        for number in range(1000):
            store.put(f"f{number}", bytes(1000))
    kept = store.waiting()
    assert 150 < kept < 300
    assert store.head(1)[0].id == "f0"
    store.done(store.head(100)[-1].seq)
    store.put("later", b"fits again")
    assert store.head(1000)[-1].id == "later"
    store.close()


def test_an_empty_queue_gives_its_room_back(tmp_path):
    store = Store(tmp_path, "x", "x")
    store.put_all([Row(0, f"f{number}", bytes(1000)) for number in range(6000)])
    store.settle()
    store.shrink()
    assert store.file.stat().st_size > 6_000_000
    store.done(store.head(6000)[-1].seq)
    store.shrink()
    store.put("next", b"body")
    store.close()
    assert store.file.stat().st_size < 100_000
    again = Store(tmp_path, "x", "x")
    assert bodies(again) == [b"body"]
    again.close()


def test_what_was_put_outlives_a_kill(tmp_path):
    program = f"""
        from pathlib import Path
        from leaktap.spool import Store
        store = Store(Path({str(tmp_path)!r}), "x", "x")
        for number in range(1_000_000):
            store.put(f"f{{number}}", b"body")
            print(number, flush=True)
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=ROOT)
    for _ in range(500):
        run.stdout.readline()
    run.send_signal(signal.SIGKILL)
    printed = 500 + len(run.stdout.read().splitlines())
    run.wait()
    store = Store(tmp_path, "x", "x")
    assert printed - 1 <= store.waiting() <= printed + 1
    assert [row.id for row in store.head(printed - 1)] == [f"f{number}" for number in range(printed - 1)]
    assert store.lock(), "the lock of a process that died is free"
    store.close()


ON_A_FULL_DISK = """
import sys
from pathlib import Path
from leaktap.spool import Sender, Store, StoreError

class Receiver:
    most, pause, got = 10, 0.0, []
    def send(self, rows):
        self.got += [row.id for row in rows]
    def close(self):
        pass

place = Path(sys.argv[1])
store = Store(place / "spool", "x", "x")
count = 0
try:
    while True:
        store.put(f"f{count}", bytes(1000))
        count += 1
except StoreError as error:
    print(error)
assert store.waiting() == count > 100
told = []
sender = Sender(store, Receiver(), "x://host", told.append)
for number in range(count, count + 50):
    sender.put(f"f{number}", bytes(1000))
sender.end(240)
sender.close()
assert Receiver.got == [f"f{number}" for number in range(count + 50)], (count, Receiver.got[-60:], told)
print(*told, sep="\\n")
"""


def test_on_a_full_disk_everything_is_told_and_all_the_same_sent(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(ON_A_FULL_DISK)
    disk = tmp_path / "disk"
    disk.mkdir()
    inside = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" "$1"'
    try:
        command = ["unshare", "-rm", "bash", "-c", inside, "bash", disk, sys.executable, program]
        path = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=path)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no file system of one's own here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    first, *told = done.stdout.splitlines()
    assert "the spool cannot be written (" in first
    assert "free some disk space, or name another folder" in first
    assert all("wait in memory meanwhile" in line or "cannot be noted" in line for line in told)


@pytest.mark.parametrize("content", [b"no database, but long enough to be taken for one\n" * 30])
def test_a_file_that_is_no_queue_is_refused(tmp_path, content):
    store = Store(tmp_path, "x", "x")
    store.close()
    store.file.write_bytes(content)
    with pytest.raises(StoreError, match="move the file away"):
        Store(tmp_path, "x", "x")
    with pytest.raises(StoreError, match="move the file away"):
        list(stores(tmp_path))


def test_a_layout_of_a_later_leaktap_is_refused(tmp_path):
    store = Store(tmp_path, "x", "x")
    store.close()
    connection = sqlite3.connect(store.file)
    connection.execute("PRAGMA user_version=9")
    connection.close()
    with pytest.raises(StoreError, match="its layout is 9"):
        Store(tmp_path, "x", "x")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="the spool cannot be used"):
        Store(tmp_path / "file" / "spool", "x", "x")


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"LEAKTAP_SPOOL": "/a/b"}, "/a/b"),
        ({"XDG_STATE_HOME": "/state"}, "/state/leaktap/spool"),
        ({"HOME": "/home/tap"}, "/home/tap/.local/state/leaktap/spool"),
    ],
)
def test_where_queues_lie(monkeypatch, environment, place):
    for name in ("LEAKTAP_SPOOL", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert os.fspath(folder()) == place
