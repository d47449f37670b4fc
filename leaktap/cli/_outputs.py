"""The outputs of one run: every record goes to each of them, and one that fails does not stop the others.

Those that are far away take a record first: what a person or a file is shown, they already have in their queues.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from leaktap.cli import CommandError, say
from leaktap.cli._remarks import Total
from leaktap.cli._voice import VOICE
from leaktap.model import Fault, Record
from leaktap.sinks import Options, ReaderGone, Sink, SinkError, Spooled, open_sink

_MOST_FAULTS = 20


class Outputs:
    """Open sinks.

    `failed` tells that one could not be written, `gone` that the reader of the only one left, `on_terminal` that one is
    shown to a person meanwhile, `tabled` that a person gets the table; `total` counts what was found.
    """

    def __init__(self, targets: Sequence[str], options: Options, default_format: str, inputs: Sequence[str]) -> None:
        """Opens the targets, none of which may be one of the `inputs`.

        Raises:
            CommandError: one of them cannot be opened.
        """
        self.failed = self.gone = False
        self.on_terminal = "-" in targets and sys.stdout.isatty()
        self.tabled = "-" in targets and default_format == "text"
        self.total = Total()
        self._single = len(targets) == 1
        self._faults = 0
        self._told: SimpleQueue[Fault] = SimpleQueue()
        options = replace(options, tell=self._told.put)
        self._sinks: list[tuple[str, Sink]] = []
        try:
            for index, target in enumerate(targets):
                if target in targets[:index]:
                    raise SinkError(f"{target}: is named twice: remove one")
                _refuse_inputs(target, inputs)
                self._sinks.append((target, open_sink(target, options, default_format)))
        except SinkError as error:
            self._sinks = []
            raise CommandError(str(error)) from None
        self._sinks.sort(key=lambda entry: not isinstance(entry[1], Spooled))

    def __bool__(self) -> bool:
        """Tells whether anything still takes records."""
        return bool(self._sinks)

    def write(self, record: Record) -> None:
        """Hands a record to all sinks; of faults, the first ones are also said on standard error."""
        for fault in self._news():
            self._write(fault)
        self.total.take(record)
        self._write(record)

    def _write(self, record: Record) -> None:
        if isinstance(record, Fault):
            self._faults += 1
            if self._faults <= _MOST_FAULTS or VOICE.verbose:
                say(f"{record.where}: {record.why}")
        for name, sink in list(self._sinks):
            try:
                sink.write(record)
            except ReaderGone:
                self._drop(name)
                self.gone = self._single
            except SinkError as error:
                self._drop(name)
                self.failed = True
                self._write(Fault("sink", *_place(error, name)))

    def close(self) -> None:
        """Closes all sinks, those last that may have to wait for somebody."""
        if self._faults > _MOST_FAULTS and not VOICE.verbose:
            say(f"and {self._faults - _MOST_FAULTS} more faults: the JSON lines (-o FILE.jsonl) have them all")
        for name, sink in reversed(list(self._sinks)):
            self._drop(name)
            try:
                sink.close()
            except ReaderGone:
                self.gone = self._single
            except SinkError as error:
                self.failed = True
                say(str(error))
        for fault in self._news():
            say(f"{fault.where}: {fault.why}")

    def _news(self) -> Iterator[Fault]:
        """Yields what outputs have told meanwhile."""
        while True:
            try:
                yield self._told.get_nowait()
            except Empty:
                return

    def _drop(self, name: str) -> None:
        self._sinks = [(other, sink) for other, sink in self._sinks if other != name]


def _place(error: SinkError, name: str) -> tuple[str, str]:
    where, colon, why = str(error).partition(": ")
    return (where, why) if colon else (name, where)


def _refuse_inputs(target: str, inputs: Sequence[str]) -> None:
    """Keeps `-o jsonl:capture.pcap` from emptying the capture."""
    for name in (target, target.partition(":")[2]):
        for given in inputs:
            if name and given != "-" and Path(name).is_file() and Path(given).exists() and Path(name).samefile(given):
                raise SinkError(f"{target}: is an input of this run: write somewhere else")
