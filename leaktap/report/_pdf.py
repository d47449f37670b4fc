"""A page as PDF, by a Chromium that is installed (`chromium`, Chrome, Edge), or else by WeasyPrint.

The browser gets the page as a file, may look up no host, and has a profile of its own that is thrown away.
"""

import os
import shutil
import subprocess
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
_SECONDS = 180


class PdfError(Exception):
    """No PDF could be made: `str()` says why and the cure."""


def browser() -> str | None:
    """Returns the path of a Chromium, or None."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    apps = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in _MAC)
    return found or next((path for path in apps if Path(path).exists()), None)


def pdf(page: bytes) -> bytes:
    """Returns a page as PDF.

    Raises:
        PdfError: neither a Chromium nor WeasyPrint is there, or it failed.
    """
    if program := browser():
        return _printed(program, page)
    check()
    made: bytes = import_module("weasyprint").HTML(string=page.decode()).write_pdf()
    return made


def check() -> None:
    """Tells whether a PDF can be made.

    Raises:
        PdfError: neither a Chromium nor WeasyPrint is there.
    """
    if browser() is None and find_spec("weasyprint") is None:
        cure = "install Chromium or Chrome, or pip install weasyprint, or write .html and print it"
        raise PdfError(f"no program that makes PDF is here: {cure}")


def _printed(program: str, page: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="leaktap-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_bytes(page)
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--disable-extensions",
            "--disable-background-networking",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={target}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # which root has none of
            source.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PdfError(f"{program} did not make a PDF ({error}): write .html and print it") from None
        if not target.exists():
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no word"])[-1]
            raise PdfError(f"{program} did not make a PDF ({last[:200]}): write .html and print it")
        return target.read_bytes()
