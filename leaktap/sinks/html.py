"""The report as a page (`.html`) or as PDF (`.pdf`), written when the run ends, in the language of the locale.

Memory is bounded: alike findings are one row, and what goes beyond the report's bounds is counted.
"""

from leaktap.model import Record
from leaktap.sinks._api import Options, SinkError, SinkKind
from leaktap.sinks._output import Output
from leaktap.sinks._record import record


class Page:
    """Collects, and writes the page when closed."""

    def __init__(self, target: str, options: Options) -> None:
        """Opens the target.

        Raises:
            SinkError: it cannot be written.
        """
        from leaktap.report import Collected, PdfError, check

        self._as_pdf = target.lower().endswith(".pdf")
        try:
            if self._as_pdf:
                check()
        except PdfError as error:
            raise SinkError(f"{target}: {error}") from None
        self._output, self._reveal = Output(target), options.reveal
        self._collected = Collected()

    def write(self, record_: Record) -> None:
        """Takes one record."""
        self._collected.add(record(record_, self._reveal))

    def close(self) -> None:
        """Writes the page."""
        from leaktap.report import PdfError, language, pdf, report

        try:
            page = report(self._collected, language())
            self._output.write(pdf(page) if self._as_pdf else page)
        except PdfError as error:
            raise SinkError(f"{self._output.name}: {error}") from None
        finally:
            self._output.close()


SINK = SinkKind("html", Page, endings=(".html", ".htm", ".pdf"))
