"""Results as a page that can be sent: one HTML file for people, in Chinese or English, printable as it stands."""

from leaktap.report._collect import Collected, collect
from leaktap.report._comparison import comparison
from leaktap.report._pdf import PdfError, check, pdf
from leaktap.report._report import report
from leaktap.report._texts import language, languages, words

__all__ = ["Collected", "PdfError", "check", "collect", "comparison", "language", "languages", "pdf", "report", "words"]
