"""Files of an access point, each checked by the program that it is for; nothing is started or changed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

_SECONDS = 20
_SENTINEL = "end_of_leaktap_check"


class Checked(NamedTuple):
    """What a program says of its file."""

    state: Literal["ok", "unchecked", "fail"]
    says: str


def check(file: Path) -> Checked:
    """Asks the program that `file` is for."""
    if file.suffix == ".sh":
        return _judged("sh", "sh -n", "sh", "-n", str(file))
    if file.suffix == ".nft":
        return _nft(file)
    if file.name == "hostapd.conf":
        return _hostapd(file)
    return _judged("dnsmasq", "dnsmasq --test", "dnsmasq", "--test", f"--conf-file={file}")


def said(*command: str) -> tuple[int, str]:
    """Returns a program's exit code and what it said; -1 and why where it did not run."""
    try:
        done = subprocess.run(
            [_found(command[0]) or command[0], *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return -1, f"did not end within {_SECONDS} s"
    except OSError as error:
        return -1, error.strerror or str(error)
    return done.returncode, done.stdout


def _found(program: str) -> str | None:
    """Finds a program also where only root's PATH leads."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")


def _judged(program: str, mode: str, *command: str) -> Checked:
    if _found(program) is None:
        return Checked("unchecked", f"{program} is not installed")
    code, words = said(*command)
    return Checked("ok", mode) if code == 0 else Checked("unchecked" if code < 0 else "fail", _line(words))


def _nft(file: Path) -> Checked:
    """nft asks the kernel, which needs root: an ordinary user is root in a network of his own."""
    alone: Sequence[str] = () if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")
    if alone and _found("nft"):
        able, words = said(*alone, "true")
        if able != 0:
            return Checked("unchecked", f"nft -c needs root ({_line(words)}): sudo nft -c -f {file}")
    return _judged("nft", "nft -c", *alone, _found("nft") or "nft", "-c", "-f", str(file))


def _hostapd(file: Path) -> Checked:
    """hostapd has no test mode, but reads the whole file before it begins, and does not begin where it sees an error.

    So it is given a copy with one error more, at the end, which must be all that it complains of.
    """
    if _found("hostapd") is None:
        return Checked("unchecked", "hostapd is not installed")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "hostapd.conf"
        copy.touch(mode=0o600)
        copy.write_text(f"{file.read_text(encoding='utf-8')}{_SENTINEL}=1\n", encoding="utf-8")
        code, words = said("hostapd", str(copy))
    if code < 0:
        return Checked("unchecked", _line(words))
    if _SENTINEL in words and "\n1 errors found" in words:
        return Checked("ok", "hostapd reads it")
    wrong = [line for line in words.splitlines() if _SENTINEL not in line]
    return Checked("fail", _line("\n".join(wrong)))


def _line(words: str) -> str:
    first = next((line.strip() for line in words.splitlines() if line.strip()), "says nothing")
    return "".join(c if c.isprintable() else "�" for c in first)[:200]
