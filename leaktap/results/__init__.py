"""Result files: read back record by record, and two of them held against each other (`compare`)."""

from leaktap.results._read import ResultError, is_result, read_results

__all__ = ["ResultError", "is_result", "read_results"]
