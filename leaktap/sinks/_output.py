"""Opens what a sink writes to: a file that only its owner can read, or standard output."""

import io
import os
import sys
from typing import BinaryIO

from leaktap.sinks._api import ReaderGone, SinkError


class Output:
    """Bytes to a file or to standard output, where every failure is a SinkError that names the target."""

    def __init__(self, target: str, append: bool = False) -> None:
        """Opens `target`; `-` is standard output. A file is emptied unless to `append`; a new one gets mode 0600.

        Raises:
            SinkError: it cannot be opened.
        """
        self.name = "standard output" if target == "-" else target
        try:
            if target == "-":
                self._stream: BinaryIO = sys.stdout.buffer
                self.terminal = sys.stdout.isatty()
                self.encoding = sys.stdout.encoding or "utf-8"
            else:
                how = os.O_APPEND if append else os.O_TRUNC
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | how | os.O_CLOEXEC, 0o600)
                self._stream = io.FileIO(descriptor, "w")
                self.terminal, self.encoding = False, "utf-8"
        except OSError as error:
            cure = ": make its folder first" if isinstance(error, FileNotFoundError) else ""
            raise SinkError(f"{target}: cannot be written ({error.strerror}){cure}") from None
        self._standard = target == "-"

    def write(self, data: bytes) -> None:
        """Writes and flushes.

        Raises:
            ReaderGone: nobody reads standard output any more.
            SinkError: the write failed.
        """
        view = memoryview(data)
        try:
            while view:
                view = view[self._stream.write(view) :]
            self._stream.flush()
        except BrokenPipeError:
            self._abandon()
            raise ReaderGone(f"{self.name}: nobody reads it any more") from None
        except OSError as error:
            raise SinkError(f"{self.name}: cannot be written ({error.strerror}): what came after is lost") from None

    def close(self) -> None:
        """Closes a file; standard output stays open."""
        if self._standard:
            return
        try:
            self._stream.close()
        except OSError as error:
            raise SinkError(f"{self.name}: cannot be written ({error.strerror}): its end may be lost") from None

    def _abandon(self) -> None:
        """Sends what Python still holds for the closed pipe nowhere, so that its exit is quiet."""
        if self._standard:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
